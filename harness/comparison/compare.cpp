#include "harness/comparison/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "harness/comparison/phrases.hpp"
#include "harness/stats/multiple_comparisons.hpp"
#include "harness/stats/noise.hpp"
#include "harness/stats/order_statistics.hpp"
#include "harness/stats/power.hpp"
#include "harness/stats/quantities.hpp"
#include "harness/stats/rank_tests.hpp"

namespace regatta::comparison {
namespace {

using json = nlohmann::ordered_json;
using stats::outcome;

// What one row did in one cell, if it did anything.
struct showing {
  outcome how = outcome::skipped;
  std::string reason = "it was not measured";
  stats::block_values costs;
  bool in_bytes = false;

  bool ok() const { return how == outcome::ok && !costs.empty(); }
  // It was tried and came to no good end.
  bool failed() const { return how != outcome::ok && how != outcome::skipped; }
  // In a way that a loaded machine can bring about all by itself.
  bool may_be_load() const { return how == outcome::timeout || how == outcome::out_of_memory; }
  bool failed_by_itself() const { return failed() && !may_be_load(); }
};

showing showing_of(stats::cell_measurement const& cell, std::string const& row) {
  showing shown;
  auto const* measured = cell.find(row);
  if (measured == nullptr) return shown;
  shown.how = measured->outcome;
  shown.reason = measured->reason;
  shown.costs = measured->costs();
  shown.in_bytes = !measured->bytes_per_operation().empty();
  return shown;
}

// A contender in a cell, with everything that is known of it before it is judged.
struct entry {
  contender_pair const* pair = nullptr;
  stats::cell_measurement const* cell = nullptr;
  showing base;
  showing head;
  bool compared = false;         // both have times, if only of a few blocks, and they were set
                                 // against each other
  std::optional<double> spread;  // of the A/A pair; nothing without one
  evidence seen;
  double p_value = 1.0;

