// Where work enters from outside, and where a worker's queue overflows to. Sharded, so that many
// threads that spawn at once do not meet on one lock; a mask says which shards hold anything, so
// that a worker about to sleep looks at one word.
#pragma once

#include <atomic>
#include <bit>
#include <memory>
#include <mutex>
#include <utility>

#include "runtimes/core/work_queue.hpp"
#include "runtimes/interface/threading.hpp"
#include "runtimes/work_stealing/ring.hpp"

namespace regatta::runtimes::work_stealing {

class injector {
 public:
  explicit injector(u32 workers)
      : shards_(std::bit_ceil(std::min(workers, 8u))), shard_(new shard[shards_]) {}

  // Any thread. `home` picks the shard: threads that keep theirs do not meet.
  void push(work& w, u32 home) noexcept {
    core::work_queue one;
    one.push(w);
    push_all(one, 1, home);
  }

  // Any thread. Appends `count` pieces of work at the price of one.
  void push_all(core::work_queue& batch, u32 count, u32 home) noexcept {
    u32 const index = home & (shards_ - 1);
    shard& target = shard_[index];
    std::lock_guard guard(target.lock);
    target.queue.append(batch);
    target.count += count;
    // Sequentially consistent: whoever goes to sleep announces it, then looks at the mask; we set
    // the mask, then look for sleepers.
    filled_.fetch_or(u32{1} << index, std::memory_order_seq_cst);
  }

  bool looks_empty() const noexcept { return filled_.load(std::memory_order_seq_cst) == 0; }

  // Takes up to `most` pieces of work, but no more than this worker's share, oldest first, through
  // `give(work&)`. Begins at the home shard.
  template <class Give>
  u32 take(u32 most, u32 sharers, u32 home, Give give) noexcept {
    u32 taken = 0;
    for (u32 i = 0; i < shards_ && taken == 0; ++i) {
      u32 const index = (home + i) & (shards_ - 1);
      // Relaxed: safe because a worker that finds nothing looks again before it sleeps.
      if ((filled_.load(std::memory_order_relaxed) >> index & 1) == 0) continue;
      shard& source = shard_[index];
      std::lock_guard guard(source.lock);
      u32 const share = std::min(most, source.count / sharers + 1);
      while (taken < share) {
        work* const w = source.queue.pop();
        if (w == nullptr) break;
        --source.count;
        ++taken;
        give(*w);
      }
      if (source.queue.empty()) filled_.fetch_and(~(u32{1} << index), std::memory_order_seq_cst);
    }
    return taken;
  }

 private:
  struct alignas(destructive_interference_bytes) shard {
    spin_lock lock;
    core::work_queue queue;
    u32 count = 0;
  };

  u32 shards_;
  std::unique_ptr<shard[]> shard_;
  [[maybe_unused]] padding before_mask_;
  std::atomic<u32> filled_{0};
};

}  // namespace regatta::runtimes::work_stealing
