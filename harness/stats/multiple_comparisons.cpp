#include "harness/stats/multiple_comparisons.hpp"

#include <algorithm>
#include <numeric>

namespace regatta::stats {

std::vector<double> adjusted_p_values(std::span<double const> p_values) {
  std::vector<std::size_t> ascending(p_values.size());
  std::iota(ascending.begin(), ascending.end(), std::size_t{0});
  std::stable_sort(ascending.begin(), ascending.end(),
                   [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  // Each is p · count / rank, or less where a greater p-value came out at less: that one takes all
  // smaller ones along.
  std::vector<double> adjusted(p_values.size());
  double least = 1.0;
  for (std::size_t rank = ascending.size(); rank != 0; --rank) {
    std::size_t const i = ascending[rank - 1];
    least = std::min(
        least, p_values[i] * static_cast<double>(ascending.size()) / static_cast<double>(rank));
    adjusted[i] = least;
  }
  return adjusted;
}

std::vector<bool> benjamini_hochberg(std::span<double const> p_values, double rate) {
  std::vector<bool> discoveries;
  for (double const adjusted : adjusted_p_values(p_values)) {
    discoveries.push_back(adjusted <= rate);
  }
  return discoveries;
}

}  // namespace regatta::stats
