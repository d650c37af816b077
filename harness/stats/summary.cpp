#include "harness/stats/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "harness/stats/fits.hpp"
#include "harness/stats/grouping.hpp"
#include "harness/stats/noise.hpp"
#include "harness/stats/run_label.hpp"

namespace regatta::stats {
namespace {

using json = nlohmann::ordered_json;

struct planned_row {
  row_identity identity;
  std::string subject = "runtime";  // or "machine", or "path"
  json hello;
  json skipped;  // null or the reason why it takes no part
};

struct planned_cell {
  std::string cell;
  std::string scenario;
  json params;
  std::string measures = "time";  // what it is compared by: time, bytes, latency
  std::string asked = "runtime";  // of which rows: those of this subject
  std::string floor = {};         // which line of the floor bounds it; or empty
  std::uint64_t floor_times = 1;
  std::uint64_t shard = 0;                  // of a merged run: on which machine it was measured
  std::vector<std::string> only_rows = {};  // of them these alone, and their twins; empty: all

  bool asks(planned_row const& row) const {
    if (row.subject != asked) return false;
    if (only_rows.empty()) return true;
    std::string const& name = row.identity.row;
    return std::ranges::find(only_rows, name.substr(0, name.rfind("#twin"))) != only_rows.end();
  }
};

// What the plan promises, and after it whatever else the samples hold.
std::vector<planned_row> rows_of(measurements const& samples, json const& plan) {
  std::vector<planned_row> rows;
  std::set<std::string> known;
  if (plan.is_object() && plan.contains("rows")) {
    for (json const& row : plan["rows"]) {
      planned_row planned{.identity = {.row = row.at("row"),
                                       .contender = row.value("contender", ""),
                                       .variant = row.value("variant", ""),
                                       .twin = row.value("twin", false)},
                          .subject = row.value("subject", "runtime"),
                          .hello = row.contains("hello") ? row["hello"] : json(),
                          .skipped = row.contains("skipped") ? row["skipped"] : json()};
      if (known.insert(planned.identity.row).second) rows.push_back(std::move(planned));
    }
  }
  for (row_identity const& row : samples.rows()) {
    if (known.insert(row.row).second) rows.push_back({.identity = row, .hello = {}, .skipped = {}});
  }
  return rows;
}

std::vector<planned_cell> cells_of(measurements const& samples, json const& plan) {
  std::vector<planned_cell> cells;
  std::set<std::string> known;
  if (plan.is_object() && plan.contains("cells")) {
    for (json const& cell : plan["cells"]) {
      planned_cell planned{.cell = cell.at("cell"),
                           .scenario = cell.value("scenario", ""),
                           .params = cell.contains("params") ? cell["params"] : json::object(),
                           .measures = cell.value("measures", "time"),
                           .asked = cell.value("asked", "runtime"),
                           .floor = cell.value("floor", ""),
                           .floor_times = cell.value("floor_times", std::uint64_t{1}),
                           .shard = cell.value("shard", std::uint64_t{0}),
                           .only_rows = cell.value("only_rows", std::vector<std::string>{})};
      if (known.insert(planned.cell).second) cells.push_back(std::move(planned));
    }
  }
  for (cell_measurement const& cell : samples.cells()) {
    if (!known.insert(cell.cell).second) continue;
    cells.push_back({.cell = cell.cell, .scenario = cell.scenario, .params = cell.params});
  }
  return cells;
}

json json_of(estimate const& e) {
  return {{"median", e.median}, {"low", e.low}, {"high", e.high}, {"confidence", e.confidence}};
}

json json_of(std::optional<double> const& value) { return value ? json(*value) : json(); }

// A time per operation turned into operations per second; the slow end becomes the low end.
json rate_of(estimate const& ns) {
  return json_of(estimate{.median = 1e9 / ns.median,
                          .low = 1e9 / ns.high,
                          .high = 1e9 / ns.low,
                          .confidence = ns.confidence});
}

json latency_of(row_measurement const& row) {
  histogram const& latency = *row.latency_ns;
  json document{{"count", latency.count()},      {"min", latency.min()},
                {"p50", latency.quantile(0.5)},  {"p90", latency.quantile(0.9)},
                {"p99", latency.quantile(0.99)}, {"p999", latency.quantile(0.999)},
                {"max", latency.max()},          {"mean", latency.mean()}};
  std::vector<double> costs;
  for (auto const& [number, block] : row.blocks) {
    if (block.recording_ns) costs.push_back(static_cast<double>(*block.recording_ns));
  }
  document["recording_ns"] = costs.empty() ? json() : json(std::round(median(costs)));

  constexpr std::array<std::pair<char const*, double latency_quantiles::*>, 4> shown{{
      {"p50", &latency_quantiles::p50},
      {"p90", &latency_quantiles::p90},
      {"p99", &latency_quantiles::p99},
      {"p999", &latency_quantiles::p999},
  }};
  json& intervals = document["intervals"] = json::object();
  for (auto const& [name, member] : shown) {
    std::vector<double> values;
    for (auto const& [number, block] : row.blocks) {
      std::vector<double> of_block;
      for (auto const& quantiles : block.latency_ns) of_block.push_back(quantiles.*member);
      if (!of_block.empty()) values.push_back(median(of_block));
    }
    if (auto const e = estimate_median(values)) intervals[name] = json_of(*e);
  }

  // A curve for drawing: ten points to each further nine, as far as at least one value lies above.
  json& curve = document["quantiles"] = json::array();
  double tail = 1.0;
  for (int nines = 0; nines != 9; ++nines, tail /= 10.0) {
    for (int step = 0; step != 9; ++step) {
      // Rounded, so that the file says 0.3 and not 0.30000000000000004.
      double const q = std::round((1.0 - tail * (1.0 - 0.1 * step)) * 1e12) / 1e12;
      if ((1.0 - q) * static_cast<double>(latency.count()) < 1.0) break;
      curve.push_back({q, latency.quantile(q)});
    }
  }
  curve.push_back({1.0, latency.max()});
  return document;
}

// Most counters are sums over all operations. A rate, or a quantile of latencies, is a figure of
// the run, and says by the end of its name that it is one.
bool is_of_a_run(std::string_view counter) {
  constexpr std::array<std::string_view, 4> ends{"_per_s", "_ns_p50", "_ns_p99", "_ns_max"};
  return std::ranges::any_of(ends, [&](auto const end) { return counter.ends_with(end); });
}

// The median over the blocks of such a counter; nothing where it was not told.
std::optional<double> figure_of_runs(row_measurement const& row, std::string const& name) {
  std::vector<double> values;
  for (auto const& [number, block] : row.blocks) {
    auto const found = block.counters.find(name);
    if (found == block.counters.end() || block.iterations == 0) continue;
    values.push_back(static_cast<double>(found->second) / static_cast<double>(block.iterations));
  }
  if (values.empty()) return std::nullopt;
  return median(values);
}

// How much of the load that was offered a row has borne; nothing where none was offered.
std::optional<double> share_achieved(row_measurement const& row) {
  auto const offered = figure_of_runs(row, "offered_per_s");
  auto const achieved = figure_of_runs(row, "achieved_per_s");
  if (!offered || !achieved || *offered <= 0.0) return std::nullopt;
  return *achieved / *offered;
}

// Its latencies are those of a queue that grows, and depend on how long the run was.
bool is_saturated(row_measurement const& row) {
  constexpr double enough = 0.99;
  return share_achieved(row).value_or(1.0) < enough;
}

json counters_of(row_measurement const& row) {
  std::set<std::string> names;
  for (auto const& [number, block] : row.blocks) {
    for (auto const& [name, count] : block.counters) names.insert(name);
  }
  json counters = json::object();
  for (auto const& name : names) {
    if (is_of_a_run(name)) {
      counters[name] = json_of(figure_of_runs(row, name));
      continue;
    }
    counters[name] = json_of(
        row.per_operation([&](block_measurement const& block) -> std::optional<std::uint64_t> {
          auto const found = block.counters.find(name);
          return found == block.counters.end() ? 0 : found->second;
        }));
  }
  return counters;
}

json system_calls_of(system_calls const& calls) {
  if (calls.operations == 0) return {{"per_operation", nullptr}, {"reason", calls.reason}};
  std::vector<std::pair<std::string, double>> each;
  double all = 0.0;
  for (auto const& [name, count] : calls.by_name) {
    each.emplace_back(name, static_cast<double>(count) / static_cast<double>(calls.operations));
    all += each.back().second;
  }
  std::ranges::sort(each, [](auto const& a, auto const& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  json by_name = json::object();
  for (auto const& [name, per_operation] : each) by_name[name] = per_operation;
  return {{"per_operation", all}, {"by_name", std::move(by_name)}};
}

std::optional<estimate> estimate_of(block_values const& values) {
  std::vector<double> list;
  for (auto const& [block, value] : values) list.push_back(value);
  return estimate_median(list);
}

json quantities_of(row_measurement const& row) {
  auto const median_peak = [&]() -> std::optional<double> {
    std::vector<double> peaks;
    for (auto const& [number, block] : row.blocks) {
      if (block.peak_rss_bytes) peaks.push_back(static_cast<double>(*block.peak_rss_bytes));
    }
    if (peaks.empty()) return std::nullopt;
    return std::round(median(peaks));
  };
  auto const time = estimate_of(row.ns_per_operation()).value();

  json result;
  if (auto const bytes = estimate_of(row.bytes_per_operation())) {
    result["bytes_per_operation"] = json_of(*bytes);
  }
  if (auto const latency = estimate_of(row.compared_ns())) {
    result["median_latency_ns"] = json_of(*latency);
  }
  result["ns_per_operation"] = json_of(time);
  result["operations_per_second"] = rate_of(time);
  using block = block_measurement;
  result["cpu_ns_per_operation"] =
      json_of(row.per_operation([](block const& b) { return b.cpu_ns; }));
  result["allocations_per_operation"] =
      json_of(row.per_operation([](block const& b) { return b.allocations; }));
  auto const peak = median_peak();
  result["peak_rss_bytes"] = peak ? json(static_cast<std::uint64_t>(*peak)) : json();
  result["voluntary_switches_per_operation"] =
      json_of(row.per_operation([](block const& b) { return b.voluntary_switches; }));
  result["involuntary_switches_per_operation"] =
      json_of(row.per_operation([](block const& b) { return b.involuntary_switches; }));
  result["threads_used"] = row.threads_used ? json(*row.threads_used) : json();
  if (row.system_calls) result["system_calls"] = system_calls_of(*row.system_calls);
  result["counters"] = counters_of(row);
  return result;
}

// "in 2 of 6 visits: …", so that a rare crash is not read as a constant one.
std::string reason_of(row_measurement const& row) {
  auto const ended_so = row.visits_by_outcome.at(row.outcome);
  if (ended_so == row.visits) return row.reason;
  return fmt::format("in {} of {} visits{}{}", ended_so, row.visits, row.reason.empty() ? "" : ": ",
                     row.reason);
}

struct row_in_cell {
  std::size_t row = 0;  // index into the planned rows
  row_measurement const* measured = nullptr;
  block_values costs;
};

struct analysis {
  measurements const& samples;
  std::vector<planned_row> rows;
  std::vector<planned_cell> cells;
  std::optional<session_noise> noise;
  std::string original;  // of the A/A pair
  std::string twin;
};

// The ranked rows of a cell: measured, and not the twin, which would only double its original, nor
// one that could not bear the load that the others bore.
std::vector<row_in_cell> ranked_rows(analysis const& run, cell_measurement const& cell) {
  std::vector<row_in_cell> ranked;
  for (std::size_t i = 0; i != run.rows.size(); ++i) {
    auto const* row = cell.find(run.rows[i].identity.row);
    if (row == nullptr || !row->measured() || run.rows[i].identity.twin) continue;
    if (is_saturated(*row)) continue;
    ranked.push_back({i, row, row->costs()});
  }
  return ranked;
}

double median_of(block_values const& values) {
  std::vector<double> list;
  for (auto const& [block, value] : values) list.push_back(value);
  return median(list);
}

// What to rank the rows of a cell by. A gust that slows all rows of one block must not decide
// between a row that ran in it and one that is compared with it elsewhere, so each block is first
// levelled by its mean over the rows. Where no block has all rows, the plain medians must do.
std::vector<double> costs_of(std::vector<row_in_cell> const& ranked) {
  std::vector<std::vector<double>> levelled(ranked.size());
  if (!ranked.empty()) {
    for (auto const& [block, ignored] : ranked.front().costs) {
      double sum = 0.0;
      bool complete = true;
      for (auto const& row : ranked) {
        auto const value = row.costs.find(block);
        complete = complete && value != row.costs.end();
        if (complete) sum += std::log(value->second);
      }
      if (!complete) continue;
      double const level = sum / static_cast<double>(ranked.size());
      for (std::size_t i = 0; i != ranked.size(); ++i) {
        levelled[i].push_back(std::log(ranked[i].costs.at(block)) - level);
      }
    }
  }
  std::vector<double> costs;
  for (std::size_t i = 0; i != ranked.size(); ++i) {
    costs.push_back(levelled[i].empty() ? median_of(ranked[i].costs) : median(levelled[i]));
  }
  return costs;
}

std::optional<std::size_t> best_of(std::vector<row_in_cell> const& ranked) {
  if (ranked.empty()) return std::nullopt;
  auto const costs = costs_of(ranked);
  return static_cast<std::size_t>(std::min_element(costs.begin(), costs.end()) - costs.begin());
}

// What one A/A pair shows, in the cells that both of it have run.
void add_pairs(analysis const& run, std::string const& original, std::string const& twin,
               std::vector<twin_values>& pairs) {
  for (planned_cell const& planned : run.cells) {
    auto const* cell = run.samples.find(planned.cell);
    if (cell == nullptr) continue;
    auto const* first = cell->find(original);
    auto const* second = cell->find(twin);
    if (first == nullptr || second == nullptr || !first->measured() || !second->measured()) {
      continue;
    }
    pairs.push_back({planned.cell, first->costs(), second->costs()});
  }
}

// There may be two pairs, one of runtimes and one of paths, which share no cell.
void find_noise(analysis& run) {
  std::vector<twin_values> pairs;
  for (planned_row const& row : run.rows) {
    if (!row.identity.twin) continue;
    std::string const& twin = row.identity.row;
    std::string const original = twin.substr(0, twin.rfind("#twin"));
    add_pairs(run, original, twin, pairs);
    run.original += (run.original.empty() ? "" : " and ") + original;
    run.twin += (run.twin.empty() ? "" : " and ") + twin;
  }
  if (!run.twin.empty()) run.noise = judge_noise(pairs);
}

json noise_of(analysis const& run) {
  if (!run.noise) return json();
  session_noise const& noise = *run.noise;
  json document{{"row", run.original},
                {"twin", run.twin},
                {"ratio_median", noise.ratio.value.median},
                {"ratio_low", noise.ratio.value.low},
                {"ratio_high", noise.ratio.value.high},
                {"confidence", noise.ratio.value.confidence},
                {"blocks", noise.ratio.blocks},
                {"separated", noise.separated},
                {"spread", noise.spread}};
  json& cells = document["cells"] = json::array();
  for (cell_noise const& cell : noise.cells) {
    cells.push_back({{"cell", cell.cell},
                     {"ratio", cell.ratio.value.median},
                     {"low", cell.ratio.value.low},
                     {"high", cell.ratio.value.high},
                     {"confidence", cell.ratio.value.confidence},
                     {"floor", cell.floor},
                     {"separated", cell.separated}});
  }
  return document;
}

json ratio_document(ratio const& r, bool separated) {
  json document = json_of(r.value);
  document["separated"] = separated;
  return document;
}

json unmeasured(planned_row const& row, row_measurement const* seen) {
  if (!row.skipped.is_null()) {
    return {{"row", row.identity.row}, {"outcome", "skipped"}, {"reason", row.skipped}};
  }
  if (seen == nullptr) {
    return {{"row", row.identity.row},
            {"outcome", "skipped"},
            {"reason", "the run ended before this cell"}};
  }
  if (seen->outcome == outcome::ok) {
    return {{"row", row.identity.row},
            {"outcome", "failed"},
            {"reason", "its samples have no time or no operations"}};
  }
  return {{"row", row.identity.row},
          {"outcome", to_string(seen->outcome)},
          {"reason", reason_of(*seen)}};
}

// What the machine charges, whoever runs the cell: where this run has asked the machine, and it is
// the one on which the cell was run.
struct charge {
  double ns = 0.0;
  // Of a wake, which the machine tells in latencies: then it bounds the latencies of the cell, and
  // not the time of its operations, which may hold pauses.
  bool of_latency = false;
};

std::optional<charge> floor_of(analysis const& run, planned_cell const& planned) {
  if (planned.floor.empty()) return std::nullopt;
  for (planned_cell const& cell : run.cells) {
    if (cell.asked != "machine" || cell.params.value("what", "") != planned.floor) continue;
    if (cell.shard != planned.shard) continue;
    auto const* asked = run.samples.find(cell.cell);
    if (asked == nullptr) continue;
    for (auto const& [name, row] : asked->rows) {
      if (!row.measured()) continue;
      auto const times = static_cast<double>(planned.floor_times);
      // The middle: a few that were far too late would make the bound a loose one.
      if (row.latency_ns) {
        return charge{times * static_cast<double>(row.latency_ns->quantile(0.5)), true};
      }
      return charge{times * estimate_of(row.ns_per_operation())->median, false};
    }
  }
  return std::nullopt;
}

// The way without a proxy, in a cell that is asked of paths: what all others add to.
row_measurement const* direct_path(analysis const& run, planned_cell const& planned,
                                   cell_measurement const& cell) {
  if (planned.asked != "path") return nullptr;
  for (planned_row const& row : run.rows) {
    if (row.subject != "path" || row.identity.variant != "direct" || row.identity.twin) continue;
    auto const* seen = cell.find(row.identity.row);
    if (seen != nullptr && seen->measured()) return seen;
  }
  return nullptr;
}

json cell_document(analysis const& run, planned_cell const& planned) {
  static cell_measurement const nothing{};
  auto const* found = run.samples.find(planned.cell);
  cell_measurement const& cell = found == nullptr ? nothing : *found;
  auto const ranked = ranked_rows(run, cell);
  auto const best = best_of(ranked);
  double const floor = run.noise ? run.noise->floor_of(planned.cell) : 0.0;

  auto const separated = [&](std::size_t i, std::size_t j) {
    auto const r = paired_ratio(ranked[i].costs, ranked[j].costs);
    return r && r->separated(floor);
  };
  auto const groups = group_ranks(costs_of(ranked), separated);

  json document{{"cell", planned.cell},
                {"scenario", planned.scenario},
                {"params", planned.params},
                {"unit", planned.measures == "bytes" ? "B" : "ns"},
                {"measures", planned.measures},
                {"noise_floor", run.noise ? json(floor) : json()},
                {"best", best ? json(run.rows[ranked[*best].row].identity.row) : json()}};
  if (auto const bound = floor_of(run, planned)) {
    document["floor"] = {{"what", planned.floor},
                         {"times", planned.floor_times},
                         {"of", bound->of_latency ? "latency" : "operation"},
                         {"ns", bound->ns}};
  }
  auto const* const baseline = direct_path(run, planned, cell);
  json& results = document["results"] = json::array();
  for (planned_row const& row : run.rows) {
    if (!planned.asks(row)) continue;
    auto const* seen = cell.find(row.identity.row);
    if (seen == nullptr || !seen->measured()) {
      results.push_back(unmeasured(row, seen));
      continue;
    }
    json result{{"row", row.identity.row},
                {"outcome", "ok"},
                {"reason", ""},
                {"blocks", seen->blocks.size()}};
    result.update(quantities_of(*seen));

    if (auto const share = share_achieved(*seen)) {
      result["achieved"] = *share;
      result["saturated"] = is_saturated(*seen);
    }
    result["ratio_to_best"] = json();
    result["group"] = json();
    auto const rank = std::find_if(ranked.begin(), ranked.end(), [&](row_in_cell const& candidate) {
      return candidate.measured == seen;
    });
    if (rank != ranked.end()) {
      auto const i = static_cast<std::size_t>(rank - ranked.begin());
      result["group"] = groups[i];
      if (i == *best) {
        result["ratio_to_best"] =
            ratio_document({{1.0, 1.0, 1.0, 1.0}, seen->blocks.size()}, false);
      } else if (auto const r = paired_ratio(rank->costs, ranked[*best].costs)) {
        result["ratio_to_best"] = ratio_document(*r, r->separated(floor));
      }
    }
    if (baseline != nullptr && baseline != seen && !is_saturated(*seen)) {
      if (auto const r = paired_ratio(seen->costs(), baseline->costs())) {
        result["ratio_to_direct"] = ratio_document(*r, r->separated(floor));
      }
    }
    if (seen->latency_ns) result["latency"] = latency_of(*seen);
    results.push_back(std::move(result));
  }
  return document;
}

// Ratios to the best of each cell, as geometric means over the cells that all counted rows share;
// the cells are all asked of the same subject. A row that is ok in fewer than half of the cells
// would leave next to nothing to share: it is not counted, neither as a row nor as the best of a
// cell, and says so.
json geometric_means(analysis const& run, std::vector<planned_cell> const& cells) {
  std::string const asked = cells.empty() ? "runtime" : cells.front().asked;
  std::vector<std::vector<row_in_cell>> ranked;
  std::vector<std::size_t> ok_cells(run.rows.size(), 0);
  for (planned_cell const& planned : cells) {
    auto const* cell = run.samples.find(planned.cell);
    if (cell == nullptr) continue;
    auto rows = ranked_rows(run, *cell);
    if (rows.empty()) continue;
    for (auto const& row : rows) ++ok_cells[row.row];
    ranked.push_back(std::move(rows));
  }

  std::vector<bool> counted;
  for (std::size_t const ok : ok_cells) counted.push_back(ok != 0 && 2 * ok >= ranked.size());
  auto const number_counted = std::count(counted.begin(), counted.end(), true);
  for (auto& rows : ranked) {
    std::erase_if(rows, [&](row_in_cell const& row) { return !counted[row.row]; });
  }
  std::erase_if(ranked, [&](auto const& rows) { return std::ssize(rows) != number_counted; });

  std::vector<std::pair<double, json>> sorted;
  json left_out = json::array();
  for (std::size_t row = 0; row != run.rows.size(); ++row) {
    if (run.rows[row].identity.twin || run.rows[row].subject != asked) continue;
    std::string const& name = run.rows[row].identity.row;
    if (!counted[row] || ranked.empty()) {
      left_out.push_back(
          {{"row", name},
           {"ratio", nullptr},
           {"cells", 0},
           {"reason", fmt::format("ok in {} of {} cells", ok_cells[row], cells.size())}});
      continue;
    }
    std::vector<std::pair<block_values, block_values>> pairs;
    for (auto const& rows : ranked) {
      auto const own = std::find_if(rows.begin(), rows.end(),
                                    [&](row_in_cell const& r) { return r.row == row; });
      pairs.emplace_back(own->costs, rows[*best_of(rows)].costs);
    }
    auto const mean = ratio_of_logs(log_means_per_block(pairs));
    sorted.emplace_back(mean.value.median, json{{"row", name},
                                                {"ratio", mean.value.median},
                                                {"low", mean.value.low},
                                                {"high", mean.value.high},
                                                {"confidence", mean.value.confidence},
                                                {"cells", pairs.size()}});
  }
  std::sort(sorted.begin(), sorted.end(),
            [](auto const& a, auto const& b) { return a.first < b.first; });
  json document = json::array();
  for (auto& [ratio, entry] : sorted) document.push_back(std::move(entry));
  for (json& entry : left_out) document.push_back(std::move(entry));
  return document;
}

// Those that are compared by time: it is not averaged with bytes, nor with latencies.
std::vector<planned_cell> timed_cells_of(analysis const& run, std::string_view asked) {
  std::vector<planned_cell> timed = run.cells;
  std::erase_if(timed,
                [&](planned_cell const& c) { return c.measures != "time" || c.asked != asked; });
  return timed;
}

json scenarios_of(analysis const& run) {
  json document = json::array();
  std::vector<std::string> names;
  for (planned_cell const& cell : run.cells) {
    if (std::find(names.begin(), names.end(), cell.scenario) == names.end()) {
      names.push_back(cell.scenario);
    }
  }
  for (std::string const& name : names) {
    std::vector<planned_cell> cells;
    std::copy_if(run.cells.begin(), run.cells.end(), std::back_inserter(cells),
                 [&](planned_cell const& cell) { return cell.scenario == name; });
    document.push_back({{"scenario", name},
                        {"cells", cells.size()},
                        {"geometric_means", geometric_means(run, cells)}});
  }
  return document;
}

json or_null(json const& object, char const* key) {
  return object.is_object() && object.contains(key) ? object[key] : json();
}

// The most threads that the row was seen to run tasks on, in any cell that does not set up threads
// of its own; null where none was counted.
json most_threads_seen(json const& cells, json const& row) {
  json most;
  for (json const& cell : cells) {
    if (cell.at("params").contains("threads")) continue;
    for (json const& result : cell.at("results")) {
      if (result.at("row") != row || !result.contains("threads_used")) continue;
      json const& seen = result.at("threads_used");
      if (!seen.is_null() && (most.is_null() || seen > most)) most = seen;
    }
  }
  return most;
}

// Of which shards a merged run was made; null for a run of one machine.
json merged_of(json const& machine) {
  json const merged = or_null(machine, "merged");
  if (merged.is_null()) return merged;
  return {{"of", merged.at("of")},
          {"shards", merged.at("shards")},
          {"different_machines", merged.at("different_machines")}};
}

}  // namespace

nlohmann::ordered_json summarise(measurements const& samples, run_description const& description) {
  analysis run{.samples = samples,
               .rows = rows_of(samples, description.plan),
               .cells = cells_of(samples, description.plan),
               .noise = {},
               .original = {},
               .twin = {}};
  find_noise(run);

  auto const label = label_of_run(description.machine, run.noise ? &*run.noise : nullptr);
  json summary{{"version", 1},
               {"run", description.run},
               {"machine", description.machine},
               {"label", label.label.empty() ? json() : json(label.label)},
               {"label_reasons", label.reasons},
               {"merged", merged_of(description.machine)},
               {"blocks", samples.blocks()},
               {"blocks_planned", or_null(description.plan, "blocks")},
               {"samples", samples.samples()},
               {"seed", or_null(description.plan, "seed")}};
  json& rows = summary["rows"] = json::array();
  for (planned_row const& row : run.rows) {
    rows.push_back({{"row", row.identity.row},
                    {"contender", row.identity.contender},
                    {"variant", row.identity.variant},
                    {"twin", row.identity.twin},
                    {"subject", row.subject},
                    {"hello", row.hello},
                    {"skipped", row.skipped}});
  }
  summary["noise"] = noise_of(run);
  json& cells = summary["cells"] = json::array();
  for (planned_cell const& cell : run.cells) cells.push_back(cell_document(run, cell));
  // Not through the references from above: an object that grows moves what it holds.
  for (json& row : summary["rows"])
    row["threads_used"] = most_threads_seen(summary["cells"], row.at("row"));
  summary["geometric_means"] = geometric_means(run, timed_cells_of(run, "runtime"));
  // A path is no runtime, and is ranked among paths alone.
  auto const paths = timed_cells_of(run, "path");
  summary["geometric_means_of_paths"] = paths.empty() ? json() : geometric_means(run, paths);
  summary["scenarios"] = scenarios_of(run);
  summary["fits"] = fits_of(samples, description.machine, description.plan);
  return summary;
}

}  // namespace regatta::stats
