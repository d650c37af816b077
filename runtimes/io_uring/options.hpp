// What can be chosen of an io_uring runtime, beyond what every runtime can be asked for.
#pragma once

#include <cstddef>

#include "runtimes/interface/runtime.hpp"
#include "runtimes/io_uring/ring.hpp"

namespace regatta::runtimes::io_uring {

struct options {
  options() = default;
  explicit options(runtime_options common) : threads(common.threads) {}

  u32 threads = 0;  // 0: one for each processor. Of per_core.
  ring_options ring;
  // So much may arrive on a socket that nobody reads, and what was on its way; then the peer waits.
  std::size_t most_pending_bytes = 128 * 1024;
};

}  // namespace regatta::runtimes::io_uring
