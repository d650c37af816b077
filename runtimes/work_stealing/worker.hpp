// One worker: its queues, and the loop that runs tasks from them.
//
// Where the next task comes from, in this order:
//   1. the LIFO slot: what the running task woke last, a few times in a row at most;
//   2. the deque: what was spawned here, newest first;
//   3. the ring: what was woken or yielded here, first in, first out;
//   4. the injector: what came from outside or overflowed;
//   5. others: half a ring, or the oldest of a deque, of a random victim.
// The order is broken on purpose so that nobody starves: every 61st poll begins with the injector
// and the events, and after 64 tasks from the deque the ring has a turn.
#pragma once

#include <array>
#include <atomic>
#include <thread>

#include "runtimes/core/current.hpp"
#include "runtimes/core/epoll_reactor.hpp"
#include "runtimes/core/parker.hpp"
#include "runtimes/core/timer_wheel.hpp"
#include "runtimes/interface/budget.hpp"
#include "runtimes/work_stealing/deque.hpp"
#include "runtimes/work_stealing/idle.hpp"
#include "runtimes/work_stealing/injector.hpp"
#include "runtimes/work_stealing/options.hpp"
#include "runtimes/work_stealing/ring.hpp"

namespace regatta::runtimes::work_stealing {

class runtime;

// A number that only one thread writes and all may read.
class tally {
 public:
  void operator+=(u64 more) noexcept {
    // Relaxed: safe because there is one writer, and readers want a figure, not an order.
    value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  void operator++() noexcept { *this += 1; }
  u64 get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<u64> value_{0};
};

struct worker_tallies {
  tally spawned, polls, steals, parks, wakes, overflows;
};

class alignas(destructive_interference_bytes) worker {
 public:
  worker(runtime& rt, u32 index) noexcept;

  // Runs tasks until `done()` answers true or the runtime stops. The caller is this worker's thread
  // from beginning to end.
  template <class Done>
  void run(Done done);

  // The worker's thread only, from inside a task.
  void push_spawned(work& w);
  void push_woken(work& w) noexcept;
  void push_yielded(work& w) noexcept;

  // Any thread. The worker's own events: its timers, and the descriptors that it watches.
  core::timer_wheel<spin_lock>& timers() noexcept { return timers_; }
  core::epoll_reactor<many_threads>& reactor() noexcept { return reactor_; }

  // Whether a thief could take anything: exact only when nobody moves.
  bool has_loot() const noexcept;

  u32 index() const noexcept { return index_; }
  worker_tallies const& tallies() const noexcept { return tallies_; }

 private:
  friend class runtime;
  using fifo = ring<most_ring_slots>;

  work* next() noexcept;
  work* next_from_injector() noexcept;
  work* search() noexcept;
  work* look_around(time_point now) noexcept;
  work* steal_from(worker& victim, time_point now) noexcept;
  bool is_stuck(time_point now) const noexcept;
  void judge_loot(time_point now) noexcept;
  // The head of the ring: what was claimed, or what can be.
  work* next_in_line() noexcept {
    if (line_next_ == line_end_ && !claim_line()) return nullptr;
    return line_[line_next_++];
  }
  bool claim_line() noexcept;
  work* spin_for_work() noexcept;
  void push_fifo(work& w) noexcept {
    if (!fifo::owner(ring_).push(w)) [[unlikely]]
      overflow(w);
  }
  void overflow(work& w) noexcept;
  void make_ready(work& w) noexcept;
  void check_events() noexcept;
  void begin_stretch() noexcept;
  void weigh_the_queues(time_point now) noexcept;
  bool harvest_events(worker& source, time_point now) noexcept;
  work* harvest_for_the_absent(time_point now) noexcept;
  void consider_waking_another() noexcept;
  static constexpr duration first_watch = std::chrono::microseconds(500);
  static constexpr duration longest_watch = std::chrono::milliseconds(10);

  template <class Done>
  void park(Done done);
  struct bed {  // Where a worker sleeps.
    core::parker& parker;
    bool in_reactor;
    duration watch;
  };
  bool sleep(bed const& here);
  bool claim_back(bed const& here) noexcept;
  bool sees_work() const noexcept;
  bool has_work_left() noexcept;
  // Relaxed: safe because whoever stops us also wakes us, and sleep is announced in between.
  bool must_stop() const noexcept { return stopping_.load(std::memory_order_relaxed); }
  void end_search() noexcept;
  idle& idlers() noexcept;

  runtime& runtime_;
  std::atomic<bool> const& stopping_;
  u32 const index_;
  u64 random_;

  work* lifo_ = nullptr;
  u32 lifo_polls_in_a_row_ = 0;
  u32 newest_in_a_row_ = 0;
  u32 polls_until_event_check_ = 1;
  u32 pushes_until_wake_check_ = 1;
  bool searching_ = false;

  // Work at the head of the ring that this worker has claimed for itself.
  static constexpr u32 most_in_line = 8;
  std::array<work*, most_in_line> line_{};
  u32 line_next_ = 0;
  u32 line_end_ = 0;

  // What moving work is worth: see consider_waking_another() and steal_from().
  time_point last_event_check_{};     // Of this stretch without a pause; none at its beginning.
  u64 oldest_seen_ = 0;               // deque::owner::taken_from_top() when it last changed…
  time_point oldest_since_{};         // …and when that was.
  std::atomic<i64> poll_ns_{0};       // A moving average; 0 is unknown. Only we write it.
  std::atomic<i64> heartbeat_ns_{0};  // When we last looked up from our tasks. Only we write it.
  time_point looted_at_{};  // When we last stole spawned tasks, until we have run out of them.
  duration spin_;
  duration watch_;

  fifo ring_;
  deque deque_;
  core::timer_wheel<spin_lock> timers_;
  core::epoll_reactor<many_threads> reactor_;
  spin_lock harvest_lock_;  // Whoever harvests this worker's events.
  worker_tallies tallies_;

  // How others set this worker going. Written by whoever runs it, read by whoever claimed it.
  core::parker* parked_on_ = nullptr;
  bool parked_in_reactor_ = false;  // Then it is woken there too.
  core::parker own_parker_;
  std::thread thread_;
};

template <class Done>
void worker::run(Done done) {
  core::driving const here(&runtime_, this);
  begin_stretch();
  u32& operations_left = budget::left();  // This thread's; the loop never leaves it.
  while (!done() && !must_stop()) {
    if (--polls_until_event_check_ == 0) check_events();
    work* w = next();
    if (w == nullptr) w = search();
    if (w == nullptr) {
      park(done);
      continue;
    }
    if (searching_) end_search();
    ++tallies_.polls;
    operations_left = budget::operations_per_turn;
    w->resume();
  }
}

// From announce_sleep() on, another thread may claim this worker and be it: until we have claimed
// it back or were set going, nothing of ours may be touched but what is atomic or locked.
template <class Done>
void worker::park(Done done) {
  if (searching_) end_search();
  ++tallies_.parks;
  parked_in_reactor_ = reactor_.has_sources();
  bed const here{*parked_on_, parked_in_reactor_, watch_};
  idlers().announce_sleep(index_);
  // Look twice before parking: work posted between the two looks would otherwise sleep with us.
  bool const has_reason_to_stay = sees_work() || done() || must_stop();
  bool const claimed_back = has_reason_to_stay ? claim_back(here) : sleep(here);
  if (claimed_back) {
    begin_stretch();
    return;
  }
  // Somebody else has claimed us, and has counted us among the searchers.
  here.parker.park();
  searching_ = true;
  watch_ = first_watch;
  begin_stretch();
}

}  // namespace regatta::runtimes::work_stealing
