// How much slower one row is than another, judged block by block.
//
// Within a block two rows ran next to each other, in the same wind; from block to block the wind
// changes. So the ratio is taken inside each block, and one block is one piece of evidence. Ratios
// are handled as logarithms, so that "twice as fast" and "twice as slow" weigh the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "harness/stats/order_statistics.hpp"

namespace regatta::stats {

// One number (say ns per operation) for each block of a run. More samples of one block are not more
// evidence: reduce them to their median first.
using block_values = std::map<std::uint64_t, double>;

// An interval below this confidence separates nothing. Four blocks reach 0.875, five 0.9375.
inline constexpr double least_confidence = 0.9;

// log(a/b) for each block that has both, in ascending order of blocks. Values that are not positive
// are left out.
std::vector<double> paired_log_ratios(block_values const& a, block_values const& b);

struct ratio {
  estimate value;  // of a/b: above 1 means that a took longer
  std::size_t blocks = 0;

  bool interval_holds_one() const { return value.low <= 1.0 && 1.0 <= value.high; }

  // Whether one may say that a and b differ: the interval leaves out 1 (with enough blocks for that
  // to mean something), and the effect is greater than `noise_floor`, the share by which the A/A
  // pair differed from itself (0.02 stands for 2 %).
  bool separated(double noise_floor) const;
};

ratio ratio_of_logs(std::vector<double> const& log_ratios);

// Nothing if the rows have no block in common.
std::optional<ratio> paired_ratio(block_values const& a, block_values const& b);

}  // namespace regatta::stats
