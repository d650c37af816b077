// What others may know of a relay while it runs.
#pragma once

#include <atomic>

#include "runtimes/interface/types.hpp"

namespace regatta::proxy {

// A relay as others may see it while it runs, from any thread: for counters, and for timeouts
// without a timer or a look at the clock for each message. Somebody advances `tick` now and then,
// from 1 on; the relay notes when it was last what.
//
// Relaxed, all of it: safe because each figure stands for itself. Only the relay writes.
struct relay_watch {
  explicit relay_watch(std::atomic<u32> const& ticks) noexcept
      : moved_at_tick(ticks.load(std::memory_order_relaxed)), tick(ticks) {}

  std::atomic<u64> bytes_forward{0};  // Counted when they are written.
  std::atomic<u64> bytes_backward{0};
  std::atomic<u32> moved_at_tick;          // When bytes were last read or written, either way.
  std::atomic<u32> stalled_since_tick{0};  // Since when a peer has taken nothing of what waits for
                                           // it; 0: nothing waits.
  std::atomic<u32> const& tick;
};

}  // namespace regatta::proxy
