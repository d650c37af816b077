// Puts one thread to sleep until another wakes it: one futex word, one system call each way.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <ctime>

#include "runtimes/interface/types.hpp"

namespace regatta::core {

class parker {
 public:
  // One thread at a time. Sleeps until unpark(), which may have come before; takes the token.
  void park() noexcept {
    // Acquire: pairs with the release in unpark().
    while (token_.exchange(0, std::memory_order_acquire) == 0) sleep(time_point::max());
  }

  // Sleeps until unpark(), or the deadline, or for no reason at all. Leaves the token where it is.
  void park_until(time_point deadline) noexcept {
    if (!is_unparked()) sleep(deadline);
  }

  // Whether park() would return at once. Sequentially consistent: see unpark().
  bool is_unparked() const noexcept { return token_.load(std::memory_order_seq_cst) == 1; }

  // Any thread. The one that is parked, or the next to park, returns.
  void unpark() noexcept {
    // Release: pairs with the acquire in park(). Sequentially consistent for those who sleep
    // elsewhere and look at is_unparked() first.
    if (token_.exchange(1, std::memory_order_seq_cst) == 0) {
      syscall(SYS_futex, address(), FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }
  }

 private:
  void sleep(time_point deadline) noexcept {
    if (deadline == time_point::max()) {
      syscall(SYS_futex, address(), FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
      return;
    }
    // An absolute time on CLOCK_MONOTONIC, which steady_clock is on Linux.
    i64 const ns = std::max<i64>(deadline.time_since_epoch().count(), 0);
    timespec const until{.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
    syscall(SYS_futex, address(), FUTEX_WAIT_BITSET_PRIVATE, 0, &until, nullptr,
            FUTEX_BITSET_MATCH_ANY);
  }
  u32* address() noexcept {
    // Safe because an atomic of 32 bits is its value, nothing more (asserted).
    static_assert(sizeof(token_) == sizeof(u32) && std::atomic<u32>::is_always_lock_free);
    return reinterpret_cast<u32*>(&token_);
  }

  std::atomic<u32> token_{0};
};

}  // namespace regatta::core
