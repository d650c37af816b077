// The bounded run queue of one worker: first in, first out for its owner, and thieves take half.
//
// The algorithm is Tokio's (tokio/src/runtime/scheduler/multi_thread/queue.rs), itself after Go's.
// The head is two 32-bit indices in one word. `real` is where the owner pops. `steal` trails it
// while a thief copies what it has claimed, so that the owner does not write over slots that are
// being read; without a thief the two are equal. The owner pushes with one store and pops with one
// compare-exchange; one thief at a time claims a half with one, and leaves with another.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>

#include "runtimes/interface/assert.hpp"
#include "runtimes/interface/types.hpp"
#include "runtimes/interface/work.hpp"

namespace regatta::runtimes::work_stealing {

inline constexpr std::size_t destructive_interference_bytes = 128;  // Two lines: x86 fetches pairs.

// Keeps what follows off the lines before it, without asking for an alignment: a runtime may live
// in a coroutine's frame, and frames are not over-aligned.
struct padding {
  std::byte bytes[destructive_interference_bytes];
};

//
// `slots` is the most that there can be; how many of them are used is decided when it is made.
template <u32 slots>
class ring {
  static_assert(std::has_single_bit(slots), "indices wrap by masking");

 public:
  class owner;
  class thief;

  // A power of two, `slots` at most.
  explicit ring(u32 used = slots) noexcept : mask_(used - 1) {
    REGATTA_ASSERT(std::has_single_bit(used) && used <= slots,
                   "the slots of a ring are a power of two, and no more than its type has");
  }
  u32 capacity() const noexcept { return mask_ + 1; }

 private:
  struct heads {
    u32 steal;
    u32 real;
  };
  static heads unpack(u64 word) noexcept {
    return {static_cast<u32>(word >> 32), static_cast<u32>(word)};
  }
  static u64 pack(heads h) noexcept { return u64{h.steal} << 32 | h.real; }

  std::atomic<work*>& slot(u32 index) noexcept { return slots_[index & mask_]; }

  alignas(destructive_interference_bytes) std::atomic<u64> heads_{0};
  alignas(destructive_interference_bytes) std::atomic<u32> tail_{0};  // Only the owner writes it.
  u32 const mask_;
  std::array<std::atomic<work*>, slots> slots_{};
};

// The worker's own end. One thread at a time.
template <u32 slots>
class ring<slots>::owner {
 public:
  explicit owner(ring& queue) noexcept : queue_(queue) {}

  u32 size() const noexcept {
    // Relaxed: safe because only this thread writes the tail, and a head that is old only makes the
    // queue look longer.
    return queue_.tail_.load(std::memory_order_relaxed) -
           unpack(queue_.heads_.load(std::memory_order_relaxed)).real;
  }

  // How many can be pushed. Grows by itself, as thieves finish; only push() makes it less. An empty
  // queue may have no room at all: a thief may still be copying what it claimed of it.
  u32 room() const noexcept {
    u32 const tail = queue_.tail_.load(std::memory_order_relaxed);
    // Acquire: pairs with the release in thief::steal_into(), which has read the slots it freed.
    u32 const steal = unpack(queue_.heads_.load(std::memory_order_acquire)).steal;
    return queue_.capacity() - (tail - steal);
  }