  bool both_ok() const { return base.ok() && head.ok(); }
};

// A twin that failed is a base that failed: it is the same program.
showing base_of(stats::cell_measurement const& cell, contender_pair const& pair) {
  showing shown = showing_of(cell, pair.base);
  if (pair.twin.empty() || cell.find(pair.twin) == nullptr) return shown;
  showing const twin = showing_of(cell, pair.twin);
  if (twin.how > shown.how) {
    shown.how = twin.how;
    shown.reason = twin.reason;
  }
  return shown;
}

// The A/A pair of the cell: the twin of this base, or of anybody if the pair names none.
std::optional<double> spread_in(stats::cell_measurement const& cell, contender_pair const& pair) {
  constexpr std::string_view suffix = "#twin";
  for (auto const& [row, measured] : cell.rows) {
    bool const wanted = pair.twin.empty() ? row.ends_with(suffix) : row == pair.twin;
    if (!wanted) continue;
    std::string const original =
        pair.twin.empty() ? row.substr(0, row.size() - suffix.size()) : pair.base;
    auto const logs =
        stats::paired_log_ratios(showing_of(cell, row).costs, showing_of(cell, original).costs);
    if (!logs.empty()) return spread_of(logs);
  }
  return std::nullopt;
}

// Base and head took turns in the same blocks.
void compare_in_pairs(entry& e) {
  auto const logs = stats::paired_log_ratios(e.head.costs, e.base.costs);
  if (logs.empty()) return;
  e.compared = true;
  e.seen.measured.ratio = stats::ratio_of_logs(logs);
  e.seen.measured.scatter = stats::robust_spread(logs);
  e.p_value = stats::sign_test(logs);
}

std::vector<double> logs_of(stats::block_values const& costs) {
  std::vector<double> logs;
  for (auto const& [block, value] : costs) {
    if (value > 0.0) logs.push_back(std::log(value));
  }
  return logs;
}

// Base and head come from two runs.
void compare_in_groups(entry& e, thresholds const& limits) {
  auto const base = logs_of(e.base.costs);
  auto const head = logs_of(e.head.costs);
  auto const shift = stats::hodges_lehmann_shift(head, base, limits.confidence);
  if (!shift) return;
  e.compared = true;
  e.seen.measured.ratio = {.value = {.median = std::exp(shift->median),
                                     .low = std::exp(shift->low),
                                     .high = std::exp(shift->high),
                                     .confidence = shift->confidence},
                           .blocks = std::min(base.size(), head.size())};
  e.seen.measured.scatter = std::hypot(stats::robust_spread(base), stats::robust_spread(head));
  e.p_value = stats::mann_whitney(head, base).p_value;
}

entry make_entry(contender_pair const& pair, stats::cell_measurement const& cell,
                 stats::cell_measurement const* cell_of_head, thresholds const& limits) {
  bool const in_pairs = cell_of_head == nullptr;
  auto const& other = in_pairs ? cell : *cell_of_head;
  entry e{.pair = &pair,
          .cell = &cell,
          .base = base_of(cell, pair),
          .head = showing_of(other, pair.head),
          .spread = spread_in(cell, pair),
          .seen = {}};
  if (!in_pairs) {
    // Of two sessions the noisier one counts.
    auto const its_spread = spread_in(other, pair);
    if (!e.spread || its_spread > e.spread) e.spread = its_spread;
  }
  e.seen.measured.floor = floor_of(e.spread.value_or(0.0), limits);
  // Who fails in one block has times of those before it.
  if (in_pairs) {
    compare_in_pairs(e);
  } else {
    compare_in_groups(e, limits);
  }
  return e;
}

// A contender that takes part in no block of a cell was not asked: there is no entry. But nobody
// measures what is identical.
std::vector<entry> entries_of(comparison_input const& input) {
  std::vector<entry> entries;
  for (auto const& planned : input.cells) {
    auto const* measured = input.samples->find(planned.cell);
    auto const& cell = measured == nullptr ? planned : *measured;
    for (auto const& pair : input.pairs) {
      auto const* of_head =
          input.head_samples == nullptr ? nullptr : input.head_samples->find(planned.cell);
      // In two runs the cells that both have are compared.
      if (input.head_samples != nullptr && of_head == nullptr) continue;
      bool const asked = cell.find(pair.base) != nullptr ||
                         (of_head == nullptr ? cell : *of_head).find(pair.head) != nullptr;
      if (asked || pair.identical) {
        entries.push_back(make_entry(pair, cell, of_head, input.limits));
      }
    }
  }
  return entries;
}

void correct_for_many(std::vector<entry>& entries, thresholds const& limits) {
  std::vector<double> p_values;
  std::vector<entry*> tested;
  for (entry& e : entries) {
    if (!e.compared || e.pair->identical) continue;
    tested.push_back(&e);
    p_values.push_back(e.p_value);
  }
  auto const discoveries = stats::benjamini_hochberg(p_values, limits.false_rate);
  for (std::size_t i = 0; i != tested.size(); ++i) tested[i]->seen.discovery = discoveries[i];
}

// The same pair and cell of the second run, if it was asked again.
std::optional<entry> confirmed_entry(comparison_input const& input, entry const& e) {
  if (input.confirmation.samples == nullptr) return std::nullopt;
  auto const* cell = input.confirmation.samples->find(e.cell->cell);
  if (cell == nullptr || cell->find(e.pair->head) == nullptr) return std::nullopt;
  return make_entry(*e.pair, *cell, nullptr, input.limits);
}

std::string outcome_text(showing const& shown) {
  std::string text(stats::to_string(shown.how));
  return shown.reason.empty() ? text : text + ": " + shown.reason;
}

judgement judgement_of(verdict what, std::optional<bool> confirmed, std::string why) {
  return {.what = what, .confirmed = confirmed, .why = std::move(why), .more_blocks = {}};
}

// Head failed and base did not. A crash or a wrong answer stands though it does not show every
// time; what load may have done must show again.
judgement judge_failed_head(entry const& e, std::optional<entry> const& again) {
  std::string const why =
      fmt::format("it was measured at base; at head it is {}", outcome_text(e.head));
  if (!e.head.failed()) return judgement_of(verdict::could_not_measure, {}, why);
  verdict const once = e.head.may_be_load() ? verdict::could_not_measure : verdict::worse;
  if (!again) return judgement_of(once, {}, why);
  if (again->base.ok() && again->head.failed()) {
    return judgement_of(verdict::worse, true, why + "; and so it was in a second run");
  }
  std::string const second = again->base.ok()
                                 ? "not in a second run"
                                 : "a second run cannot tell, for base was not measured in it";
  return judgement_of(
      once, false,
      fmt::format("{}; {}{}", why, second, once == verdict::worse ? ", but once is enough" : ""));
}

// Base failed and head did not: better, by the rule for worse with the other sign. Nobody is called
// better for what load may have done to the base.
judgement judge_failed_base(entry const& e, std::optional<entry> const& again,
                            thresholds const& limits) {
  std::string const why =
      fmt::format("it is measured now; at base it was {}", outcome_text(e.base));
  if (!e.base.failed_by_itself()) return judgement_of(verdict::could_not_measure, {}, why);
  if (!limits.wants_confirmation) return judgement_of(verdict::better, {}, why);
  if (!again) {
    return judgement_of(verdict::could_not_measure, {},
                        why + ", but this was not confirmed by a second run");
  }
  if (again->head.ok() && again->base.failed()) {
    return judgement_of(verdict::better, true, why + "; and so it was in a second run");
  }
  return judgement_of(verdict::could_not_measure, false, why + "; but not in a second run");
}

judgement judge_category(entry const& e, std::optional<entry> const& again,
                         thresholds const& limits) {
  if (e.base.ok()) return judge_failed_head(e, again);
  if (e.head.ok()) return judge_failed_base(e, again, limits);
  bool const is_wrong = e.head.how == outcome::crashed || e.head.how == outcome::wrong_answer;
  return judgement_of(
      e.base.may_be_load() && is_wrong ? verdict::worse : verdict::could_not_measure, {},
      fmt::format("neither side was measured: at base it was {}; at head it is {}",
                  outcome_text(e.base), outcome_text(e.head)));
}

judgement judge_times(entry const& e, std::optional<entry> const& again, thresholds const& limits) {
  if (!e.compared) {
    return judgement_of(verdict::could_not_measure, {}, "base and head share no block");
  }
  if (!e.spread && limits.wants_confirmation) {
    return judgement_of(verdict::could_not_measure, {},
                        "there is no A/A pair that tells the noise");
  }
  evidence seen = e.seen;
  if (again && again->compared) seen.confirmation = again->seen.measured;
  return judge(seen, limits);
}

// Head was well in the first run, and not in the second, though base was.
bool failed_in_second(entry const& e, std::optional<entry> const& again) {
  return e.head.ok() && again && again->base.ok() && again->head.failed_by_itself();
}

judgement judge_entry(entry const& e, std::optional<entry> const& again, thresholds const& limits) {
  if (e.pair->identical) {
    return judgement_of(verdict::unchanged, {},
                        "base and head are the same program, byte for byte");
  }
  if (failed_in_second(e, again)) {
    return judgement_of(verdict::worse, {},
                        fmt::format("in the second run head is {}", outcome_text(again->head)));
  }
  if (e.both_ok()) return judge_times(e, again, limits);
  judgement const by_category = judge_category(e, again, limits);
  if (by_category.what == verdict::worse) return by_category;
  // One failure does not hide that head is slower wherever both have times.
  judgement by_times = judge_times(e, again, limits);
  if (by_times.what != verdict::worse) return by_category;
  by_times.why += fmt::format(" in {} blocks; {}", e.seen.measured.ratio.blocks, by_category.why);
  return by_times;
}

// Whether a second run could tell more of it.
bool wants_confirmation(entry const& e, thresholds const& limits) {
  if (!limits.wants_confirmation || e.pair->identical) return false;
  if (e.base.ok() && e.head.failed()) return true;
  if (e.head.ok() && e.base.failed_by_itself()) return true;
  return e.compared && e.spread && is_suspicious(e.seen, limits);
}

json json_of(stats::ratio const& r) {
  return {{"median", r.value.median},
          {"low", r.value.low},
          {"high", r.value.high},
          {"confidence", r.value.confidence},
          {"blocks", r.blocks}};
}

std::optional<double> median_of(stats::block_values const& costs) {
  std::vector<double> values;
  for (auto const& [block, value] : costs) values.push_back(value);
  if (values.empty()) return std::nullopt;
  return stats::median(values);
}

template <class T>
json json_of(std::optional<T> const& value) {
  return value ? json(*value) : json();
}

json describe(entry const& e, std::optional<entry> const& again, thresholds const& limits) {
  judgement const judged = judge_entry(e, again, limits);
  // The ratio of a few blocks before a failure is shown where the verdict rests on it.
  bool const by_times =
      e.compared && (e.both_ok() || (judged.what == verdict::worse &&
                                     judge_category(e, again, limits).what != verdict::worse));
  json described = {{"cell", e.cell->cell},
                    {"scenario", e.cell->scenario},
                    {"params", e.cell->params},
                    {"contender", e.pair->contender},
                    {"base_outcome", stats::to_string(e.base.how)},
                    {"head_outcome", stats::to_string(e.head.how)},
                    {"base_cost", json_of(e.base.ok() ? median_of(e.base.costs) : std::nullopt)},
                    {"head_cost", json_of(e.head.ok() ? median_of(e.head.costs) : std::nullopt)},
                    {"unit", e.base.in_bytes || e.head.in_bytes ? "bytes" : "ns"},
                    {"ratio", by_times ? json_of(e.seen.measured.ratio) : json()},
                    {"p_value", by_times ? json(e.p_value) : json()},
                    {"discovery", e.seen.discovery},
                    {"spread", json_of(e.spread)},
                    {"floor", by_times ? json(e.seen.measured.floor) : json()},
                    {"identical", e.pair->identical},
                    {"suspicious", wants_confirmation(e, limits)},
                    {"verdict", to_string(judged.what)},
                    {"confirmed", json_of(judged.confirmed)},
                    {"why", judged.why},
                    {"more_blocks", json_of(judged.more_blocks)}};
  if (again && by_times && again->compared) {
    described["second_ratio"] = json_of(again->seen.measured.ratio);
  }
  if (failed_in_second(e, again)) described["second_outcome"] = stats::to_string(again->head.how);
  return described;
}

// Neither side was measured, for reasons of their own: nothing is new, and there is nothing to
// compare. What load may have done says nothing about a side.
bool is_left_out(entry const& e) {
  bool const neither = e.base.how != outcome::ok && e.head.how != outcome::ok;
  return neither && !e.pair->identical && !e.base.may_be_load() && !e.head.may_be_load();
}

json geometric_mean_of(std::vector<entry> const& entries, bool in_pairs) {
  std::vector<std::pair<stats::block_values, stats::block_values>> sides;
  for (entry const& e : entries) {
    if (e.compared && e.both_ok() && !e.pair->identical) {
      sides.emplace_back(e.head.costs, e.base.costs);
    }
  }
  if (sides.empty() || !in_pairs) return {};
  json mean = json_of(stats::ratio_of_logs(stats::log_means_per_block(sides)));
  mean["cells"] = sides.size();
  return mean;
}

json noise_of(std::vector<entry> const& entries, json const& machine) {
  std::vector<double> spreads;
  for (entry const& e : entries) {
    if (e.spread) spreads.push_back(*e.spread);
  }
  json noise = {{"spread", spreads.empty() ? json() : json(stats::median(spreads))},
                {"label", nullptr},
                {"reasons", json::array()}};
  if (!machine.is_object()) return noise;
  if (machine.contains("label")) noise["label"] = machine.at("label");
  json::json_pointer const reasons("/noise/reasons");
  if (machine.contains(reasons)) noise["reasons"] = machine.at(reasons);
  return noise;
}

std::string method_of(thresholds const& limits, bool in_pairs) {
  std::string const floor =
      fmt::format("the effect exceeds the floor ({} or {:g} times the A/A spread)",
                  stats::percent_text(limits.least_floor), limits.spreads);
  std::string const rest = fmt::format(
      "and the finding survives the correction for many cells (Benjamini and Hochberg). It is "
      "unchanged if a change of {} is excluded.",
      stats::percent_text(limits.resolution));
  if (!in_pairs) {
    return fmt::format(
        "Two runs that were not interleaved: a cell differs if the {:.0f} % interval of the ratio "
        "of all blocks with all (Hodges and Lehmann) leaves out 1, {}, {}",
        100.0 * limits.confidence, floor, rest);
  }
  return fmt::format(
      "A cell is worse if the exact {:.0f} % interval of the paired ratio leaves out 1, {}{}, {}",
      100.0 * limits.confidence, floor,
      limits.wants_confirmation ? ", a second run with a fresh seed shows the same" : "", rest);
}

json confirmation_of(comparison_input const& input, std::vector<json> const& cells) {
  if (input.confirmation.samples == nullptr) return {};
  json confirmed = json::array();
  for (json const& cell : cells) {
    if (!cell.at("suspicious").get<bool>()) continue;
    confirmed.push_back({{"contender", cell.at("contender")}, {"cell", cell.at("cell")}});
  }
  return {{"seed", input.confirmation.seed}, {"cells", confirmed}};
}

verdict verdict_of(json const& cells) {
  std::vector<verdict> verdicts;
  for (json const& cell : cells) {
    verdicts.push_back(verdict_from(cell.at("verdict").get<std::string>()));
  }
  return verdict_over(verdicts);
}

}  // namespace

json compare(comparison_input const& input) {
  std::vector<entry> entries = entries_of(input);
  correct_for_many(entries, input.limits);
  bool const in_pairs = input.head_samples == nullptr;
  json cells = json::array();
  json left_out = json::array();
  for (entry const& e : entries) {
    if (is_left_out(e)) {
      left_out.push_back({{"contender", e.pair->contender},
                          {"cell", e.cell->cell},
                          {"why", "neither side was measured: " + outcome_text(e.head)}});
    } else {
      cells.push_back(describe(e, confirmed_entry(input, e), input.limits));
    }
  }
  json document = {{"schema", 1},
                   {"what", "comparison"},
                   {"base", {{"name", input.base.name}, {"description", input.base.description}}},
                   {"head", {{"name", input.head.name}, {"description", input.head.description}}},
                   {"verdict", to_string(verdict_of(cells))},
                   {"why", ""},
                   {"seed", input.seed},
                   {"confirmation", confirmation_of(input, cells)},
                   {"cells", cells},
                   {"left_out", left_out},
                   {"interleaved", in_pairs},
                   {"geometric_mean", geometric_mean_of(entries, in_pairs)},
                   {"noise", noise_of(entries, input.machine)},
                   {"resolution", input.limits.resolution},
                   {"method", method_of(input.limits, in_pairs)}};
  document.update(input.beside);
  document["why"] = why_of(document);
  return document;
}

std::vector<place> suspicious_places(json const& document) {
  std::vector<place> places;
  for (json const& cell : document.at("cells")) {
    if (!cell.at("suspicious").get<bool>()) continue;
    places.push_back({cell.at("contender"), cell.at("cell")});
  }
  return places;
}

}  // namespace regatta::comparison
