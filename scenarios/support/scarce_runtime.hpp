// A runtime for tests that gives out: after so many tasks, spawn() throws. So a test can end a
// scenario at any of its spawns, and see what it leaves behind. One thread, which runs the newest
// task first: what was spawned before a failure runs after whoever failed is gone, so that the
// address sanitizer finds what still refers to it.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "runtimes/interface/runtime.hpp"

namespace regatta::scenarios {

class scarce_runtime final : public runtime_defaults<scarce_runtime> {
 public:
  using threading = one_thread;
  explicit scarce_runtime(runtime_options = {}) {}
  ~scarce_runtime() { destroy_roots(); }

  static runtime_info info() { return {"scarce", "0", "newest first", "none"}; }

  // How many tasks can still be spawned; the one in block_on() does not count.
  void allow(u64 tasks) {
    std::lock_guard const guard(mutex_);
    tasks_left_ = tasks;
  }
  // How often tasks have yielded.
  u64 yields() const { return yields_; }

  void post(work& w) noexcept override {
    std::lock_guard const guard(mutex_);
    ready_.push_back(&w);
    arrived_.notify_one();
  }
  void post_yielded(work& w) noexcept {
    ++yields_;
    std::lock_guard const guard(mutex_);
    ready_.push_front(&w);
  }

  template <class T>
  joiner<T> spawn(task<T> started) {
    take_one();
    return runtime_defaults::spawn(std::move(started));
  }
  template <class T>
  T block_on(task<T> root) {
    joiner<T> end = runtime_defaults::spawn(std::move(root));
    while (!end.is_finished()) next().resume();
    return end.take_finished();
  }

 private:
  void take_one() {
    std::lock_guard const guard(mutex_);
    if (tasks_left_ == 0) throw limit_exceeded("no task is left");
    --tasks_left_;
  }
  work& next() {
    std::unique_lock guard(mutex_);
    arrived_.wait(guard, [this] { return !ready_.empty(); });
    work& newest = *ready_.back();
    ready_.pop_back();
    budget::refill();
    return newest;
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<work*> ready_;  // The next one last.
  u64 tasks_left_ = 1'000'000;
  u64 yields_ = 0;
};
static_assert(runtime<scarce_runtime>);

}  // namespace regatta::scenarios
