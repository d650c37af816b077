// From a run's raw samples to its summary, and into the files that are made from it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/driver/run_folder.hpp"
#include "harness/stats/measurements.hpp"

namespace regatta::driver {

struct run_summary {
  stats::measurements samples;
  nlohmann::ordered_json document;    ///< summary.json
  std::vector<std::string> problems;  ///< Lines of samples.jsonl that had to be passed over.
};

/// Writes machine.json: what this machine and build are.
void write_machine(const run_folder& folder);

/// Adds to machine.json what the machine's load was at the end of the run.
void write_load_after(const run_folder& folder);

/// Reads the run's files; corrupt lines are reported in `problems`. Throws ends_command.
run_summary summarise_run(const run_folder& folder);

/// Writes summary.json, summary.md and benchmark.json. Throws ends_command.
void write_summary_files(const run_folder& folder, const run_summary& summary);

/// Nothing corrupt, and no cell that a contender is to blame for.
bool all_ok(const run_summary& summary);

}  // namespace regatta::driver
