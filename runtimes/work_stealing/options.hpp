// The knobs of work_stealing. Each default is the one that measured best or that the source named
// beside it uses; each can be switched off for an ablation.
#pragma once

#include <string_view>

#include "runtimes/interface/assert.hpp"
#include "runtimes/interface/runtime.hpp"

namespace regatta::runtimes::work_stealing {

inline constexpr u32 most_ring_slots = 1'024;

struct options {
  options() = default;
  options(runtime_options common)  // NOLINT(google-explicit-constructor)
      : threads(common.threads) {
    if (!common.ablation.empty()) set(common.ablation);
  }

  u32 threads = 0;        // 0: one per processor that this process may use.
  bool lifo_slot = true;  // A task woken by the running one goes next, hot in the cache.
  u32 lifo_polls = 3;  // …but at most so often in a row (Tokio's limit), so that others get a turn.
  bool newest_first = true;  // Spawned tasks run newest first and are stolen oldest first.
  u32 newest_in_a_row = 64;  // …but after so many, the first-in-first-out queue gets a turn.
  bool steal_half = true;
  u32 ring_slots = 256;            // Tokio's and Go's. A power of two, most_ring_slots at most.
  u32 polls_per_event_check = 61;  // Tokio's and Go's: rarely in step with anything else.
  duration longest_spin = std::chrono::microseconds(50);  // Before parking; 0 never spins.

 private:
  // The ablations that the variants of the runtime are: one knob turned each. Those of the queue
  // put spawned tasks into the ring, as Tokio and Go do: the deque, where they go else, never fills
  // up.
  void set(std::string_view ablation) {
    if (ablation == "lifo=off") {
      lifo_slot = false;
    } else if (ablation == "steal=one") {
      steal_half = false;
    } else {
      newest_first = false;
      ring_slots = ablation == "queue=16"     ? 16
                   : ablation == "queue=64"   ? 64
                   : ablation == "queue=256"  ? 256
                   : ablation == "queue=1024" ? 1'024
                                              : 0;
      REGATTA_ASSERT(ring_slots != 0, "an ablation must be one of those that variants() declares");
    }
  }
};

}  // namespace regatta::runtimes::work_stealing
