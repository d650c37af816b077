// A hierarchical timing wheel (Varghese and Lauck, "Hashed and hierarchical timing wheels", scheme
// 7; Tokio's and Linux's timers are of this family): to insert and to cancel a timer costs the same
// however many there are, and the next one to fire is found by looking at bitmaps.
//
// Eight levels of 64 slots. A timer lies at the level of the highest 6-bit digit in which its tick
// differs from the wheel's time; when the wheel's time reaches a slot above the lowest level, the
// slot's timers move down, each at most seven times. So timers fire in the order of their ticks.
//
// A tick is 2^16 ns = 65.5 µs. Tokio's is a millisecond; ours is finer because lateness is one of
// the things we measure, costs nothing in a wheel that skips empty slots by bitmap, and is a power
// of two so that no division is needed. 8 × 6 bits of ticks cover every time_point there is.
//
// A timer never fires early: deadlines are rounded up to ticks and the present is rounded down.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <mutex>
#include <utility>

#include "runtimes/interface/assert.hpp"
#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/types.hpp"
#include "runtimes/interface/work.hpp"

namespace regatta::core {

// Lock is spin_lock where threads share the wheel (one inserts, another advances, a third cancels),
// no_lock where one thread does everything.
template <class Lock>
class timer_wheel {
 public:
  static constexpr u32 tick_bits = 16;
  static constexpr duration tick{i64{1} << tick_bits};

  enum class insertion : u8 {
    due,     // The deadline has passed, and the timer was not inserted.
    queued,  // It will fire.
    sooner,  // It will fire sooner than next_deadline() said: wake whoever sleeps until then.
  };

  // One deadline and the work to wake: a node that lies inside the waiter's frame. Destroying it
  // cancels it.
  class timer {
   public:
    explicit timer(time_point deadline) noexcept : tick_(round_up(deadline) & 0xffff'ffff'ffff) {}
    timer(timer const&) = delete;
    timer& operator=(timer const&) = delete;
    ~timer() { cancel(); }

    // True: it will not fire any more. False: it was not in a wheel, or has fired. Any thread, but
    // only one that keeps the woken task from running, which its own turn does.
    bool cancel() noexcept {
      if (wheel_ == nullptr) return false;
      return std::exchange(wheel_, nullptr)->remove(*this);
    }

    // The woken task says that it knows: from here on cancel() need not look.
    void settle() noexcept { wheel_ = nullptr; }

   private:
    friend timer_wheel;
    timer* next_ = nullptr;
    timer* previous_ = nullptr;
    work* waiter_ = nullptr;
    timer_wheel* wheel_ = nullptr;  // The waiter's own; all else belongs to the wheel's lock.
    u64 const tick_ : 48;
    u64 place_ : 16 = 0;  // The slot that it lies in, plus one.
  };

  explicit timer_wheel(time_point now = clock::now()) noexcept : time_(round_down(now)) {
    service_tick_.store(turn_after(time_), std::memory_order_relaxed);
  }
  timer_wheel(timer_wheel const&) = delete;
  timer_wheel& operator=(timer_wheel const&) = delete;

  // Lets `t` wake `waiter` when its deadline has passed. Any thread. Unless it is due, the waiter
  // may be running on another thread before this returns: touch neither afterwards.
  insertion insert(timer& t, work& waiter) noexcept {
    std::lock_guard guard(lock_);
    if (t.tick_ <= time_) return insertion::due;
    t.waiter_ = &waiter;
    t.wheel_ = this;
    u64 const slot_begins = link(t);
    ++size_;
    // Relaxed here and in advance(): safe because the lock orders the stores, and a load that comes
    // too early is repeated at the next turn, which whoever sleeps is woken for.
    if (slot_begins < service_tick_.load(std::memory_order_relaxed)) {
      service_tick_.store(slot_begins, std::memory_order_relaxed);
    }
    if (t.tick_ >= promised_tick_) return insertion::queued;
    promised_tick_ = t.tick_;
    return insertion::sooner;
  }

  // Hands the work of every timer whose deadline is not after `now` to `sink(work&)`, in the order
  // of their ticks, with no lock held: the sink may post it, cancel other timers or insert new
  // ones. Answers how many timers fired. Any thread. Costs one load when nothing is due.
  template <class Sink>
  u64 advance(time_point now, Sink&& sink) {
    u64 const target = round_down(now);
    if (target < service_tick_.load(std::memory_order_relaxed)) [[likely]]
      return 0;
    u64 fired = 0;
    for (;;) {
      due_batch due;
      {
        std::lock_guard guard(lock_);
        collect(target, due);
      }
      fired += due.timers;
      while (due.first != nullptr) {
        work& ready = *due.first;
        due.first = ready.next;  // Before the sink, after which the link is somebody else's.
        sink(ready);
      }
      if (!due.is_full()) return fired;
    }
  }

