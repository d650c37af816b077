// A straight line through bytes over numbers of tasks: what a process takes by itself (the
// intercept), and what each further task adds (the slope).
//
// The sizes reach over decades and so do the bytes, so it is relative errors that are made small:
// each point weighs 1/y². Memory comes in pages and arenas that grow with what is there, so a
// measurement is off by a share of itself; with equal weights the largest point alone would decide,
// and an error of 1 % in its 100 MB would move an intercept of 3 MB by a third.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace regatta::stats {

struct point {
  double x = 0.0;
  double y = 0.0;
};

// From this largest relative residual on the points follow no line: a slope through them describes
// none of them.
inline constexpr double bent_from = 0.1;

struct line {
  double intercept = 0.0;
  double slope = 0.0;
  // Standard errors, from the scatter of the points round the line.
  double intercept_error = 0.0;
  double slope_error = 0.0;
  double largest_residual = 0.0;  // the greatest |y - line(x)| / y
  std::size_t points = 0;

  double operator()(double x) const { return intercept + slope * x; }

  bool straight() const { return largest_residual < bent_from; }
};

// A line, or a sentence that says why there is none.
struct fitted_line {
  std::optional<line> value = std::nullopt;
  std::string reason;
};

// Weighted least squares. Three different x are the least: through two a line always goes. Every y
// is above 0.
fitted_line fit_line(std::span<point const> points);

}  // namespace regatta::stats
