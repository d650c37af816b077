// A runtime for tests that gives out: after so many tasks, spawn() throws. So a test can end a
// scenario at any of its spawns, and see what it leaves behind.
#pragma once

#include <atomic>
#include <optional>
#include <utility>

#include "runtimes/interface/least_runtime.hpp"

namespace regatta::scenarios {

class scarce_pool final : public runtime_defaults<scarce_pool> {
 public:
  using threading = many_threads;
  explicit scarce_pool(runtime_options options = {}) : pool_(std::in_place, options) {}
  ~scarce_pool() {
    pool_.reset();  // Its threads first: they run our tasks.
    destroy_roots();
  }

  static runtime_info info() { return {"scarce pool", "0", "shared queue", "none"}; }
  void post(work& w) noexcept override { pool_->post(w); }
  void post_yielded(work& w) noexcept {
    ++yields_;
    post(w);
  }

  // How many tasks can still be spawned; the one in block_on() does not count.
  void allow(u64 tasks) { tasks_left_ = static_cast<i64>(tasks); }
  // How often its tasks have yielded.
  u64 yields() const { return yields_; }

  template <class T>
  joiner<T> spawn(task<T> started) {
    if (--tasks_left_ < 0) throw limit_exceeded("no task is left");
    return runtime_defaults::spawn(std::move(started));
  }
  template <class T>
  T block_on(task<T> root) {
    return pool_->block_on(std::move(root));
  }

 private:
  std::atomic<i64> tasks_left_{1'000'000};
  std::atomic<u64> yields_{0};
  std::optional<least_pool> pool_;
};
static_assert(runtime<scarce_pool>);

}  // namespace regatta::scenarios
