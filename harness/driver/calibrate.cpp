#include "harness/driver/calibrate.hpp"

#include <algorithm>

#include "harness/driver/clock.hpp"

namespace regatta::driver {

work_size size_work(const std::vector<std::uint64_t>& one_ns, std::uint64_t target_ns,
                    std::uint64_t time_limit_ns, std::uint64_t slowest_whole_ns) {
  if (one_ns.empty()) return {};
  const std::uint64_t fastest =
      std::max<std::uint64_t>(1, *std::min_element(one_ns.begin(), one_ns.end()));
  const std::uint64_t slowest = std::max<std::uint64_t>(
      {1, slowest_whole_ns, *std::max_element(one_ns.begin(), one_ns.end())});
  const std::uint64_t longest_ns = std::min(10 * target_ns, time_limit_ns / 4);
  work_size size;
  size.iterations = std::max<std::uint64_t>(1, std::min(target_ns / fastest, longest_ns / slowest));
  if (slowest < ns_per_s) size.warmup = std::max<std::uint64_t>(1, size.iterations / 10);
  return size;
}

std::uint64_t next_probe(std::uint64_t iterations, std::uint64_t ns, std::uint64_t target_ns) {
  const std::uint64_t enough_ns = target_ns / 4;
  if (ns >= enough_ns / 2) return 0;
  const double factor =
      static_cast<double>(enough_ns) / static_cast<double>(std::max<std::uint64_t>(ns, 1));
  const double next = static_cast<double>(iterations) * std::clamp(factor, 2.0, 100.0);
  return static_cast<std::uint64_t>(next);
}

}  // namespace regatta::driver
