// libuv's threadpool, as those see it who count threads.
#pragma once

#include <atomic>
#include <optional>

#include "runtimes/core/blocking_thread.hpp"

namespace regatta::runtimes::libuv {

// libuv starts all threads of its pool at the first request of the process, on the thread that
// makes it: while this lives they are born with the name of threads that never run a task. (From
// libuv 1.50 on they name themselves otherwise.)
class pool_birth {
 public:
  pool_birth() {
    if (!has_happened_.exchange(true)) naming_.emplace();
  }

 private:
  static inline std::atomic<bool> has_happened_{false};
  std::optional<core::births_of_blocking_threads> naming_;
};

}  // namespace regatta::runtimes::libuv
