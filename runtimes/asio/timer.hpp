// sleep_until() on Asio's steady_timer.
#pragma once

#include <coroutine>
#include <utility>

#include "runtimes/asio/counted.hpp"
#include "runtimes/asio/loop.hpp"
#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/work.hpp"

namespace regatta::runtimes::asio {

// A timer and who waits for it: timer.cpp.
template <class Threading>
class alarm;
template <class Threading>
void keep(alarm<Threading>& kept_alarm) noexcept;
template <class Threading>
void let_go(alarm<Threading>& kept_alarm) noexcept;

// Makes an alarm; begins to wait, after which the task may be running elsewhere; forgets who waits.
template <class Threading>
kept<alarm<Threading>> make_alarm(loop<Threading>& where, time_point deadline);
template <class Threading>
void set(alarm<Threading>& unset, work& waiter);
template <class Threading>
void cancel(alarm<Threading>& pending) noexcept;

// Suspends until the deadline has passed. Safe to cancel: the timer is cancelled at once, and what
// is left of it knows nobody any more.
template <class Threading>
class [[nodiscard("co_await it")]] sleep_awaiter {
 public:
  sleep_awaiter(loop<Threading>& where, time_point deadline) noexcept
      : loop_(where), deadline_(deadline) {}
  sleep_awaiter(sleep_awaiter const&) = delete;
  sleep_awaiter& operator=(sleep_awaiter const&) = delete;
  ~sleep_awaiter() {
    if (alarm_) cancel(*alarm_);
  }

  bool await_ready() const noexcept { return false; }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> task) {
    alarm_ = make_alarm(loop_, deadline_);
    // An owner of our own: this frame may be gone before set() has returned.
    kept<alarm<Threading>> const here = alarm_;
    set(*here, task.promise());
  }
  void await_resume() noexcept { alarm_ = {}; }

 private:
  loop<Threading>& loop_;
  time_point deadline_;
  kept<alarm<Threading>> alarm_;
};

}  // namespace regatta::runtimes::asio
