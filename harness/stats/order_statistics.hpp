// The median of a few values, and how sure one may be of it.
//
// Nothing is assumed about the shape of the distribution: an interval reaches from the k-th
// smallest to the k-th largest value, and the chance that the true median lies inside is a sum of
// binomial coefficients (the sign test turned round; H. A. David, Order Statistics, section 7.1).
// It is exact for continuous values and errs on the safe side where values repeat.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace regatta::stats {

// A median with the interval that holds the true one in the share `confidence` of all cases.
struct estimate {
  double median = 0.0;
  double low = 0.0;
  double high = 0.0;
  double confidence = 0.0;  // 0…1; what the interval really has, not what was asked for

  friend bool operator==(estimate const&, estimate const&) = default;
};

// The middle value, or the mean of the two in the middle. NaN for no values.
double median(std::span<double const> values);

// The chance that the median lies between the k-th smallest and the k-th largest of n values, with
// k = 1 for the outermost pair. 0 where the two would cross.
double interval_confidence(std::size_t n, std::size_t k);

// The greatest such k that has at least the wanted confidence; 1 where none has.
std::size_t interval_rank(std::size_t n, double confidence = 0.95);

// The narrowest interval with at least the wanted confidence. Where there are too few values for it
// (fewer than 6 for 95 %), the widest there is, from the least to the greatest value, with its true
// confidence: 0.9375 for 5 values, 0 for one. Nothing for no values.
std::optional<estimate> estimate_median(std::span<double const> values, double confidence = 0.95);

// The two-sided sign test: how likely so lopsided a split round `centre` is, if that is the true
// median. Values equal to it say nothing and are left out. 1 for no values.
double sign_test(std::span<double const> values, double centre = 0.0);

}  // namespace regatta::stats