  // False: full. The caller then moves a half elsewhere with take_half().
  bool push(work& w) noexcept {
    if (room() == 0) return false;
    u32 const tail = queue_.tail_.load(std::memory_order_relaxed);
    queue_.slot(tail).store(&w, std::memory_order_relaxed);
    // Release: pairs with the acquire in steal_into(); publishes the slot and the task behind it.
    queue_.tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  // The oldest, or nullptr.
  work* pop() noexcept {
    work* w;
    // A claim that failed has left something in w.
    return pop_some(1, &w) == 1 ? w : nullptr;
  }

  // Moves up to `most` of the oldest to `target` at the price of one; answers how many. What lies
  // in `target` beyond them is meaningless.
  u32 pop_some(u32 most, work** target) noexcept {
    u64 head = queue_.heads_.load(std::memory_order_relaxed);
    for (;;) {
      auto const [steal, real] = unpack(head);
      u32 const count = std::min(most, queue_.tail_.load(std::memory_order_relaxed) - real);
      if (count == 0) return 0;
      u32 const rest = real + count;
      // Read before the claim: after it a push of ours may not, but nobody else can, overwrite
      // them.
      for (u32 i = 0; i < count; ++i) {
        target[i] = queue_.slot(real + i).load(std::memory_order_relaxed);
      }
      // Acquire-release: orders us with the thieves' claims on the same word.
      if (queue_.heads_.compare_exchange_weak(head, pack({steal == real ? rest : steal, rest}),
                                              std::memory_order_acq_rel,
                                              std::memory_order_relaxed)) {
        return count;
      }
    }
  }

  // Pops half of a full queue through `give(work&)`. Answers how many; 0 where the queue is not
  // full any more, or will soon not be, because a thief is at work.
  template <class Give>
  u32 take_half(Give give) noexcept {
    u32 const tail = queue_.tail_.load(std::memory_order_relaxed);
    u64 head = queue_.heads_.load(std::memory_order_relaxed);
    auto const [steal, real] = unpack(head);
    if (steal != real || tail - real < queue_.capacity()) return 0;
    u32 const half = queue_.capacity() / 2;
    // Acquire-release: as in pop(). Fails only when a thief has come in between.
    if (!queue_.heads_.compare_exchange_strong(head, pack({real + half, real + half}),
                                               std::memory_order_acq_rel,
                                               std::memory_order_relaxed)) {
      return 0;
    }
    for (u32 i = 0; i < half; ++i) give(*queue_.slot(real + i).load(std::memory_order_relaxed));
    return half;
  }

 private:
  friend class thief;
  ring& queue_;
};

// Everybody else's end. Any thread.
template <u32 slots>
class ring<slots>::thief {
 public:
  explicit thief(ring& queue) noexcept : queue_(queue) {}

  // A guess; exact only when nobody moves.
  u32 size() const noexcept {
    u32 const real = unpack(queue_.heads_.load(std::memory_order_seq_cst)).real;
    return queue_.tail_.load(std::memory_order_seq_cst) - real;
  }

  // Takes the older half (rounded up), or a single task, as far as the thief's own queue has room:
  // pushes them there and answers how many.
  u32 steal_into(owner& target, bool half) noexcept {
    u32 const room = target.room();
    u64 head = queue_.heads_.load(std::memory_order_acquire);
    u32 first = 0;
    u32 count = 0;
    for (;;) {
      auto const [steal, real] = unpack(head);
      if (steal != real) return 0;  // One thief at a time.
      // Acquire: pairs with the release in push().
      u32 const available = queue_.tail_.load(std::memory_order_acquire) - real;
      // More than the queue holds: the head that we read is old, and the exchange would fail.
      if (available > queue_.capacity()) return 0;
      count = std::min(room, half ? available - available / 2 : u32{available != 0});
      if (count == 0) return 0;
      first = real;
      if (queue_.heads_.compare_exchange_weak(head, pack({steal, real + count}),
                                              std::memory_order_acq_rel,
                                              std::memory_order_acquire)) {
        break;
      }
    }
    for (u32 i = 0; i < count; ++i) {
      [[maybe_unused]] bool const had_room =
          target.push(*queue_.slot(first + i).load(std::memory_order_relaxed));
      REGATTA_DEBUG_ASSERT(had_room, "only its owner makes a queue's room less");
    }
    head = pack({first, first + count});
    for (;;) {
      u32 const real = unpack(head).real;
      // Release: pairs with the acquire in push(): the slots have been read.
      if (queue_.heads_.compare_exchange_weak(head, pack({real, real}), std::memory_order_acq_rel,
                                              std::memory_order_relaxed)) {
        return count;
      }
    }
  }

 private:
  ring& queue_;
};

}  // namespace regatta::runtimes::work_stealing
