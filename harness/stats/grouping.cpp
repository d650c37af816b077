#include "harness/stats/grouping.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace regatta::stats {

std::vector<unsigned> group_ranks(std::span<double const> costs,
                                  std::function<bool(std::size_t, std::size_t)> const& separated) {
  std::vector<std::size_t> order(costs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(costs[a], a) < std::pair(costs[b], b);
  });

  std::vector<unsigned> groups(costs.size(), 0);
  std::vector<std::size_t> heads;
  for (std::size_t const row : order) {
    auto const home = std::find_if(heads.begin(), heads.end(),
                                   [&](std::size_t head) { return !separated(row, head); });
    groups[row] = static_cast<unsigned>(home - heads.begin()) + 1;
    if (home == heads.end()) heads.push_back(row);
  }
  return groups;
}

double geometric_mean(std::span<double const> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0.0;
  for (double const value : values) sum += std::log(value);
  return std::exp(sum / static_cast<double>(values.size()));
}

}  // namespace regatta::stats
