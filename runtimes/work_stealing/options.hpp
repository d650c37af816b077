// The knobs of work_stealing. Each default is the one that measured best or that the source named
// beside it uses; each can be switched off for an ablation.
#pragma once

#include "runtimes/interface/runtime.hpp"

namespace regatta::runtimes::work_stealing {

inline constexpr u32 ring_slots = 256;  // Tokio's and Go's.

struct options {
  options() = default;
  options(runtime_options common)
      : threads(common.threads) {}  // NOLINT(google-explicit-constructor)

  u32 threads = 0;        // 0: one per processor that this process may use.
  bool lifo_slot = true;  // A task woken by the running one goes next, hot in the cache.
  u32 lifo_polls = 3;  // …but at most so often in a row (Tokio's limit), so that others get a turn.
  bool newest_first = true;  // Spawned tasks run newest first and are stolen oldest first.
  u32 newest_in_a_row = 64;  // …but after so many, the first-in-first-out queue gets a turn.
  bool steal_half = true;
  u32 polls_per_event_check = 61;  // Tokio's and Go's: rarely in step with anything else.
  duration longest_spin = std::chrono::microseconds(50);  // Before parking; 0 never spins.
};

}  // namespace regatta::runtimes::work_stealing
