// An interval for any statistic of a few values, by drawing from the values themselves.
//
// The bias-corrected and accelerated bootstrap (BCa; B. Efron, Better bootstrap confidence
// intervals, Journal of the American Statistical Association 82, 1987; Efron and Tibshirani, An
// Introduction to the Bootstrap, chapter 14). It takes the percentiles of the statistic over many
// resamples, moved by what the resamples say about its bias and the jackknife about its skewness.
//
// Its confidence is what it comes near to with many values, and not, like that of an interval of
// order statistics, what it has at least: below some 20 values it is too narrow. It is for what
// order statistics cannot answer, a mean or a ratio of totals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace regatta::stats {

// One number from values in any order; never called with none.
using statistic = std::function<double(std::span<double const>)>;

// The arithmetic mean. NaN for no values.
double mean(std::span<double const> values);

struct bootstrap_options {
  double confidence = 0.95;
  std::size_t resamples = 9'999;
  std::uint64_t seed = 0;  // the same seed gives the same interval, on every machine
};

struct bca_estimate {
  double value = 0.0;  // of the statistic
  double low = 0.0;
  double high = 0.0;
  double confidence = 0.0;    // what was asked for
  double bias = 0.0;          // z₀: how far, in normal deviates, the resamples lie beside the value
  double acceleration = 0.0;  // a: how the spread of the statistic changes with its size
};

// The statistic of `resamples` draws with replacement.
std::vector<double> bootstrap_replicates(std::span<double const> values, statistic const& of,
                                         std::size_t resamples, std::uint64_t seed);

// The interval from replicates that are there already: two programs with the same replicates find
// the same. Nothing for fewer than two values or without replicates. Where all replicates lie on
// one side of the value, the bias is that of half a replicate on the other side.
std::optional<bca_estimate> bca_from_replicates(std::span<double const> values, statistic const& of,
                                                std::span<double const> replicates,
                                                double confidence = 0.95);

// Both in one. Nothing for fewer than two values: one says nothing about its spread.
std::optional<bca_estimate> bca_interval(std::span<double const> values, statistic const& of,
                                         bootstrap_options const& options = {});

}  // namespace regatta::stats
