#include "harness/stats/benchmark_json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

namespace regatta::stats {
namespace {

using json = nlohmann::ordered_json;

// Google Benchmark writes parameters as "/name:value".
std::string name_of(std::string const& row, cell_measurement const& cell) {
  std::string name = row + "/" + cell.scenario;
  for (auto const& [parameter, value] : cell.params.items()) {
    name += fmt::format("/{}:{}", parameter,
                        value.is_string() ? value.get<std::string>() : value.dump());
  }
  return name;
}

struct repetition {
  double real_ns = 0.0;
  double cpu_ns = 0.0;
};

double mean(std::vector<double> const& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Of a sample, as Google Benchmark computes it: 0 for fewer than two values.
double standard_deviation(std::vector<double> const& values) {
  if (values.size() < 2) return 0.0;
  double const centre = mean(values);
  double sum = 0.0;
  for (double const value : values) sum += (value - centre) * (value - centre);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

class writer {
 public:
  void add_row(std::string const& row, cell_measurement const& cell,
               row_measurement const& measured) {
    std::string const name = name_of(row, cell);
    if (!measured.measured()) {
      json entry = header(name, name, "iteration");
      entry["repetitions"] = 0;
      entry["error_occurred"] = true;
      entry["error_message"] = fmt::format("{}{}{}", to_string(measured.outcome),
                                           measured.reason.empty() ? "" : ": ", measured.reason);
      entry["iterations"] = 0;
      entry["real_time"] = 0.0;
      entry["cpu_time"] = 0.0;
      entry["time_unit"] = "ns";
      benchmarks_.push_back(std::move(entry));
    } else {
      add_repetitions(name, measured);
    }
    ++family_;
  }

  json take() { return std::move(benchmarks_); }

 private:
  json header(std::string const& name, std::string const& run_name, char const* type) const {
    return {{"name", name},
            {"family_index", family_},
            {"per_family_instance_index", 0},
            {"run_name", run_name},
            {"run_type", type}};
  }

  void add_repetitions(std::string const& name, row_measurement const& measured) {
    std::vector<double> real, cpu;
    for (auto const& [number, block] : measured.blocks) {
      real.push_back(block.median_ns_per_operation());
      cpu.push_back(static_cast<double>(block.cpu_ns.value_or(0)) /
                    static_cast<double>(block.operations));
      json entry = header(name, name, "iteration");
      entry["repetitions"] = measured.blocks.size();
      entry["repetition_index"] = real.size() - 1;
      entry["threads"] = 1;
      entry["iterations"] = block.operations;
      entry["real_time"] = real.back();
      entry["cpu_time"] = cpu.back();
      entry["time_unit"] = "ns";
      entry["items_per_second"] = 1e9 / real.back();
      if (block.allocations) {
        entry["allocs_per_iter"] =
            static_cast<double>(*block.allocations) / static_cast<double>(block.operations);
      }
      benchmarks_.push_back(std::move(entry));
    }
    auto const count = real.size();
    add_aggregate(name, "mean", "time", mean(real), mean(cpu), count);
    add_aggregate(name, "median", "time", median(real), median(cpu), count);
    add_aggregate(name, "stddev", "time", standard_deviation(real), standard_deviation(cpu), count);
    auto const share = [](std::vector<double> const& values) {
      double const centre = mean(values);
      return centre > 0.0 ? standard_deviation(values) / centre : 0.0;
    };
    add_aggregate(name, "cv", "percentage", share(real), share(cpu), count);
  }

  void add_aggregate(std::string const& run_name, char const* aggregate, char const* unit,
                     double real, double cpu, std::size_t repetitions) {
    json entry = header(run_name + "_" + aggregate, run_name, "aggregate");
    entry["repetitions"] = repetitions;
    entry["threads"] = 1;
    entry["aggregate_name"] = aggregate;
    entry["aggregate_unit"] = unit;
    entry["iterations"] = repetitions;
    entry["real_time"] = real;
    entry["cpu_time"] = cpu;
    entry["time_unit"] = "ns";
    benchmarks_.push_back(std::move(entry));
  }

  json benchmarks_ = json::array();
  std::size_t family_ = 0;
};

json value_at(json const& machine, char const* path) {
  json::json_pointer const pointer(path);
  return machine.is_object() && machine.contains(pointer) ? machine.at(pointer) : json();
}

json context_of(json const& machine) {
  json context{{"date", value_at(machine, "/date")},
               {"host_name", "regatta"},
               {"executable", "regatta"},
               {"num_cpus", value_at(machine, "/cpu/logical")},
               {"mhz_per_cpu", value_at(machine, "/cpu/mhz")},
               {"cpu_scaling_enabled", false},
               {"caches", json::array()},
               {"load_avg", json::array()},
               {"library_build_type", "release"}};
  // Google Benchmark's readers pass over what else a program puts into the context.
  if (auto const commit = value_at(machine, "/git/commit"); commit.is_string()) {
    context["commit"] = commit;
  }
  auto const governor = value_at(machine, "/cpu/governor");
  context["cpu_scaling_enabled"] = governor.is_string() && governor != "performance";
  if (auto const load = value_at(machine, "/load/average"); load.is_array())
    context["load_avg"] = load;
  for (char const* number : {"num_cpus", "mhz_per_cpu"}) {
    if (context[number].is_null()) context[number] = 0;
  }
  return context;
}

}  // namespace

nlohmann::ordered_json benchmark_json(measurements const& samples,
                                      nlohmann::ordered_json const& machine) {
  writer out;
  for (row_identity const& row : samples.rows()) {
    for (cell_measurement const& cell : samples.cells()) {
      if (auto const* measured = cell.find(row.row)) out.add_row(row.row, cell, *measured);
    }
  }
  return {{"context", context_of(machine)}, {"benchmarks", out.take()}};
}

}  // namespace regatta::stats
