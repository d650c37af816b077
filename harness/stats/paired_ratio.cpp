#include "harness/stats/paired_ratio.hpp"

#include <cmath>

namespace regatta::stats {

std::vector<double> paired_log_ratios(block_values const& a, block_values const& b) {
  std::vector<double> logs;
  for (auto const& [block, value] : a) {
    auto const other = b.find(block);
    if (other == b.end() || !(value > 0.0) || !(other->second > 0.0)) continue;
    logs.push_back(std::log(value / other->second));
  }
  return logs;
}

bool ratio::separated(double noise_floor) const {
  return value.confidence >= least_confidence && !interval_holds_one() &&
         std::abs(std::log(value.median)) > std::log1p(noise_floor);
}

ratio ratio_of_logs(std::vector<double> const& log_ratios) {
  auto const logs = estimate_median(log_ratios).value_or(estimate{});
  return {.value = {.median = std::exp(logs.median),
                    .low = std::exp(logs.low),
                    .high = std::exp(logs.high),
                    .confidence = logs.confidence},
          .blocks = log_ratios.size()};
}

std::optional<ratio> paired_ratio(block_values const& a, block_values const& b) {
  auto const logs = paired_log_ratios(a, b);
  if (logs.empty()) return std::nullopt;
  return ratio_of_logs(logs);
}

}  // namespace regatta::stats
