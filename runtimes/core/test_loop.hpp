// The least runtime with a reactor: for the tests of this folder, which may include no runtime.
#pragma once

#include "runtimes/core/current.hpp"
#include "runtimes/core/epoll_reactor.hpp"
#include "runtimes/core/work_queue.hpp"
#include "runtimes/interface/runtime.hpp"

namespace regatta::core {

template <class Threading>
class test_loop final : public runtime_defaults<test_loop<Threading>> {
 public:
  using threading = Threading;

  test_loop() = default;
  ~test_loop() { this->destroy_roots(); }

  template <class T>
  T block_on(task<T> root) {
    core::driving const here(this);
    joiner<T> end = this->spawn(std::move(root));
    while (!end.is_finished()) turn();
    return end.take_finished();
  }

  void post(work& w) noexcept override {
    if (core::current() == this) {
      ready_.push(w);
    } else if (inbox_.push(w)) {
      reactor_.wake();
    }
  }

  epoll_reactor<Threading>& reactor() noexcept { return reactor_; }
  void sleep_no_longer_than(duration limit) noexcept { limit_ = limit; }

 private:
  void turn() {
    auto const sink = [](work& w) { w.wake(); };
    inbox_.take_all(ready_);
    if (ready_.empty()) {
      auto const deadline = limit_ == duration::max() ? time_point::max() : clock::now() + limit_;
      reactor_.sleep_until(deadline, sink, [this] { return inbox_.empty(); });
    } else {
      reactor_.poll(sink);
    }
    for (u32 left = 8; left > 0; --left) {
      work* const w = ready_.pop();
      if (w == nullptr) break;
      budget::refill();
      w->resume();
    }
  }

  epoll_reactor<Threading> reactor_;
  work_queue ready_;
  work_inbox inbox_;
  duration limit_ = duration::max();
};

}  // namespace regatta::core
