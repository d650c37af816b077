// Where a worker keeps the tasks that it has just spawned: last in, first out for the owner, and
// thieves take the oldest. Newest first keeps a tree of tasks in the cache and its memory as small
// as its depth; the oldest is the root of the largest subtree, the best thing to steal.
//
// The algorithm is the dynamic circular deque of Chase and Lev (SPAA 2005) with the orders of Lê,
// Pop, Cohen and Zappa Nardelli (PPoPP 2013), but with sequentially consistent operations in place
// of fences, which the thread sanitizer does not know.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "runtimes/interface/types.hpp"
#include "runtimes/interface/work.hpp"
#include "runtimes/work_stealing/ring.hpp"

namespace regatta::runtimes::work_stealing {

class deque {
 public:
  class owner;
  class thief;

  deque() : slots_(grow(nullptr, 0, 0)) {}

 private:
  struct array {
    explicit array(u64 size)
        : mask(size - 1), slots(std::make_unique<std::atomic<work*>[]>(size)) {}
    std::atomic<work*>& at(u64 index) noexcept { return slots[index & mask]; }
    u64 mask;
    std::unique_ptr<std::atomic<work*>[]> slots;
  };

  static constexpr u64 initial_slots = 256;

  // A larger copy. The old array is kept: a thief may still be reading it.
  array* grow(array* old, u64 top, u64 bottom) {
    u64 const size = old == nullptr ? initial_slots : 2 * (old->mask + 1);
    arrays_.push_back(std::make_unique<array>(size));
    array* const larger = arrays_.back().get();
    for (u64 i = top; i != bottom; ++i) {
      larger->at(i).store(old->at(i).load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
    return larger;
  }

  std::vector<std::unique_ptr<array>> arrays_;  // Only the owner's; before slots_, which needs it.
  alignas(destructive_interference_bytes) std::atomic<u64> top_{0};
  alignas(destructive_interference_bytes) std::atomic<u64> bottom_{0};
  std::atomic<array*> slots_;
};

// The worker's own end. One thread at a time.
class deque::owner {
 public:
  explicit owner(deque& queue) noexcept : queue_(queue) {}

  u64 size() const noexcept {
    // Relaxed: safe because only we move the bottom, and an old top only makes it look longer.
    return queue_.bottom_.load(std::memory_order_relaxed) -
           queue_.top_.load(std::memory_order_relaxed);
  }

  // How many have ever left at the thieves' end: unchanged, the oldest is still the same.
  u64 taken_from_top() const noexcept { return queue_.top_.load(std::memory_order_relaxed); }

  void push(work& w) {
    u64 const bottom = queue_.bottom_.load(std::memory_order_relaxed);
    // Acquire: pairs with the exchange in steal(): the slot that we reuse has been read.
    u64 const top = queue_.top_.load(std::memory_order_acquire);
    array* slots = queue_.slots_.load(std::memory_order_relaxed);
    if (bottom - top > slots->mask) [[unlikely]] {
      slots = queue_.grow(slots, top, bottom);
      // Release: pairs with the acquire in steal().
      queue_.slots_.store(slots, std::memory_order_release);
    }
    slots->at(bottom).store(&w, std::memory_order_relaxed);
    // Release: pairs with the load in steal(); publishes the slot and the task behind it.
    queue_.bottom_.store(bottom + 1, std::memory_order_release);
  }

  // The newest, or nullptr.
  work* pop() noexcept {
    u64 const bottom = queue_.bottom_.load(std::memory_order_relaxed);
    // Relaxed: safe because the top only grows: empty now is empty.
    if (bottom == queue_.top_.load(std::memory_order_relaxed)) return nullptr;
    u64 const last = bottom - 1;
    // Sequentially consistent, with the load of the top after it: either we see that a thief took
    // the last one, or the thief sees that we did.
    queue_.bottom_.exchange(last, std::memory_order_seq_cst);
    u64 top = queue_.top_.load(std::memory_order_seq_cst);
    if (top < last) {
      return queue_.slots_.load(std::memory_order_relaxed)
          ->at(last)
          .load(std::memory_order_relaxed);
    }
    work* w = nullptr;
    if (top == last) {
      w = queue_.slots_.load(std::memory_order_relaxed)->at(last).load(std::memory_order_relaxed);
      if (!queue_.top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                               std::memory_order_relaxed)) {
        w = nullptr;
      }
    }
    queue_.bottom_.store(bottom, std::memory_order_release);
    return w;
  }

 private:
  deque& queue_;
};

// Everybody else's end. Any thread.
class deque::thief {
 public:
  explicit thief(deque& queue) noexcept : queue_(queue) {}

  // A guess; exact only when nobody moves.
  u64 size() const noexcept {
    u64 const top = queue_.top_.load(std::memory_order_seq_cst);
    u64 const bottom = queue_.bottom_.load(std::memory_order_seq_cst);
    return bottom > top ? bottom - top : 0;
  }

  // The oldest; nullptr when there is none, or another was faster.
  work* steal() noexcept {
    u64 top = queue_.top_.load(std::memory_order_seq_cst);
    // Sequentially consistent: the partner of pop(). Acquire: pairs with the release in push().
    u64 const bottom = queue_.bottom_.load(std::memory_order_seq_cst);
    if (static_cast<i64>(bottom - top) <= 0) return nullptr;
    work* const w =
        queue_.slots_.load(std::memory_order_acquire)->at(top).load(std::memory_order_relaxed);
    return queue_.top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                               std::memory_order_relaxed)
               ? w
               : nullptr;
  }

 private:
  deque& queue_;
};

}  // namespace regatta::runtimes::work_stealing
