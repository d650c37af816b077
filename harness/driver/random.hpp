// The driver draws from the same numbers as the statistics.
#pragma once

#include "harness/stats/random.hpp"

namespace regatta::driver {

using stats::mixed_seed;
using stats::random_source;

}  // namespace regatta::driver
