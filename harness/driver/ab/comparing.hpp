// A run whose purpose is one comparison: its samples, its confirmation, and the files made from
// both.
//
// The run's folder is like any other; what is compared stands in its plan.json under "comparison".
// The confirmation is a run of its own in the folder confirmation/, over the suspicious cells
// alone.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "harness/comparison/compare.hpp"
#include "harness/comparison/verdict.hpp"
#include "harness/driver/exit_code.hpp"
#include "harness/driver/interrupt.hpp"
#include "harness/driver/plan.hpp"
#include "harness/driver/run_folder.hpp"

namespace regatta::driver {

/// Measures the plan into the folder, and what came out suspicious again into confirmation/ unless
/// `confirm` is false. False if the user interrupted; what was measured is kept.
bool measure_comparison(plan& p, const run_folder& folder, bool confirm, const interrupt& stop);

/// Makes the document from what lies in the folder; nothing is measured. Throws ends_command for a
/// folder that holds no comparison.
nlohmann::ordered_json comparison_of(const run_folder& folder);

/// Two rows of one run, over the cells that both have. Throws ends_command for a row that there is
/// not.
nlohmann::ordered_json comparison_of_rows(const run_folder& folder, const std::string& base,
                                          const std::string& head);

/// The rows that two runs have in common. Throws ends_command for runs of two machines, unless
/// `force`: then it is noted.
nlohmann::ordered_json comparison_of_runs(const run_folder& base, const run_folder& head,
                                          bool force);

/// Writes comparison.json, comparison.md and junit.xml into the folder.
void write_comparison_files(const run_folder& folder, const nlohmann::ordered_json& document);

/// 0 for unchanged and better, 1 for worse, 3 for what could not be measured.
exit_code exit_code_of(const nlohmann::ordered_json& document);

}  // namespace regatta::driver
