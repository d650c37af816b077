// benchmark.json: the same samples in Google Benchmark's format, so that its compare.py and the CI
// trackers that read it work on a run of ours.
#pragma once

#include <nlohmann/json.hpp>

#include "harness/driver/run_folder.hpp"

namespace regatta::driver {

/// Each sample is a repetition; a benchmark is called `scenario/name:value/…/row`; its time is that
/// of one iteration.
nlohmann::ordered_json google_benchmark_of(const run_folder& folder,
                                           const nlohmann::ordered_json& summary);

}  // namespace regatta::driver
