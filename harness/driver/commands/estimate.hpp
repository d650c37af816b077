// How long a run may take, before anything is measured.
#pragma once

#include <cstdint>

#include "harness/driver/plan.hpp"

namespace regatta::driver {

/// A rule of thumb, without a calibration. A sample takes the fastest row the target time and the
/// slowest up to ten times that; over a whole field it came to about three times the target. Cells
/// of which a single iteration takes longer than that are not foreseen.
std::uint64_t first_estimate_ns(const plan& p);

}  // namespace regatta::driver
