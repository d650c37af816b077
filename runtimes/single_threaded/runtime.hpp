// single_threaded: one thread, the one that calls block_on(), runs everything. No atomics and no
// locks on the way from one task to the next; other threads leave work in an inbox.
#pragma once

#include <atomic>

#include "runtimes/core/current.hpp"
#include "runtimes/core/work_queue.hpp"
#include "runtimes/interface/runtime.hpp"

namespace regatta::runtimes::single_threaded {

class runtime final : public runtime_defaults<runtime> {
 public:
  using threading = one_thread;

  explicit runtime(runtime_options = {}) {}
  ~runtime() { destroy_roots(); }

  static runtime_info info() {
    return {.name = "single_threaded",
            .version = "0.1.0",
            .scheduling = "single-threaded",
            .io = "none"};
  }
  u32 threads() const noexcept { return 1; }

  template <class T>
  T block_on(task<T> root) {
    core::driving const here(this);
    joiner<T> end = spawn(std::move(root));
    while (!end.is_finished()) turn();
    return end.take_finished();
  }

  void post(work& w) noexcept override {
    if (core::current() == this) {
      ready_.push(w);
    } else if (inbox_.push(w)) {
      arrivals_.fetch_add(1);
      arrivals_.notify_one();
    }
  }

  runtime_counters counters() const noexcept { return counters_; }

 private:
  void turn() {
    u32 const seen = arrivals_.load();
    inbox_.take_all(ready_);
    if (ready_.empty()) {
      ++counters_.parks;
      arrivals_.wait(seen);
      return;
    }
    for (u32 left = 64; left > 0; --left) {
      work* const w = ready_.pop();
      if (w == nullptr) break;
      ++counters_.polls;
      budget::refill();
      w->resume();
    }
  }

  core::work_queue ready_;
  core::work_inbox inbox_;
  std::atomic<u32> arrivals_{0};
  runtime_counters counters_;
};

static_assert(regatta::runtime<runtime>);

}  // namespace regatta::runtimes::single_threaded
