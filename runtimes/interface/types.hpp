// The few names that the whole vocabulary uses: integers, and the clock that all waiting goes by.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace regatta {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i32 = std::int32_t;
using i64 = std::int64_t;

// Monotonic: a sleep neither ends early nor late when somebody sets the wall clock.
using clock = std::chrono::steady_clock;
using duration = std::chrono::nanoseconds;
using time_point = std::chrono::time_point<clock, duration>;

// What a task<void> answers where a value is needed, as in tuples and variants.
struct nothing {
  friend bool operator==(nothing, nothing) = default;
};

}  // namespace regatta
