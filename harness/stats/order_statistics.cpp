#include "harness/stats/order_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace regatta::stats {
namespace {

// The chance of at most `successes` heads in n throws of a fair coin. Summed from logarithms: 2^-n
// alone leaves the range of a double beyond n = 1074.
double at_most(std::size_t successes, std::size_t n) {
  double log_chance = -static_cast<double>(n) * std::log(2.0);
  double sum = 0.0;
  for (std::size_t i = 0;; ++i) {
    sum += std::exp(log_chance);
    if (i == successes || i == n) break;
    log_chance += std::log(static_cast<double>(n - i)) - std::log(static_cast<double>(i + 1));
  }
  return std::min(sum, 1.0);
}

double median_of_sorted(std::span<double const> sorted) {
  std::size_t const half = sorted.size() / 2;
  if (sorted.size() % 2 == 1) return sorted[half];
  return (sorted[half - 1] + sorted[half]) / 2.0;
}

}  // namespace

double median(std::span<double const> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return median_of_sorted(sorted);
}

double interval_confidence(std::size_t n, std::size_t k) {
  if (k == 0 || 2 * k > n) return 0.0;
  return std::max(0.0, 1.0 - 2.0 * at_most(k - 1, n));
}

std::optional<estimate> estimate_median(std::span<double const> values, double confidence) {
  if (values.empty()) return std::nullopt;
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  std::size_t const n = sorted.size();
  std::size_t k = 1;
  while (interval_confidence(n, k + 1) >= confidence && 2 * (k + 1) <= n) ++k;
  return estimate{.median = median_of_sorted(sorted),
                  .low = sorted[k - 1],
                  .high = sorted[n - k],
                  .confidence = interval_confidence(n, k)};
}

double sign_test(std::span<double const> values, double centre) {
  auto const above = static_cast<std::size_t>(
      std::count_if(values.begin(), values.end(), [&](double v) { return v > centre; }));
  auto const below = static_cast<std::size_t>(
      std::count_if(values.begin(), values.end(), [&](double v) { return v < centre; }));
  if (above + below == 0) return 1.0;
  return std::min(1.0, 2.0 * at_most(std::min(above, below), above + below));
}

}  // namespace regatta::stats
