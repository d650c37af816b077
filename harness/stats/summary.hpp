// The summary of a run: what every table, chart and verdict about it is made from.
//
// It is computed from the raw samples alone, so it can be made again at any time and comes out the
// same. Its keys are described in results/README.md.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "harness/stats/measurements.hpp"

namespace regatta::stats {

struct run_description {
  std::string run;                 // the name of its folder
  nlohmann::ordered_json machine;  // machine.json; may be null
  // plan.json; may be null. Read are "seed", "blocks", "rows" (a list of objects with "row",
  // "contender", "variant", "twin", "hello" and "skipped": null or the reason) and "cells" (a list
  // of objects with "cell", "scenario", "params"). They say what there should be: a row or a cell
  // without samples still appears, with an outcome.
  nlohmann::ordered_json plan;
};

// The document summary.json.
nlohmann::ordered_json summarise(measurements const& samples, run_description const& run);

}  // namespace regatta::stats
