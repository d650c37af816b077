// The fits of a run: what a further task costs in memory, and how throughput follows threads.
//
// They are what the cells of one scenario say together: no cell alone holds a slope. Keys are
// described in results/README.md.
#pragma once

#include <nlohmann/json.hpp>

#include "harness/stats/measurements.hpp"

namespace regatta::stats {

// The entry "fits" of summary.json. `machine` is machine.json, or null: of it only the number of
// processors is read. `plan` is plan.json, or null: of it only on which machine a merged run has
// measured each cell; a series of several machines is not fitted.
nlohmann::ordered_json fits_of(measurements const& samples, nlohmann::ordered_json const& machine,
                               nlohmann::ordered_json const& plan = {});

}  // namespace regatta::stats
