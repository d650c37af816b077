// The four-fold rule (docs/METHOD.md, Comparing two builds): when one may say that a build is worse
// in a cell.
//
// Worse needs all of:
//   1. the exact order-statistic interval of the paired ratio head/base leaves out 1;
//   2. the effect exceeds the cell's floor: 5 %, or three times the A/A spread if that is more;
//   3. a confirmation with a fresh seed shows 1 and 2 again, in the same direction;
//   4. the finding holds when it is corrected for the number of cells (Benjamini and Hochberg).
// Better is the same with the other sign.
//
// What is not worse is not therefore unchanged. Unchanged says something as well: that a change as
// large as the *resolution* (10 %) would have been seen. So it needs a floor that is no higher than
// that, and an interval that lies within it. Everything else could not be measured.
//
// The A/A spread of a cell is the uncertainty of its *median* ratio over the blocks of this
// session, not the scatter of single blocks: with four times the blocks it is half as large. That
// is what makes many short blocks worth their while.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/comparison/verdict.hpp"
#include "harness/stats/paired_ratio.hpp"

namespace regatta::comparison {

struct thresholds {
  double least_floor = 0.05;  // a smaller effect is never called worse, however sure
  double spreads = 3.0;       // so many A/A spreads an effect must exceed
  double resolution = 0.10;   // the change that must not go unseen
  double false_rate = 0.05;   // of discoveries (Benjamini and Hochberg)
  double confidence = 0.95;   // of intervals; six blocks are the least that reach it
  // Without it the first three conditions that are left decide: for looking at two contenders of
  // one run, where there is nothing to run again.
  bool wants_confirmation = true;
};

// The standard error of the median of the log-ratios of an A/A pair, whose true value is 0, as a
// share. Robust: a half of the blocks may be anything. 0 for no blocks.
double spread_of(std::vector<double> const& twin_log_ratios);

// The floor that follows from a spread.
double floor_of(double spread, thresholds const& limits);

// What one session showed in one cell.
struct finding {
  stats::ratio ratio;  // head/base
  double floor = 0.0;
  double scatter = 0.0;  // the standard deviation of one block's log-ratio (stats::robust_spread)

  // Conditions 1 and 2: 1 for slower, -1 for faster, 0 for neither.
  int direction(thresholds const& limits) const;
};

struct evidence {
  finding measured;
  bool discovery = false;  // condition 4
  std::optional<finding> confirmation =
      {};  // what condition 3 is judged by; nothing: there was none
};

struct judgement {
  verdict what = verdict::could_not_measure;
  std::optional<bool> confirmed;  // nothing: it was not asked for
  std::string why;                // one sentence, with what to do where it could not be measured
  // How many blocks more would do where it could not be measured; nothing where they would not.
  std::optional<std::size_t> more_blocks;
};

// Whether 1, 2 and 4 hold, so that it is worth a confirmation.
bool is_suspicious(evidence const& seen, thresholds const& limits);

judgement judge(evidence const& seen, thresholds const& limits);

}  // namespace regatta::comparison
