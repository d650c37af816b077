#include "harness/driver/report/google_benchmark.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "harness/driver/samples_file.hpp"

namespace regatta::driver {
namespace {

using json = nlohmann::ordered_json;

std::string benchmark_name(const stats::sample& s) {
  std::string name = s.scenario;
  for (const auto& [key, value] : s.params.items()) {
    name += "/" + key + ":" + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return name + "/" + s.row;
}

json repetition(const stats::sample& s, const std::string& name, std::size_t family,
                std::size_t index) {
  const auto iterations = static_cast<double>(s.iterations);
  json object = {{"name", name},
                 {"family_index", family},
                 {"per_family_instance_index", 0},
                 {"run_name", name},
                 {"run_type", "iteration"},
                 {"repetition_index", index},
                 {"threads", s.threads_used.value_or(1)},
                 {"iterations", s.iterations},
                 {"real_time", static_cast<double>(s.ns) / iterations},
                 {"cpu_time", static_cast<double>(s.cpu_ns.value_or(s.ns)) / iterations},
                 {"time_unit", "ns"}};
  object["items_per_second"] = static_cast<double>(s.operations) * 1e9 / static_cast<double>(s.ns);
  if (s.allocations) {
    object["allocs_per_iter"] = static_cast<double>(*s.allocations) / iterations;
  }
  return object;
}

json context_of(const json& summary) {
  const json& machine = summary.at("machine");
  json context = {{"executable", "regatta run"}, {"library_build_type", "release"}};
  // The format wants these keys; what the machine does not say is 0.
  context["date"] = summary.at("run");
  context["host_name"] = "";
  context["num_cpus"] = 0;
  context["mhz_per_cpu"] = 0;
  context["cpu_scaling_enabled"] = false;
  context["caches"] = json::array();
  if (machine.is_object()) context["machine"] = machine;
  return context;
}

}  // namespace

json google_benchmark_of(const run_folder& folder, const json& summary) {
  std::map<std::string, std::vector<stats::sample>> by_name;
  std::vector<std::string> order;
  for (stats::sample& s : read_samples(folder.samples()).samples) {
    if (!s.measured() || s.iterations == 0) continue;
    const std::string name = benchmark_name(s);
    auto& repetitions = by_name[name];
    if (repetitions.empty()) order.push_back(name);
    repetitions.push_back(std::move(s));
  }
  std::sort(order.begin(), order.end());
  json benchmarks = json::array();
  for (std::size_t family = 0; family < order.size(); ++family) {
    const auto& repetitions = by_name[order[family]];
    for (std::size_t i = 0; i < repetitions.size(); ++i) {
      json object = repetition(repetitions[i], order[family], family, i);
      object["repetitions"] = repetitions.size();
      benchmarks.push_back(std::move(object));
    }
  }
  return {{"context", context_of(summary)}, {"benchmarks", std::move(benchmarks)}};
}

}  // namespace regatta::driver
