// The cooperative budget: how many operations that are ready at once a task may do before it lets
// others run. Without it a task on a never-empty channel would never return to its scheduler.
// The idea and the figure of 128 are Tokio's (tokio/src/task/coop).
#pragma once

#include <algorithm>

#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/types.hpp"

namespace regatta::budget {

inline constexpr u32 operations_per_turn = 128;

inline u32& left() noexcept {
  static thread_local constinit u32 operations_left = operations_per_turn;
  return operations_left;
}

// A scheduler calls this before it resumes a task.
REGATTA_READS_THREAD_LOCAL inline void refill() noexcept { left() = operations_per_turn; }

// An awaitable that is ready asks before it goes on without suspending. False: suspend and post the
// task instead, its operation done.
REGATTA_READS_THREAD_LOCAL inline bool spend() noexcept {
  u32& operations_left = left();
  if (operations_left == 0) return false;
  --operations_left;
  return true;
}

// What has been done at once was as much as so many operations more.
REGATTA_READS_THREAD_LOCAL inline void spend_more(u32 operations) noexcept {
  u32& operations_left = left();
  operations_left -= std::min(operations_left, operations);
}

}  // namespace regatta::budget
