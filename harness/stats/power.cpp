#include "harness/stats/power.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <vector>

#include "harness/stats/order_statistics.hpp"
#include "harness/stats/paired_ratio.hpp"

namespace regatta::stats {
namespace {

boost::math::normal const standard_normal;

// By which the median distance of n normal values falls short of its limit, for n from 2.
constexpr std::array<double, 8> shortfalls{1.196, 1.495, 1.363, 1.206, 1.200, 1.140, 1.129, 1.107};

// The chance that one block's log-ratio exceeds `bound`.
double chance_above(double bound, double effect, double spread) {
  if (spread > 0.0) return cdf(standard_normal, (effect - bound) / spread);
  return effect > bound ? 1.0 : 0.0;
}

// The chance of so many successes and no others.
double exactly(std::size_t wanted, std::size_t blocks, double chance) {
  return pdf(boost::math::binomial(static_cast<double>(blocks), chance),
             static_cast<double>(wanted));
}

// The chance of at least `wanted` successes, from 1 on.
double at_least(std::size_t wanted, std::size_t blocks, double chance) {
  if (wanted > blocks) return 0.0;
  boost::math::binomial const successes(static_cast<double>(blocks), chance);
  return cdf(complement(successes, static_cast<double>(wanted - 1)));
}

}  // namespace

double robust_spread(std::span<double const> values) {
  if (values.size() < 2) return 0.0;
  double const centre = median(values);
  std::vector<double> distances;
  for (double const value : values) distances.push_back(std::abs(value - centre));
  auto const n = static_cast<double>(values.size());
  std::size_t const few = values.size() - 2;
  double const shortfall = few < shortfalls.size() ? shortfalls[few] : n / (n - 0.8);
  double const to_deviation = 1.0 / quantile(standard_normal, 0.75);
  return shortfall * to_deviation * median(distances);
}

double power_of_blocks(std::size_t blocks, double effect, double spread,
                       power_options const& options) {
  std::size_t const k = interval_rank(blocks, options.confidence);
  if (interval_confidence(blocks, k) < least_confidence) return 0.0;
  double const size = std::abs(effect);
  double const above_zero = chance_above(0.0, size, spread);
  double const above_floor = chance_above(std::log1p(options.noise_floor), size, spread);
  if (!(above_zero > 0.0)) return 0.0;
  // The k-th smallest lies above 0 if at most k − 1 lie below; the median above the floor if the
  // greater half does. Those above 0 lie above the floor with this chance:
  double const share = std::min(1.0, above_floor / above_zero);
  double power = 0.0;
  for (std::size_t below = 0; below != k; ++below) {
    power +=
        exactly(below, blocks, 1.0 - above_zero) * at_least(blocks / 2 + 1, blocks - below, share);
  }
  return power;
}

std::optional<std::size_t> blocks_to_separate(double effect, double spread,
                                              power_options const& options) {
  if (!(std::abs(effect) > std::log1p(options.noise_floor))) return std::nullopt;
  for (std::size_t blocks = 1; blocks <= options.most_blocks; ++blocks) {
    if (power_of_blocks(blocks, effect, spread, options) >= options.power) return blocks;
  }
  return std::nullopt;
}

more_blocks more_blocks_to_separate(std::span<double const> log_ratios,
                                    power_options const& options) {
  more_blocks answer;
  if (log_ratios.size() < 2) {
    answer.reason = fmt::format("nothing is known of the spread from {} block{}", log_ratios.size(),
                                log_ratios.size() == 1 ? "" : "s");
    return answer;
  }
  answer.effect = median(log_ratios);
  answer.spread = robust_spread(log_ratios);
  if (ratio_of_logs({log_ratios.begin(), log_ratios.end()}).separated(options.noise_floor)) {
    answer.further = 0;
    return answer;
  }
  if (!(std::abs(answer.effect) > std::log1p(options.noise_floor))) {
    answer.reason =
        fmt::format("what was seen, {:.1f} %, lies within the noise floor of {:.1f} %",
                    100.0 * std::expm1(std::abs(answer.effect)), 100.0 * options.noise_floor);
    return answer;
  }
  if (auto const blocks = blocks_to_separate(answer.effect, answer.spread, options)) {
    // The plan may be for fewer than there are, where luck was worse than the plan.
    answer.further = std::max(*blocks, log_ratios.size() + 1) - log_ratios.size();
  } else {
    answer.reason = fmt::format("{} blocks would not separate {:.1f} % at a spread of {:.1f} %",
                                options.most_blocks, 100.0 * std::expm1(std::abs(answer.effect)),
                                100.0 * std::expm1(answer.spread));
  }
  return answer;
}

}  // namespace regatta::stats
