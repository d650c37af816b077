#include "harness/stats/line_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace regatta::stats {
namespace {

std::string problem_of(std::span<point const> points) {
  std::set<double> different;
  for (point const& p : points) {
    if (!std::isfinite(p.x) || !std::isfinite(p.y) || !(p.y > 0.0)) {
      return fmt::format("the value {} at {} is not above 0", p.y, p.x);
    }
    different.insert(p.x);
  }
  if (different.size() < 3) {
    return fmt::format("not enough points: {} different size{}, 3 are the least", different.size(),
                       different.size() == 1 ? "" : "s");
  }
  return {};
}

double weight_of(point const& p) { return 1.0 / (p.y * p.y); }

}  // namespace

fitted_line fit_line(std::span<point const> points) {
  if (auto reason = problem_of(points); !reason.empty()) return {.value = {}, .reason = reason};

  double weights = 0.0;
  double mean_x = 0.0;
  double mean_y = 0.0;
  for (point const& p : points) {
    double const w = weight_of(p);
    weights += w;
    mean_x += w * p.x;
    mean_y += w * p.y;
  }
  mean_x /= weights;
  mean_y /= weights;

  // Round the weighted means, where the two parameters do not depend on each other: sums of squares
  // of a million tasks would otherwise cancel.
  double sxx = 0.0;
  double sxy = 0.0;
  for (point const& p : points) {
    sxx += weight_of(p) * (p.x - mean_x) * (p.x - mean_x);
    sxy += weight_of(p) * (p.x - mean_x) * (p.y - mean_y);
  }
  line fit{.slope = sxy / sxx, .points = points.size()};
  fit.intercept = mean_y - fit.slope * mean_x;

  double squares = 0.0;
  for (point const& p : points) {
    double const residual = std::abs(p.y - fit(p.x)) / p.y;
    squares += residual * residual;
    fit.largest_residual = std::max(fit.largest_residual, residual);
  }
  double const variance = squares / static_cast<double>(points.size() - 2);
  fit.slope_error = std::sqrt(variance / sxx);
  fit.intercept_error = std::sqrt(variance * (1.0 / weights + mean_x * mean_x / sxx));
  return {.value = fit, .reason = {}};
}

}  // namespace regatta::stats
