#include "harness/claims/finding.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "harness/stats/multiple_comparisons.hpp"

namespace regatta::claims {
namespace {

std::vector<double> logs_of(stats::block_values const& values) {
  std::vector<double> logs;
  for (auto const& [block, value] : values) logs.push_back(std::log(value));
  return logs;
}

double raised(double border, double margin) { return border * (1.0 + margin); }
double lowered(double border, double margin) { return border / (1.0 + margin); }

bool is_border(double border) { return border > 0.0 && std::isfinite(border); }

}  // namespace

std::string_view to_string(verdict v) {
  switch (v) {
    case verdict::holds:
      return "holds";
    case verdict::refuted:
      return "refuted";
    case verdict::not_separated:
      return "not_separated";
    case verdict::not_measured:
      return "not_measured";
  }
  return "";
}

region less_than(double border, double margin) { return {0.0, border, margin}; }
region more_than(double border, double margin) {
  return {border, std::numeric_limits<double>::infinity(), margin};
}

stats::estimate finding::estimate() const {
  bool const has_zero = std::ranges::any_of(values, [](auto const& v) { return v.second <= 0.0; });
  if (!has_zero) {
    auto e = stats::ratio_of_logs(logs_of(values)).value;
    if (certain) e.confidence = 1.0;
    return e;
  }
  // A count may be 0, which has no logarithm.
  std::vector<double> plain;
  for (auto const& [block, value] : values) plain.push_back(value);
  auto e = stats::estimate_median(plain).value_or(stats::estimate{});
  if (certain) e.confidence = 1.0;
  return e;
}

verdict finding::alone() const {
  if (certain) return *certain;
  if (values.empty()) return verdict::not_measured;
  auto const e = estimate();
  if (e.confidence < stats::least_confidence) return verdict::not_separated;
  double const margin = claimed.margin;
  bool const above_low = e.low > claimed.low || !is_border(claimed.low);
  bool const below_high = e.high < claimed.high || !is_border(claimed.high);
  bool const clear_of_low = !is_border(claimed.low) || e.median > raised(claimed.low, margin);
  bool const clear_of_high = !is_border(claimed.high) || e.median < lowered(claimed.high, margin);
  if (above_low && below_high && clear_of_low && clear_of_high) return verdict::holds;
  bool const below =
      is_border(claimed.low) && e.high < claimed.low && e.median < lowered(claimed.low, margin);
  bool const above =
      is_border(claimed.high) && e.low > claimed.high && e.median > raised(claimed.high, margin);
  return below || above ? verdict::refuted : verdict::not_separated;
}

bool finding::is_judged() const {
  return certain || is_border(claimed.low) || is_border(claimed.high);
}

double finding::p_value() const {
  if (certain) return 0.0;
  auto const logs = logs_of(values);
  double p = 0.0;
  // Against each border there is; inside a region with two, both must be left behind.
  bool any = false;
  for (double const border : {claimed.low, claimed.high}) {
    if (!is_border(border)) continue;
    any = true;
    auto const e = estimate();
    bool const beyond = border == claimed.low ? e.median < border : e.median > border;
    double const own = stats::sign_test(logs, std::log(border));
    if (beyond) return own;
    p = std::max(p, own);
  }
  return any ? p : 1.0;
}

std::vector<verdict> corrected(std::vector<finding> const& findings) {
  auto const is_look = [](finding const& f) { return !f.certain && f.is_judged(); };
  std::vector<double> p_values;
  for (finding const& each : findings) {
    if (is_look(each)) p_values.push_back(each.p_value());
  }
  auto const discoveries = stats::benjamini_hochberg(p_values);
  std::vector<verdict> verdicts;
  std::size_t look = 0;
  for (finding const& each : findings) {
    verdict const alone = each.alone();
    bool const is_luck = is_look(each) && !discoveries[look++];
    bool const is_claim = alone == verdict::holds || alone == verdict::refuted;
    verdicts.push_back(is_claim && is_luck ? verdict::not_separated : alone);
  }
  return verdicts;
}

finding mean_of(std::string label, std::vector<finding> const& findings, region claimed) {
  finding mean;
  mean.label = std::move(label);
  mean.claimed = claimed;
  if (findings.empty()) return mean;
  mean.unit = findings.front().unit;
  std::map<std::uint64_t, std::pair<double, std::size_t>> sums;
  for (finding const& each : findings) {
    for (std::string const& cell : each.cells) {
      if (std::ranges::find(mean.cells, cell) == mean.cells.end()) mean.cells.push_back(cell);
    }
    for (auto const& [block, value] : each.values) {
      sums[block].first += std::log(value);
      ++sums[block].second;
    }
  }
  bool const any_complete = std::ranges::any_of(
      sums, [&](auto const& sum) { return sum.second.second == findings.size(); });
  for (auto const& [block, sum] : sums) {
    if (any_complete && sum.second != findings.size()) continue;
    mean.values[block] = std::exp(sum.first / static_cast<double>(sum.second));
  }
  return mean;
}

stats::block_values ratio_of(stats::block_values const& a, stats::block_values const& b) {
  stats::block_values ratios;
  for (auto const& [block, value] : a) {
    auto const other = b.find(block);
    if (other == b.end() || !(value > 0.0) || !(other->second > 0.0)) continue;
    ratios[block] = value / other->second;
  }
  return ratios;
}

json json_of(finding const& f, std::optional<verdict> v) {
  auto const e = f.estimate();
  json document{{"label", f.label}};
  if (!f.row.empty()) document["row"] = f.row;
  document.update({{"value", e.median},
                   {"low", e.low},
                   {"high", e.high},
                   {"confidence", e.confidence},
                   {"unit", f.unit},
                   {"blocks", f.values.size()}});
  if (is_border(f.claimed.low)) document["claimed_low"] = f.claimed.low;
  if (is_border(f.claimed.high)) document["claimed_high"] = f.claimed.high;
  if (f.certain) document["fact"] = true;
  if (v) document["verdict"] = to_string(*v);
  document["cells"] = f.cells;
  return document;
}

}  // namespace regatta::claims
