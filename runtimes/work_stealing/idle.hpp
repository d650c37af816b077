// Who sleeps and who searches: the protocol that never loses a wake and rarely wakes in vain.
//
// A worker is in one of three states: *running* tasks, *searching* (it has none and looks into the
// queues of others), or *asleep* (its bit is set; it has no thread yet, or its thread waits).
//
// Whoever publishes work from outside does so, and then looks at `searching` and the bits. A worker
// that falls asleep stops searching and sets its bit, and then looks at all queues once more. Both
// sides are sequentially consistent, so one of them sees the other: either the publisher finds a
// searcher or a sleeper, or the sleeper finds the work. (Go's "delicate dance", runtime/proc.go,
// and Tokio's idle.rs rest on the same argument.) Work that a worker queues for itself needs none
// of this: the worker is awake and will run it; waking another is then only a matter of speed.
//
// A sleeper's bit is also a token: whoever clears it owns the worker and must set it going, either
// by waking its thread or by being its thread (block_on).
#pragma once

#include <atomic>
#include <bit>
#include <memory>
#include <optional>

#include "runtimes/work_stealing/ring.hpp"

namespace regatta::runtimes::work_stealing {

class idle {
 public:
  // At first all workers are asleep: they have no threads yet.
  explicit idle(u32 workers)
      : workers_(workers), words_((workers + 63) / 64), word_(new word[words_]) {
    for (u32 worker = 0; worker < workers; ++worker) {
      word_[worker / 64].bits.fetch_or(bit(worker), std::memory_order_relaxed);
    }
    sleepers_.store(workers, std::memory_order_relaxed);
  }

  // The worker sets its bit. It must look at all queues after this, before it really sleeps.
  void announce_sleep(u32 worker) noexcept {
    // Counted before the bit is set: a claim must never count below zero.
    sleepers_.fetch_add(1, std::memory_order_relaxed);
    word_[worker / 64].bits.fetch_or(bit(worker), std::memory_order_seq_cst);
  }

  // True: the caller has cleared the bit and owns the worker.
  bool claim(u32 worker) noexcept {
    u64 const before = word_[worker / 64].bits.fetch_and(~bit(worker), std::memory_order_seq_cst);
    if ((before & bit(worker)) == 0) return false;
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }

  // Any sleeping worker, now the caller's; the first by number, so that few stay warm.
  std::optional<u32> claim_any() noexcept {
    for (u32 i = 0; i < words_; ++i) {
      u64 bits = word_[i].bits.load(std::memory_order_seq_cst);
      while (bits != 0) {
        u32 const worker = i * 64 + static_cast<u32>(std::countr_zero(bits));
        if (claim(worker)) return worker;
        bits &= bits - 1;
      }
    }
    return std::nullopt;
  }

  // Hints, for decisions about speed only.
  bool is_asleep(u32 worker) const noexcept {
    return (word_[worker / 64].bits.load(std::memory_order_relaxed) & bit(worker)) != 0;
  }
  bool anybody_asleep() const noexcept { return sleepers_.load(std::memory_order_relaxed) != 0; }
  bool anybody_awake() const noexcept {
    return sleepers_.load(std::memory_order_relaxed) < workers_;
  }

  bool anybody_searching() const noexcept {
    return searching_.load(std::memory_order_seq_cst) != 0;
  }
  void begin_search() noexcept { searching_.fetch_add(1, std::memory_order_seq_cst); }
  // True: that was the last searcher.
  bool end_search() noexcept { return searching_.fetch_sub(1, std::memory_order_seq_cst) == 1; }

 private:
  struct alignas(destructive_interference_bytes) word {
    std::atomic<u64> bits{0};
  };
  static u64 bit(u32 worker) noexcept { return u64{1} << (worker % 64); }

  u32 workers_;
  u32 words_;
  std::unique_ptr<word[]> word_;
  [[maybe_unused]] padding before_counts_;
  std::atomic<u32> searching_{0};
  std::atomic<u32> sleepers_{0};
};

}  // namespace regatta::runtimes::work_stealing
