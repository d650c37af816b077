// What the A/A pair shows: how far two identical contenders came apart in this session.
//
// Every run holds one contender twice, under two names. Whatever lies between the two is noise, of
// this machine, on this day, in this cell; a difference between two other rows that is no greater
// is not worth a word.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/stats/paired_ratio.hpp"

namespace regatta::stats {

// The two rows of the A/A pair in one cell, in ns per operation for each block.
struct twin_values {
  std::string cell;
  block_values original;
  block_values twin;
};

struct cell_noise {
  std::string cell;
  stats::ratio ratio;  // twin/original
  // The share by which rows must differ in this cell to be worth comparing: the larger of what the
  // twins differed by here, of the uncertainty of that (a robust standard error, so that a lucky
  // 1.000 is not taken for silence), and of the session's spread.
  double floor = 0.0;
  // Corrected for the number of cells, which a single cell's own interval is not.
  bool separated = false;
};

struct session_noise {
  // The verdict on the pair: the ratio twin/original, as the geometric mean over all cells that
  // every counted block visited, one value a block.
  stats::ratio ratio;
  bool separated = false;
  // The noise floor of the session as a share: the median of what the cells showed by themselves.
  double spread = 0.0;
  std::vector<cell_noise> cells;

  // The floor of a cell, or the spread where the pair has no value in it.
  double floor_of(std::string const& cell) const;
};

// Nothing if the pair shares no block in any cell.
std::optional<session_noise> judge_noise(std::vector<twin_values> const& cells);

// The geometric mean of a ratio over many cells as a logarithm, for each block in which all of them
// have one. If no block is complete (an interrupted run), each block counts with the cells it has.
std::vector<double> log_means_per_block(
    std::vector<std::pair<block_values, block_values>> const& cells);

}  // namespace regatta::stats
