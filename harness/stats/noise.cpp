#include "harness/stats/noise.hpp"

#include <algorithm>
#include <cmath>

#include "harness/stats/multiple_comparisons.hpp"

namespace regatta::stats {
namespace {

// The standard error of the median of ratios whose true value is 1: a deviation from 1 that half of
// the blocks stay below, scaled to a standard deviation (÷ 0.6745) and that to the error of a
// median (× 1.2533 ÷ √n); both factors are those of the normal distribution.
double standard_error_of_median(std::vector<double> const& log_ratios) {
  std::vector<double> deviations;
  for (double const value : log_ratios) deviations.push_back(std::abs(value));
  return 1.2533 / 0.6745 * median(deviations) / std::sqrt(static_cast<double>(log_ratios.size()));
}

}  // namespace

double session_noise::floor_of(std::string const& cell) const {
  auto const found = std::find_if(cells.begin(), cells.end(),
                                  [&](cell_noise const& noise) { return noise.cell == cell; });
  return found == cells.end() ? spread : found->floor;
}

std::vector<double> log_means_per_block(
    std::vector<std::pair<block_values, block_values>> const& cells) {
  struct sum {
    double logs = 0.0;
    std::size_t count = 0;
  };
  std::map<std::uint64_t, sum> blocks;
  for (auto const& [a, b] : cells) {
    for (auto const& [block, value] : a) {
      auto const other = b.find(block);
      if (other == b.end() || !(value > 0.0) || !(other->second > 0.0)) continue;
      blocks[block].logs += std::log(value / other->second);
      ++blocks[block].count;
    }
  }
  bool const any_complete = std::any_of(
      blocks.begin(), blocks.end(), [&](auto const& b) { return b.second.count == cells.size(); });
  std::vector<double> means;
  for (auto const& [block, total] : blocks) {
    if (any_complete && total.count != cells.size()) continue;
    means.push_back(total.logs / static_cast<double>(total.count));
  }
  return means;
}

std::optional<session_noise> judge_noise(std::vector<twin_values> const& cells) {
  session_noise session;
  std::vector<std::pair<block_values, block_values>> pairs;
  std::vector<double> p_values;
  std::vector<double> own_floors;
  for (auto const& [cell, original, twin] : cells) {
    auto const logs = paired_log_ratios(twin, original);
    if (logs.empty()) continue;
    auto const difference = std::max(std::abs(median(logs)), standard_error_of_median(logs));
    session.cells.push_back({.cell = cell, .ratio = ratio_of_logs(logs)});
    pairs.emplace_back(twin, original);
    p_values.push_back(sign_test(logs));
    own_floors.push_back(std::expm1(difference));
  }
  if (session.cells.empty()) return std::nullopt;

  session.ratio = ratio_of_logs(log_means_per_block(pairs));
  session.separated = session.ratio.separated(0.0);
  session.spread = median(own_floors);
  auto const discoveries = benjamini_hochberg(p_values);
  for (std::size_t i = 0; i != session.cells.size(); ++i) {
    session.cells[i].floor = std::max(own_floors[i], session.spread);
    session.cells[i].separated = discoveries[i];
  }
  return session;
}

}  // namespace regatta::stats
