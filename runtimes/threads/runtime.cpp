#include "runtimes/threads/runtime.hpp"

namespace regatta::runtimes::threads {

runtime::~runtime() {
  crew_.shut_down();
  pool_.shut_down();
  destroy_roots();
}

runtime_info runtime::info() {
  return {
      .name = "threads", .version = "0.1.0", .scheduling = "a thread for each task", .io = "poll"};
}

void runtime::post(work& w) noexcept {
  REGATTA_ASSERT(w.executor != this, "wake a task through its own executor");
  w.wake();
}

}  // namespace regatta::runtimes::threads
