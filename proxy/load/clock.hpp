// The clock that latencies are measured by, as a plain number.
#pragma once

#include <ctime>

#include "runtimes/interface/types.hpp"

namespace regatta::load {

inline i64 read_clock(clockid_t which) noexcept {
  timespec now;
  (void)::clock_gettime(which, &now);
  return static_cast<i64>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// Monotonic nanoseconds; the same clock as regatta::clock.
inline i64 clock_ns() noexcept { return read_clock(CLOCK_MONOTONIC); }

}  // namespace regatta::load
