// Who competes for a profile, in which cells, and how two of them compare.
//
// Only rows that were measured in every needed cell compete: a mean over different cells for
// different rows compares nothing. A row's score is the weighted geometric mean of its values, one
// for each block; two rows are compared block by block.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/choice/profile.hpp"
#include "harness/stats/measurements.hpp"
#include "harness/stats/paired_ratio.hpp"

namespace regatta::choice {

struct rated_cell {
  std::string cell;
  std::size_t group = 0;  // index into the profile's
  double weight = 0.0;    // its share of all; the shares of all cells make 1
};

struct contestant {
  std::string row;
  std::vector<stats::block_values> values;  // in the order of the cells
};

struct left_out {
  std::string what;  // a row, or a cell
  std::string why;
};

struct contest {
  profile for_what;
  std::vector<rated_cell> cells;
  std::vector<contestant> rows;
  std::vector<left_out> unranked;       // rows that cannot be compared
  std::vector<left_out> unmeasured;     // cells that no row could be measured in
  std::vector<std::size_t> missing;     // groups without a cell, whose weight the others share
  std::optional<contestant> twin;       // of the A/A pair,
  std::optional<std::size_t> original;  // and which row it doubles
  double session_floor = 0.0;           // where the pair does not compete itself
};

// `summary` is the document that stats::summarise() makes of the samples.
contest make_contest(stats::measurements const& samples, json const& summary,
                     profile const& for_what);

// The row of that index cannot be compared after all.
void leave_out(contest& c, std::size_t row, std::string why);

// One weight for each cell of a contest.
using weights = std::vector<double>;

weights weights_of_all(contest const& c);
weights weights_of_group(contest const& c, std::size_t group);
weights weight_of_cell(contest const& c, std::size_t cell);

// The weighted geometric mean of the row's values, of each block in which it has all that weigh.
stats::block_values score_of(contestant const& row, weights const& w);

// How many times b's score a's is. Nothing if no block has all cells of both.
std::optional<stats::ratio> compare(contestant const& a, contestant const& b, weights const& w);

// The share by which two scores must differ to be worth a word: what the A/A pair showed by the
// same weights, or the noise floor of the session where the pair does not compete.
double noise_floor(contest const& c, weights const& w);

// Whether the contest saw a and b differ by more than noise.
bool separated(contest const& c, contestant const& a, contestant const& b, weights const& w);

}  // namespace regatta::choice
