// Where a history changed: from which run on a number is another one than before.
//
// E-divisive (D. S. Matteson and N. A. James, A nonparametric approach for multiple change point
// analysis of multivariate data, Journal of the American Statistical Association 109, 2014), as
// MongoDB uses it for its own performance tests (D. Daly and others, The use of change point
// detection to identify software performance regressions in a continuous integration system, ICPE
// 2020). It compares distributions and not means, and asks nothing of their shape: every way to
// split a stretch is weighed by the energy distance of its two sides, and the best is kept if
// shuffled values rarely reach it. Then the stretches on both sides are searched in turn.
//
// As in Hunter (M. Fleming and others, Hunter: using change point detection to hunt for performance
// regressions, ICPE 2023), what is certain but too small to matter can be left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace regatta::stats {

struct change_point_options {
  double significance = 0.01;      // the greatest p-value of a change
  std::size_t permutations = 499;  // the least p-value is one over this and one
  std::size_t least_stretch = 3;   // values between two changes; 2 is the least that works
  // The least |after / before − 1| of the medians, for values above 0. 0.05 leaves out what changed
  // by less than 5 %.
  double least_change = 0.0;
  std::uint64_t seed = 0;
};

struct change_point {
  std::size_t index = 0;   // of the first value after the change
  double p_value = 1.0;    // of the permutation test
  double statistic = 0.0;  // the scaled energy distance of both sides, at the time it was found
  double before = 0.0;     // medians of the stretches that end and begin here
  double after = 0.0;
};

// The energy distance 2 E|A − B| − E|A − A'| − E|B − B'|, with unbiased means over pairs, times
// m n / (m + n) (equations 5 and 6 of the paper, α = 1). Large where the distributions differ;
// below 0 by chance. Both need two values at least, or it is 0.
double scaled_energy_distance(std::span<double const> a, std::span<double const> b);

// All changes, in the order of the values. Time goes with permutations × changes × values²: 500
// values take about a second for each change.
std::vector<change_point> change_points(std::span<double const> values,
                                        change_point_options const& options = {});

}  // namespace regatta::stats
