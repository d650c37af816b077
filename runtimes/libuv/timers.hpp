// Sleeps on uv_timer_t. libuv counts in whole milliseconds: a deadline is rounded up to the next
// one, so that no sleep ends early. Those that fall into the same millisecond end in the order of
// their deadlines all the same.
//
// A timer that is over is kept, stopped, for the next sleep: to close a handle takes libuv a turn.
#pragma once

#include <uv.h>

#include <coroutine>
#include <memory>
#include <vector>

#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/types.hpp"
#include "runtimes/interface/work.hpp"

namespace regatta::runtimes::libuv {

class timers {
 public:
  struct timer {
    uv_timer_t handle;
    time_point deadline;
    u64 order = 0;  // Among those of the same deadline.
    work* sleeper = nullptr;
    timer* next_free = nullptr;
  };

  // `on_due` is called, with the timer's loop, whenever there is something for take_due().
  timers(uv_loop_t& loop, void (*on_due)(uv_loop_t&) noexcept) noexcept
      : loop_(loop), on_due_(on_due) {}
  timers(timers const&) = delete;
  timers& operator=(timers const&) = delete;

  // Wakes the sleeper after the deadline, through take_due().
  timer& start(time_point deadline, work& sleeper);
  // The sleeper's wait is over, in whichever way.
  void give_back(timer& unused) noexcept;

  // Hands out the sleepers whose time has come, in the order of their deadlines.
  template <class Sink>
  void take_due(Sink sink) {
    if (due_.empty()) return;
    sort_due();
    for (timer* const one : due_) sink(*one->sleeper);
    due_.clear();
  }
  // How many sleep.
  std::size_t running() const noexcept { return running_; }

  // Begins to close all handles. Nobody may sleep any more, and the memory stays until the loop has
  // run to its end.
  void close() noexcept;

 private:
  static void on_timer(uv_timer_t* handle) noexcept;
  void sort_due() noexcept;

  uv_loop_t& loop_;
  void (*on_due_)(uv_loop_t&) noexcept;
  std::vector<std::unique_ptr<timer>> all_;
  std::vector<timer*> due_;  // Filled and emptied within one turn of the loop.
  timer* free_ = nullptr;
  std::size_t running_ = 0;
  u64 started_ = 0;
};

// Host has timers() and post_yielded().
template <class Host>
class [[nodiscard("co_await it")]] sleep_awaiter {
 public:
  sleep_awaiter(Host& host, time_point deadline) noexcept : host_(host), deadline_(deadline) {}
  sleep_awaiter(sleep_awaiter const&) = delete;
  sleep_awaiter& operator=(sleep_awaiter const&) = delete;
  ~sleep_awaiter() {
    if (timer_ != nullptr) host_.timers().give_back(*timer_);
  }

  // Even where the deadline has passed, others run first.
  bool await_ready() const noexcept { return false; }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> task) {
    work& me = task.promise();
    if (deadline_ <= clock::now()) {
      me.wake();
    } else {
      timer_ = &host_.timers().start(deadline_, me);
    }
  }
  void await_resume() const noexcept {}

 private:
  Host& host_;
  time_point deadline_;
  timers::timer* timer_ = nullptr;
};

}  // namespace regatta::runtimes::libuv
