#include "harness/driver/clock.hpp"

#include <fmt/core.h>

namespace regatta::driver {

std::string say_duration(std::uint64_t ns) {
  if (ns < 1'000) return fmt::format("{} ns", ns);
  if (ns < ns_per_ms) return fmt::format("{:.3g} µs", static_cast<double>(ns) / 1e3);
  if (ns < ns_per_s) return fmt::format("{:.3g} ms", static_cast<double>(ns) / 1e6);
  if (ns < 60 * ns_per_s) return fmt::format("{:.3g} s", static_cast<double>(ns) / 1e9);
  const std::uint64_t seconds = ns / ns_per_s;
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

}  // namespace regatta::driver
