#include "harness/driver/report/summary.hpp"

#include <fmt/core.h>

#include <utility>

#include "harness/driver/outcome.hpp"
#include "harness/machine/fingerprint.hpp"
#include "harness/stats/benchmark_json.hpp"
#include "harness/stats/summary.hpp"
#include "harness/stats/summary_markdown.hpp"

namespace regatta::driver {

using json = nlohmann::ordered_json;

void write_machine(const run_folder& folder) {
  folder.write("machine.json", machine::fingerprint().dump(1) + "\n");
}

void write_load_after(const run_folder& folder) {
  json machine = folder.read_json("machine.json");
  machine["load_after"] = machine::weather();
  folder.write("machine.json", machine.dump(1) + "\n");
}

run_summary summarise_run(const run_folder& folder) {
  stats::samples_file read = stats::read_samples(folder.samples());
  run_summary summary;
  for (const stats::bad_line& bad : read.bad_lines) {
    summary.problems.push_back(fmt::format("{}: line {} is corrupt and is passed over: {}",
                                           folder.samples().string(), bad.number, bad.reason));
  }
  stats::run_description run;
  run.run = std::filesystem::weakly_canonical(folder.path()).filename().string();
  run.machine = folder.read_json("machine.json");
  run.plan = folder.read_json("plan.json");
  summary.document = stats::summarise(read.samples, run);
  summary.samples = std::move(read.samples);
  return summary;
}

void write_summary_files(const run_folder& folder, const run_summary& summary) {
  folder.write("summary.json", summary.document.dump(1) + "\n");
  folder.write("summary.md", stats::summary_markdown(summary.document));
  const json benchmarks = stats::benchmark_json(summary.samples, summary.document.at("machine"));
  folder.write("benchmark.json", benchmarks.dump(1) + "\n");
}

bool all_ok(const run_summary& summary) {
  if (!summary.problems.empty()) return false;
  for (const json& cell : summary.document.at("cells")) {
    for (const json& result : cell.at("results")) {
      const auto what = outcome_named(result.at("outcome").get<std::string>());
      if (!what || is_fault(*what)) return false;
    }
  }
  return true;
}

}  // namespace regatta::driver