  // When somebody should call advance() again; time_point::max() when no timer is waiting. It may
  // be too early where a timer was cancelled, never too late. Any thread.
  time_point next_deadline() noexcept {
    std::lock_guard guard(lock_);
    promised_tick_ = next_tick();
    return promised_tick_ == never ? time_point::max() : begin_of(promised_tick_);
  }

  // How many timers are waiting.
  u64 size() noexcept {
    std::lock_guard guard(lock_);
    return size_;
  }

 private:
  static constexpr u32 levels = 8;
  static constexpr u32 digit_bits = 6;
  static constexpr u32 slots_in_level = 1u << digit_bits;
  static constexpr u32 slots = levels * slots_in_level;
  static constexpr u32 no_slot = slots;
  static constexpr u64 never = ~u64{0};

  // Only so much happens under one hold of the lock.
  static constexpr u64 batch_timers = 64;

  struct due_batch {
    work* first = nullptr;
    work* last = nullptr;
    u64 timers = 0;
    u64 moves = 0;
    bool is_full() const noexcept { return timers + moves >= batch_timers; }
  };

  static u64 round_up(time_point t) noexcept {
    i64 const ns = t.time_since_epoch().count();
    if (ns <= 0) return 0;
    auto const positive = static_cast<u64>(ns);
    return (positive >> tick_bits) + ((positive & ((u64{1} << tick_bits) - 1)) != 0);
  }
  static u64 round_down(time_point t) noexcept {
    i64 const ns = t.time_since_epoch().count();
    return ns <= 0 ? 0 : static_cast<u64>(ns) >> tick_bits;
  }
  static time_point begin_of(u64 at) noexcept {
    auto constexpr last = static_cast<u64>(time_point::max().time_since_epoch().count());
    if (at > last >> tick_bits) return time_point::max();
    return time_point(duration(static_cast<i64>(at << tick_bits)));
  }
  // The wheel looks at its time at least that often, so that it does not fall behind: timers that
  // are inserted into a wheel that is up to date lie lower and move less.
  static u64 turn_after(u64 at) noexcept { return (at | (slots_in_level - 1)) + 1; }

  // Puts a timer that is due after time_ where it belongs; answers the tick at which its slot
  // begins.
  u64 link(timer& t) noexcept {
    u64 const due_tick = t.tick_;
    auto const level = static_cast<u32>(std::bit_width(due_tick ^ time_) - 1) / digit_bits;
    u32 const shift = level * digit_bits;
    auto const digit = static_cast<u32>(due_tick >> shift) % slots_in_level;
    u32 const slot = level * slots_in_level + digit;
    occupied_levels_ = static_cast<u8>(occupied_levels_ | 1u << level);
    u64 const bit = u64{1} << digit;
    if ((occupied_[level] & bit) == 0 || due_tick < earliest_[slot]) earliest_[slot] = due_tick;
    occupied_[level] |= bit;
    append(slot, t);
    return due_tick >> shift << shift;
  }

  void append(u32 slot, timer& t) noexcept {
    t.place_ = static_cast<u16>(slot + 1);
    timer* const first = first_[slot];
    if (first == nullptr) {
      t.next_ = t.previous_ = &t;
      first_[slot] = &t;
      return;
    }
    t.next_ = first;
    t.previous_ = first->previous_;
    first->previous_->next_ = &t;
    first->previous_ = &t;
  }

  void unlink(timer& t) noexcept {
    auto const slot = static_cast<u32>(t.place_) - 1;
    t.place_ = 0;
    if (t.next_ != &t) {
      t.next_->previous_ = t.previous_;
      t.previous_->next_ = t.next_;
      if (first_[slot] == &t) first_[slot] = t.next_;
      return;
    }
    first_[slot] = nullptr;
    u32 const level = slot / slots_in_level;
    occupied_[level] &= ~(u64{1} << slot % slots_in_level);
    if (occupied_[level] == 0) {
      occupied_levels_ = static_cast<u8>(occupied_levels_ & ~(1u << level));
    }
  }

  bool remove(timer& t) noexcept {
    std::lock_guard guard(lock_);
    if (t.place_ == 0) return false;
    unlink(t);
    --size_;
    return true;
  }

