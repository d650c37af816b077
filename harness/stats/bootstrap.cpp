#include "harness/stats/bootstrap.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "harness/stats/random.hpp"

namespace regatta::stats {
namespace {

boost::math::normal const standard_normal;

// The share of replicates below the value, those equal to it counted half. Kept off 0 and 1, whose
// normal deviates are infinite.
double share_below(std::span<double const> replicates, double value) {
  auto const n = static_cast<double>(replicates.size());
  double below = 0.0;
  for (double const r : replicates) below += r < value ? 1.0 : r == value ? 0.5 : 0.0;
  return std::clamp(below / n, 0.5 / n, 1.0 - 0.5 / n);
}

// A sixth of the skewness of the statistic, from leaving out one value at a time. 0 where leaving
// one out changes nothing.
double acceleration_of(std::span<double const> values, statistic const& of) {
  std::vector<double> left_out;
  std::vector<double> others(values.begin() + 1, values.end());
  for (std::size_t i = 0; i != values.size(); ++i) {
    left_out.push_back(of(others));
    if (i < others.size()) others[i] = values[i];
  }
  double const centre = mean(left_out);
  double squares = 0.0;
  double cubes = 0.0;
  for (double const value : left_out) {
    double const deviation = centre - value;
    squares += deviation * deviation;
    cubes += deviation * deviation * deviation;
  }
  return squares > 0.0 ? cubes / (6.0 * std::pow(squares, 1.5)) : 0.0;
}

// Between the two nearest of the sorted replicates, in proportion.
double quantile_of_sorted(std::span<double const> sorted, double share) {
  double const position = share * static_cast<double>(sorted.size() - 1);
  auto const below = static_cast<std::size_t>(position);
  auto const above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

double mean(std::span<double const> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::vector<double> bootstrap_replicates(std::span<double const> values, statistic const& of,
                                         std::size_t resamples, std::uint64_t seed) {
  if (values.empty()) return {};
  random_source random(seed);
  std::vector<double> drawn(values.size());
  std::vector<double> replicates;
  replicates.reserve(resamples);
  for (std::size_t i = 0; i != resamples; ++i) {
    for (double& value : drawn) value = values[random.below(values.size())];
    replicates.push_back(of(drawn));
  }
  return replicates;
}

std::optional<bca_estimate> bca_from_replicates(std::span<double const> values, statistic const& of,
                                                std::span<double const> replicates,
                                                double confidence) {
  if (values.size() < 2 || replicates.empty()) return std::nullopt;
  double const value = of(values);
  double const bias = quantile(standard_normal, share_below(replicates, value));
  double const acceleration = acceleration_of(values, of);

  // Which percentile of the replicates stands for this one of the normal distribution.
  auto const moved = [&](double share) {
    double const deviate = bias + quantile(standard_normal, share);
    return cdf(standard_normal, bias + deviate / (1.0 - acceleration * deviate));
  };
  std::vector<double> sorted(replicates.begin(), replicates.end());
  std::sort(sorted.begin(), sorted.end());
  double const tail = (1.0 - confidence) / 2.0;
  return bca_estimate{.value = value,
                      .low = quantile_of_sorted(sorted, moved(tail)),
                      .high = quantile_of_sorted(sorted, moved(1.0 - tail)),
                      .confidence = confidence,
                      .bias = bias,
                      .acceleration = acceleration};
}

std::optional<bca_estimate> bca_interval(std::span<double const> values, statistic const& of,
                                         bootstrap_options const& options) {
  auto const replicates = bootstrap_replicates(values, of, options.resamples, options.seed);
  return bca_from_replicates(values, of, replicates, options.confidence);
}

}  // namespace regatta::stats
