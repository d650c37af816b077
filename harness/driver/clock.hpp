// The driver's own clock: monotonic nanoseconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace regatta::driver {

inline std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

inline constexpr std::uint64_t ns_per_ms = 1'000'000;
inline constexpr std::uint64_t ns_per_s = 1'000'000'000;

/// For sentences: "250 ms", "1.5 s", "2 min 5 s".
std::string say_duration(std::uint64_t ns);

}  // namespace regatta::driver
