// How many more blocks would separate these two?
//
// A verdict that is missing for want of blocks should say how many are wanting. The answer is a
// plan and no evidence: it takes what was seen so far for the truth, a normal distribution of
// log-ratios with this centre and this spread, and asks for the number of blocks with which
// ratio::separated() (paired_ratio.hpp) would hold in most sessions. Given the centre and the
// spread the sign of one block is the throw of a coin whose bias is known, so the power is a
// binomial tail (W. J. Dixon and A. M. Mood, The statistical sign test, Journal of the American
// Statistical Association 41, 1946; G. E. Noether, Sample size determination for some common
// nonparametric tests, same journal 82, 1987).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace regatta::stats {

struct power_options {
  double power = 0.8;        // the share of sessions that shall separate them
  double noise_floor = 0.0;  // the share that a difference must exceed, as for ratio::separated()
  double confidence = 0.95;  // of the interval
  std::size_t most_blocks = 200;  // nobody waits for more
};

// The standard deviation of values that are about normal, from the median of their distances to
// their median, which outliers do not move; with the correction for few values of C. Croux and P.
// J. Rousseeuw (Time-efficient algorithms for two highly robust estimators of scale, Computational
// Statistics 1, 1992). 0 for fewer than two values.
double robust_spread(std::span<double const> values);

// In what share of sessions of so many blocks the interval of a median log-ratio leaves out 0 and
// more than half of the blocks exceed the floor (with an even number of blocks the median may do so
// with half of them: then this is a little less than the truth). `effect` is the true median
// log-ratio and `spread` the standard deviation of one block's.
double power_of_blocks(std::size_t blocks, double effect, double spread,
                       power_options const& options = {});

// The least number of blocks with at least the wanted power. Nothing if it is greater than
// `most_blocks`: for one, where the effect lies within the noise floor.
std::optional<std::size_t> blocks_to_separate(double effect, double spread,
                                              power_options const& options = {});

// The answer for a pair that was measured.
struct more_blocks {
  // Beyond those that are there; 0 where the pair is separated already, nothing for "never, within
  // most_blocks".
  std::optional<std::size_t> further;
  double effect = 0.0;  // what was taken for the truth: the median log-ratio …
  double spread = 0.0;  // … and the spread of one block's
  std::string reason;   // why never; empty otherwise
};

// At least two blocks; with fewer nothing is known of the spread, and the reason says so.
more_blocks more_blocks_to_separate(std::span<double const> log_ratios,
                                    power_options const& options = {});

}  // namespace regatta::stats