  // Moves the wheel's time towards `target`, collecting what is due, until there or the batch is
  // full. Every timer of a lower level is due before every timer of a higher one, except while a
  // slot is moving down.
  void collect(u64 target, due_batch& due) noexcept {
    while (finish_moving_down(due)) {
      u32 const slot = first_occupied_slot();
      u64 const begin = begin_of_slot(slot);
      if (begin > target) {
        if (target > time_) time_ = target;
        service_tick_.store(std::min(begin, turn_after(time_)), std::memory_order_relaxed);
        return;
      }
      time_ = begin;
      if (slot >= slots_in_level) {
        moving_slot_ = slot;
        continue;
      }
      while (timer* const first = first_[slot]) {
        if (due.is_full()) return;
        unlink(*first);
        fire(*first, due);
      }
    }
  }

  // Links the timers of the slot that time_ has reached again, lower. False: the batch is full.
  // Nothing is inserted into that slot meanwhile: what is due in its time belongs to lower levels.
  bool finish_moving_down(due_batch& due) noexcept {
    if (moving_slot_ == no_slot) return true;
    while (timer* const moving = first_[moving_slot_]) {
      if (due.is_full()) return false;
      unlink(*moving);
      if (moving->tick_ <= time_) {
        fire(*moving, due);
      } else {
        ++due.moves;
        link(*moving);
      }
    }
    moving_slot_ = no_slot;
    return true;
  }

  void fire(timer& t, due_batch& due) noexcept {
    --size_;
    ++due.timers;
    // The last touch of the timer: its task may be running as soon as it is admitted.
    work& waiter = *t.waiter_;
    work* const ready = waiter.executor->admit(waiter);
    if (ready == nullptr) return;
    // Safe because whoever is admitted is in no queue: the link is ours until we post it.
    ready->next = nullptr;
    (due.first != nullptr ? due.last->next : due.first) = ready;
    due.last = ready;
  }

  u32 first_occupied_slot() const noexcept {
    if (occupied_levels_ == 0) return no_slot;
    auto const level = static_cast<u32>(std::countr_zero(occupied_levels_));
    return level * slots_in_level + static_cast<u32>(std::countr_zero(occupied_[level]));
  }
  u64 begin_of_slot(u32 slot) const noexcept {
    if (slot == no_slot) return never;
    u32 const shift = slot / slots_in_level * digit_bits;
    u64 const above = time_ >> shift >> digit_bits << digit_bits;
    return (above | slot % slots_in_level) << shift;
  }
  u64 next_tick() const noexcept {
    if (moving_slot_ != no_slot) return time_;
    u32 const slot = first_occupied_slot();
    return slot == no_slot ? never : earliest_[slot];
  }

  Lock lock_;
  u8 occupied_levels_ = 0;  // A bit for each level with an occupied slot.
  u64 time_;                // The tick up to which everything has fired.
  u64 size_ = 0;
  u64 promised_tick_ = never;           // What next_deadline() answered.
  std::atomic<u64> service_tick_{0};    // When advance() has something to do.
  std::array<u64, levels> occupied_{};  // A bit for each slot that holds a timer.
  u32 moving_slot_ = no_slot;           // The slot whose timers are moving down.
  std::array<timer*, slots> first_{};
  std::array<u64, slots> earliest_{};  // Of each occupied slot; too early after a cancellation.
};

// What a runtime answers from sleep_until(). Host is the runtime: it has `timers()`, the wheel to
// use on the calling thread; `interrupt_sleep(wheel)`, called when whoever sleeps until that
// wheel's next_deadline() must look again (any thread); and post_yielded(), for a deadline that has
// passed. Safe to cancel.
template <class Wheel, class Host>
class sleep_awaiter {
 public:
  sleep_awaiter(Host& host, time_point deadline) noexcept : host_(host), timer_(deadline) {}

  // Even where the deadline has passed, others run first.
  bool await_ready() const noexcept { return false; }

  template <has_work P>
  REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> h) noexcept {
    work& me = h.promise();
    Host& host = host_;
    Wheel& wheel = host.timers();
    switch (wheel.insert(timer_, me)) {
      case Wheel::insertion::queued:
        break;
      case Wheel::insertion::sooner:
        host.interrupt_sleep(wheel);
        break;
      case Wheel::insertion::due:
        if (me.executor == &host) {
          host.post_yielded(me);
        } else {
          me.wake();
        }
        break;
    }
  }

  void await_resume() noexcept { timer_.settle(); }

 private:
  Host& host_;
  typename Wheel::timer timer_;
};

}  // namespace regatta::core
