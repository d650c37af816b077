#include "harness/stats/fits.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/stats/line_fit.hpp"
#include "harness/stats/usl_fit.hpp"

namespace regatta::stats {
namespace {

using json = nlohmann::ordered_json;

// What one row did in the cells of a scenario that differ in one parameter only: for each value of
// that parameter, its measurement.
struct series {
  std::string row;
  std::string choice;  // the value of the parameter that tells series apart
  std::vector<std::pair<double, row_measurement const*>> steps;
  std::set<std::uint64_t> shards;  // of a merged run: the machines on which they were measured
};

// Of a merged run, on which shard's machine each cell was measured.
using cell_shards = std::map<std::string, std::uint64_t>;

cell_shards shards_of(json const& plan) {
  cell_shards shards;
  if (!plan.is_object() || !plan.contains("cells")) return shards;
  for (json const& cell : plan.at("cells")) {
    shards[cell.at("cell")] = cell.value("shard", std::uint64_t{0});
  }
  return shards;
}

constexpr char const* on_several_machines =
    "its cells were measured on different machines, whose numbers do not make one curve";

std::string word_of(json const& params, char const* name) {
  if (!params.contains(name)) return {};
  json const& value = params.at(name);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// The series of a scenario, in the order in which rows and cells were first met. A cell in which
// the row has no number is no step; a row without any number is no series. The twin is left out: it
// would only double its original.
std::vector<series> series_of(measurements const& samples, std::string_view scenario,
                              char const* choice, char const* over, cell_shards const& shards) {
  std::vector<series> all;
  for (row_identity const& row : samples.rows()) {
    if (row.twin) continue;
    for (cell_measurement const& cell : samples.cells()) {
      if (cell.scenario != scenario || !cell.params.contains(over)) continue;
      auto const* measured = cell.find(row.row);
      if (measured == nullptr || !measured->measured()) continue;
      json const& size = cell.params.at(over);
      if (!size.is_number()) continue;
      std::string const chosen = word_of(cell.params, choice);
      auto found = std::find_if(all.begin(), all.end(), [&](series const& s) {
        return s.row == row.row && s.choice == chosen;
      });
      if (found == all.end()) {
        found = all.insert(all.end(),
                           series{.row = row.row, .choice = chosen, .steps = {}, .shards = {}});
      }
      auto const shard = shards.find(cell.cell);
      found->shards.insert(shard == shards.end() ? 0 : shard->second);
      found->steps.emplace_back(size.get<double>(), measured);
    }
  }
  return all;
}

json json_of(estimate const& e) {
  return {{"median", e.median}, {"low", e.low}, {"high", e.high}, {"confidence", e.confidence}};
}

// An interval over the blocks, or null where no block could be fitted by itself.
json over_blocks(std::vector<double> const& values) {
  auto const e = estimate_median(values);
  return e ? json_of(*e) : json();
}

// The points of a series: of all blocks together, and of each by itself.
template <class Point>
struct gathered_points {
  std::vector<Point> pooled;
  std::map<std::uint64_t, std::vector<Point>> by_block;
};

// `value` of a block is what it measured, or nothing.
template <class Point, class Value>
gathered_points<Point> points_of(series const& s, Value const& value) {
  gathered_points<Point> points;
  for (auto const& [size, measured] : s.steps) {
    for (auto const& [number, block] : measured->blocks) {
      std::optional<double> const seen = value(block);
      if (!seen) continue;
      points.pooled.push_back({size, *seen});
      points.by_block[number].push_back({size, *seen});
    }
  }
  return points;
}

// ---- memory

std::optional<double> bytes_of(block_measurement const& block) {
  auto const found = block.counters.find("bytes");
  if (found == block.counters.end() || block.iterations == 0) return std::nullopt;
  return static_cast<double>(found->second) / static_cast<double>(block.iterations);
}

// Which scenarios are about bytes that rise with a number of something.
struct line_of_bytes {
  char const* scenario;
  char const* choice;  // the parameter that tells series apart; or none
  char const* over;
  char const* kind;  // of all series, where there is no choice
};
constexpr std::array<line_of_bytes, 2> lines_of_bytes{{
    {"memory", "kind", "tasks", ""},
    {"path_memory", "", "connections", "proxied connection"},
}};

json line_of(series const& s, line_of_bytes const& what) {
  auto const points = points_of<point>(s, bytes_of);
  std::vector<double> slopes;
  std::vector<double> intercepts;
  for (auto const& [number, of_block] : points.by_block) {
    if (auto const fit = fit_line(of_block).value) {
      slopes.push_back(fit->slope);
      intercepts.push_back(fit->intercept);
    }
  }
  json document{{"row", s.row},
                {"scenario", what.scenario},
                {"kind", s.choice.empty() ? what.kind : s.choice},
                {"over", what.over},
                {"blocks", slopes.size()},
                {"points", points.pooled.size()}};
  auto const fit = fit_line(points.pooled);
  bool const on_one_machine = s.shards.size() == 1;
  document["reason"] = on_one_machine ? fit.reason : on_several_machines;
  if (!fit.value || !on_one_machine) return document;
  document["slope"] = over_blocks(slopes);
  document["intercept"] = over_blocks(intercepts);
  document["pooled"] = {{"slope", fit.value->slope},
                        {"slope_error", fit.value->slope_error},
                        {"intercept", fit.value->intercept},
                        {"intercept_error", fit.value->intercept_error}};
  document["largest_residual"] = fit.value->largest_residual;
  document["straight"] = fit.value->straight();
  return document;
}

// ---- scaling

// The CPUs that the run might use, or those of the machine; 0 where neither is known.
std::size_t processors_of(json const& machine) {
  if (!machine.is_object() || !machine.contains("cpu")) return 0;
  json const& cpu = machine.at("cpu");
  if (!cpu.is_object()) return 0;
  if (cpu.contains("allowed") && cpu.at("allowed").is_array() && !cpu.at("allowed").empty()) {
    return cpu.at("allowed").size();
  }
  if (!cpu.contains("logical") || !cpu.at("logical").is_number_unsigned()) return 0;
  return cpu.at("logical").get<std::size_t>();
}

std::optional<double> throughput_of(block_measurement const& block) {
  return 1e9 / block.median_ns_per_operation();
}

json scalability_of(series const& s, std::size_t processors) {
  auto const points = points_of<throughput_point>(s, throughput_of);
  std::vector<double> lambdas;
  std::vector<double> sigmas;
  std::vector<double> kappas;
  for (auto const& [number, of_block] : points.by_block) {
    if (auto const fit = fit_usl(of_block, processors).value) {
      lambdas.push_back(fit->lambda);
      sigmas.push_back(fit->sigma);
      kappas.push_back(fit->kappa);
    }
  }
  json document{{"row", s.row},      {"scenario", "scaling"},    {"work", s.choice},
                {"over", "threads"}, {"blocks", lambdas.size()}, {"points", points.pooled.size()}};
  auto const fit = fit_usl(points.pooled, processors);
  bool const on_one_machine = s.shards.size() == 1;
  document["reason"] = on_one_machine ? fit.reason : on_several_machines;
  if (!fit.value || !on_one_machine) return document;
  usl const& curve = *fit.value;
  auto const peak = curve.peak();
  document["points"] = curve.points;
  document["fitted"] = curve.fitted;
  document["beyond_processors"] = curve.beyond_processors;
  document["lambda"] = over_blocks(lambdas);
  document["sigma"] = over_blocks(sigmas);
  document["kappa"] = over_blocks(kappas);
  document["pooled"] = {{"lambda", curve.lambda}, {"sigma", curve.sigma}, {"kappa", curve.kappa}};
  document["r_squared"] = curve.r_squared ? json(*curve.r_squared) : json();
  document["peak_threads"] = peak ? json(*peak) : json();
  return document;
}

}  // namespace

nlohmann::ordered_json fits_of(measurements const& samples, nlohmann::ordered_json const& machine,
                               nlohmann::ordered_json const& plan) {
  auto const shards = shards_of(plan);
  json lines = json::array();
  for (line_of_bytes const& what : lines_of_bytes) {
    for (series const& s : series_of(samples, what.scenario, what.choice, what.over, shards)) {
      lines.push_back(line_of(s, what));
    }
  }
  json curves = json::array();
  auto const processors = processors_of(machine);
  for (series const& s : series_of(samples, "scaling", "work", "threads", shards)) {
    curves.push_back(scalability_of(s, processors));
  }
  return {{"processors", processors == 0 ? json() : json(processors)},
          {"lines", std::move(lines)},
          {"scalability", std::move(curves)}};
}

}  // namespace regatta::stats
