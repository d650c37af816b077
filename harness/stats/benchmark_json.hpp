// A run in the JSON format of Google Benchmark, so that its compare.py and the trackers that read
// that format understand it.
#pragma once

#include <nlohmann/json.hpp>

#include "harness/stats/measurements.hpp"

namespace regatta::stats {

// One entry for each row, cell and block ("row/scenario/name:value/…", a repetition each, times in
// ns per operation), then the aggregates mean, median, stddev and cv under the names that Google
// Benchmark gives them. What was not measured is an entry with error_occurred and its reason.
nlohmann::ordered_json benchmark_json(measurements const& samples,
                                      nlohmann::ordered_json const& machine);

}  // namespace regatta::stats
