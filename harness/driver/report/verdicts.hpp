// What is concluded from a run beside its summary: the choice for each profile, and the claims.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "harness/driver/report/summary.hpp"
#include "harness/driver/run_folder.hpp"

namespace regatta::driver {

/// laws.json of the run: which runtimes obey the laws that claims rest on. Null if nobody asked.
nlohmann::ordered_json read_laws(const run_folder& folder);

/// The claims with these numbers; none: all.
nlohmann::ordered_json claims_of_run(const run_folder& folder, const run_summary& summary,
                                     const std::vector<int>& only);

/// Writes claims.json and choice.json into the run's folder. Throws ends_command.
void write_verdicts(const run_folder& folder, const run_summary& summary);

}  // namespace regatta::driver
