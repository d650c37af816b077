// Two groups of values that were not taken in pairs: does one tend to be greater, and by how much?
//
// What Regatta measures in blocks it compares in blocks (paired_ratio.hpp), which is sharper. These
// are for what has no blocks in common: two stored runs, or the stretches of a history.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "harness/stats/order_statistics.hpp"

namespace regatta::stats {

struct rank_test {
  double u = 0.0;        // pairs in which the first group's value is the greater; a tie counts half
  double p_value = 1.0;  // two-sided
  bool exact = false;
};

// The test of H. B. Mann and D. R. Whitney (On a test of whether one of two random variables is
// stochastically larger than the other, Annals of Mathematical Statistics 18, 1947). Exact where no
// value repeats and both groups have fewer than 50; otherwise by the normal distribution with
// corrections for ties and for continuity. p = 1 where a group is empty or all values are equal.
rank_test mann_whitney(std::span<double const> a, std::span<double const> b);

// The chance that U is at most `u` if two groups of m and n values, no two of them equal, come from
// one distribution. Exact; takes time in proportion to m · n · (m + n).
double mann_whitney_at_most(std::size_t u, std::size_t m, std::size_t n);

// The same for Wilcoxon's signed-rank sum of n values (F. Wilcoxon, Individual comparisons by
// ranking methods, Biometrics Bulletin 1, 1945).
double signed_rank_at_most(std::size_t sum, std::size_t n);

// The centre of values whose distribution is symmetric: the median of the means of all pairs, each
// value paired with itself too (J. L. Hodges and E. L. Lehmann, Estimates of location based on rank
// tests, Annals of Mathematical Statistics 34, 1963). Sharper than the median where the values are
// about normal, and nearly as deaf to outliers. Its interval is the signed-rank test turned round:
// exact below 50 values, by the normal distribution from there. Where there are too few values for
// the confidence (fewer than 6 for 95 %), the widest there is, with its true confidence. Nothing
// for no values.
std::optional<estimate> hodges_lehmann(std::span<double const> values, double confidence = 0.95);

// By how much a is greater than b: the median of all differences a − b, with the interval from the
// distribution of U. Nothing where a group is empty.
std::optional<estimate> hodges_lehmann_shift(std::span<double const> a, std::span<double const> b,
                                             double confidence = 0.95);

}  // namespace regatta::stats
