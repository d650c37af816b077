// Ranks that call ties ties, and one number over many cells.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace regatta::stats {

// Puts contenders into groups 1, 2, … by cost (less is better). The cheapest heads group 1; whoever
// is separated from the heads of all groups so far heads the next one; everybody else joins the
// first group from whose head it cannot be separated. So group 1 reads "the best, and those that
// this run cannot tell from it". `separated(i, head)` takes indices into `costs`.
std::vector<unsigned> group_ranks(std::span<double const> costs,
                                  std::function<bool(std::size_t, std::size_t)> const& separated);

// The mean that ratios want: one cell at 1/2 and one at 2 make 1. NaN for no values.
double geometric_mean(std::span<double const> values);

}  // namespace regatta::stats
