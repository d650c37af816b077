// A figure that speaks for a claim or against it, and what several of them say together.
//
// A claim names a region: "1.5 to 3 times", "less than 5 %", "faster". A figure is a number for
// each block; its order-statistic interval lies inside the region (the claim holds there), outside
// it (refuted), or across its border (not separated).
#pragma once

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/stats/order_statistics.hpp"
#include "harness/stats/paired_ratio.hpp"

namespace regatta::claims {

using json = nlohmann::ordered_json;

enum class verdict { holds, refuted, not_separated, not_measured };

std::string_view to_string(verdict v);

// What a claim says of a figure; all figures are above 0. `margin` is the share by which the median
// must lie beyond a border, where noise could carry it across: the noise floor of comparisons.
struct region {
  double low = 0.0;
  double high = std::numeric_limits<double>::infinity();
  double margin = 0.0;
};

region less_than(double border, double margin = 0.0);
region more_than(double border, double margin = 0.0);

struct finding {
  std::string label;
  std::string row;  // empty: of several
  std::vector<std::string> cells;
  stats::block_values values;  // in `unit`
  std::string unit;            // "x" (a ratio), "B", "ns", "calls", "B lost", "tasks", …
  region claimed = {};
  // What was counted or proved and not sampled: a fact, which no wind moves.
  std::optional<verdict> certain = std::nullopt;

  stats::estimate estimate() const;
  // By itself, whatever else was looked at.
  verdict alone() const;
  // Whether the claim says anything about it; if not, it stands beside the others, for comparison.
  bool is_judged() const;
  // How likely figures so far on one side of the nearest border are, if they lay on it.
  double p_value() const;
};

// The verdicts of all, corrected for their number (Benjamini and Hochberg): who looks at many cells
// finds one outside by luck. Facts are no look, and neither are figures that are not judged.
std::vector<verdict> corrected(std::vector<finding> const& findings);

// Their geometric mean in each block that has all of them; where no block has, of what there is.
finding mean_of(std::string label, std::vector<finding> const& findings, region claimed);

// a/b in each block that has both.
stats::block_values ratio_of(stats::block_values const& a, stats::block_values const& b);

// A verdict on a claim with all that it rests on.
struct judgement {
  verdict what = verdict::not_measured;
  std::optional<finding> figure;
  std::string explanation;
  std::vector<finding> details;
};

json json_of(finding const& f, std::optional<verdict> v);

}  // namespace regatta::claims
