// How many processors there are, for grids that grow with the machine: the oracle plans cells where
// contenders run, so that both see the same.
#pragma once

#include <algorithm>
#include <thread>

#include "runtimes/interface/types.hpp"

namespace regatta::scenarios {

// At least 1.
inline u64 processors() { return std::max(std::thread::hardware_concurrency(), 1u); }

}  // namespace regatta::scenarios
