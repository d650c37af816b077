#include "harness/stats/multiple_comparisons.hpp"

#include <algorithm>

namespace regatta::stats {

std::vector<bool> benjamini_hochberg(std::span<double const> p_values, double rate) {
  std::vector<double> sorted(p_values.begin(), p_values.end());
  std::sort(sorted.begin(), sorted.end());
  // The greatest p-value that lies under the line rank · rate / count takes all smaller ones along.
  double threshold = -1.0;
  for (std::size_t i = 0; i != sorted.size(); ++i) {
    double const line = static_cast<double>(i + 1) * rate / static_cast<double>(sorted.size());
    if (sorted[i] <= line) threshold = sorted[i];
  }
  std::vector<bool> discoveries;
  for (double const p : p_values) discoveries.push_back(p <= threshold);
  return discoveries;
}

}  // namespace regatta::stats
