#include "runtimes/io_uring/runtime.hpp"

#include "runtimes/core/processors.hpp"

namespace regatta::runtimes::io_uring {

one_thread::~one_thread() {
  pool_.shut_down();
  hub_.visitors().wait_until_gone();
  destroy_roots();
}

runtime_info one_thread::info() {
  return {
      .name = "io_uring", .version = "0.1.0", .scheduling = "single-threaded", .io = "io_uring"};
}

one_thread::driver::driver(one_thread& rt)
    : rt_(rt), here_(&rt.hub_, rt.hub_.loops().front().get()) {
  // Acquire: pairs with the release below.
  REGATTA_ASSERT(!rt.is_driven_.exchange(true, std::memory_order_acquire),
                 "only one thread at a time may be in block_on() of an io_uring/one_thread "
                 "runtime, and none of its own tasks: await the task instead");
  rt.hub_.loops().front()->begin();
}

one_thread::driver::~driver() {
  // With nothing in flight another thread may drive next, or destroy everything.
  rt_.hub_.loops().front()->end();
  // Release: the next thread to drive takes over all that this one did.
  rt_.is_driven_.store(false, std::memory_order_release);
}

per_core::per_core(options chosen)
    : runtime_on_rings(chosen.threads != 0 ? chosen.threads : core::usable_processors(), chosen) {
  threads_.reserve(hub_.loops().size());
  for (auto const& each : hub_.loops()) {
    threads_.emplace_back([&one = *each] { one.run_until_stopped(); });
  }
}

per_core::~per_core() {
  REGATTA_ASSERT(hub_.current() == nullptr,
                 "a task cannot destroy the runtime that runs it: destroy it after block_on()");
  // Jobs post to their waiters, so they end while there is somebody to post to.
  pool_.shut_down();
  hub_.visitors().wait_until_gone();
  hub_.stop();
  for (auto& each : threads_) each.join();
  destroy_roots();
}

runtime_info per_core::info() {
  return {
      .name = "io_uring", .version = "0.1.0", .scheduling = "thread per core", .io = "io_uring"};
}

}  // namespace regatta::runtimes::io_uring
