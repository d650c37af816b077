// How many processors this process may use.
#pragma once

#include <sched.h>

#include <algorithm>
#include <thread>

#include "runtimes/interface/types.hpp"

namespace regatta::core {

// Honours the affinity mask, unlike std::thread::hardware_concurrency() on some systems. At
// least 1.
inline u32 usable_processors() noexcept {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) {
    return static_cast<u32>(std::max(CPU_COUNT(&allowed), 1));
  }
  return std::max(std::thread::hardware_concurrency(), 1u);
}

}  // namespace regatta::core
