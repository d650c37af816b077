// How many threads may touch a thing, as a type. A runtime names its policy as `R::threading`, and
// the primitives that serve it (channels, timers) pay for locks and atomics only under
// many_threads.
#pragma once

#include <atomic>
#include <thread>

#include "runtimes/interface/types.hpp"

namespace regatta {

inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits by spinning, then by giving the processor away: the holder may have been preempted.
class backoff {
 public:
  void wait() noexcept {
    if (rounds_ < 64) {
      ++rounds_;
      cpu_relax();
    } else {
      std::this_thread::yield();
    }
  }

 private:
  u32 rounds_ = 0;
};

// One byte, for sections of a few dozen instructions. Never held across a suspension or a system
// call.
class spin_lock {
 public:
  void lock() noexcept {
    backoff pause;
    // Acquire: pairs with the release in unlock().
    while (locked_.exchange(true, std::memory_order_acquire)) {
      // Safe because the exchange above synchronises; this load only waits.
      while (locked_.load(std::memory_order_relaxed)) pause.wait();
    }
  }
  bool try_lock() noexcept { return !locked_.exchange(true, std::memory_order_acquire); }
  // Release: pairs with the acquire in lock().
  void unlock() noexcept { locked_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> locked_{false};
};

struct no_lock {
  void lock() noexcept {}
  bool try_lock() noexcept { return true; }
  void unlock() noexcept {}
};

struct many_threads {
  static constexpr bool single = false;
  using lock = spin_lock;
};

// Everything happens on the one thread that drives the runtime.
struct one_thread {
  static constexpr bool single = true;
  using lock = no_lock;
};

// The policy that serves R: its own if it is a runtime, itself if it is a policy.
template <class R>
struct threading_for {
  using type = R;
};
template <class R>
  requires requires { typename R::threading; }
struct threading_for<R> {
  using type = typename R::threading;
};
template <class R>
using threading_of = typename threading_for<R>::type;

}  // namespace regatta
