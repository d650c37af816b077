// Which cells are compared where nobody names any.
#pragma once

#include <vector>

#include "harness/driver/cells.hpp"

namespace regatta::driver {

/// The gate's: few, quick, quiet, and each about another part of a scheduler. What keeps the
/// processor busy repeats well; whatever waits for a timer, a disk or a socket is left to `ab`.
std::vector<cell> gate_cells();

/// Those of the quick matrix that runtimes are asked for and whose cost is a time.
std::vector<cell> comparable_cells(std::vector<cell> all);

}  // namespace regatta::driver
