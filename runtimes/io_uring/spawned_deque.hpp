// Tasks that have been spawned and have not begun. Their loop takes the newest first, which keeps a
// tree of tasks in the cache and its memory as small as its depth; others take the oldest half.
#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

#include "runtimes/core/work_queue.hpp"
#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/work.hpp"

namespace regatta::runtimes::io_uring {

// Any thread, under many_threads.
template <class Threading>
class spawned_deque {
 public:
  // Answers how many there are now.
  u32 push(work& w) {
    std::lock_guard const held(lock_);
    if (end_ - begin_ == slots_.size()) grow();
    slots_[end_++ & (slots_.size() - 1)] = &w;
    return publish();
  }
  // nullptr when empty.
  work* pop_newest() noexcept {
    if (size() == 0) return nullptr;
    std::lock_guard const held(lock_);
    if (begin_ == end_) return nullptr;
    work* const w = slots_[--end_ & (slots_.size() - 1)];
    publish();
    return w;
  }
  work* pop_oldest() noexcept {
    std::lock_guard const held(lock_);
    if (begin_ == end_) return nullptr;
    work* const w = slots_[begin_++ & (slots_.size() - 1)];
    publish();
    return w;
  }
  // Moves the older half, one at least, to `target`, up to a limit. Answers how many.
  u32 give_half(core::work_queue& target) noexcept {
    std::lock_guard const held(lock_);
    u32 const given = std::min((end_ - begin_ + 1) / 2, most_given);
    for (u32 i = 0; i < given; ++i) target.push(*slots_[begin_++ & (slots_.size() - 1)]);
    publish();
    return given;
  }
  // Sequentially consistent under many_threads: whoever is about to sleep says so and then looks
  // here; whoever has pushed then looks for sleepers.
  u32 size() const noexcept { return size_.load(order); }

 private:
  static constexpr u32 most_given = 128;  // With the lock held.
  static constexpr auto order =
      Threading::single ? std::memory_order_relaxed : std::memory_order_seq_cst;

  u32 publish() noexcept {
    u32 const now = end_ - begin_;
    size_.store(now, order);
    return now;
  }
  void grow() {
    std::vector<work*> larger(slots_.size() * 2);
    for (u32 i = begin_; i != end_; ++i) {
      larger[i & (larger.size() - 1)] = slots_[i & (slots_.size() - 1)];
    }
    slots_.swap(larger);
  }

  [[no_unique_address]] typename Threading::lock lock_;
  u32 begin_ = 0;  // These run on and wrap around.
  u32 end_ = 0;
  std::vector<work*> slots_ = std::vector<work*>(64);  // A power of two.
  std::atomic<u32> size_{0};
};

}  // namespace regatta::runtimes::io_uring
