// libuv's engine under this repository's tasks: its loop, timers, streams and threadpool. One
// thread, the one that calls block_on(), runs the loop; other threads leave work in an inbox and
// call uv_async_send().
//
// What is ready stands in a queue that an idle handle drains, a bounded batch in each turn of the
// loop. libuv does not wait for events while an idle handle is active, so it is stopped when the
// queue is empty.
#pragma once

#include <uv.h>

#include <atomic>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include "runtimes/core/current.hpp"
#include "runtimes/core/visitors.hpp"
#include "runtimes/core/work_queue.hpp"
#include "runtimes/interface/file.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/runtime.hpp"
#include "runtimes/libuv/blocking.hpp"
#include "runtimes/libuv/file.hpp"
#include "runtimes/libuv/loop_context.hpp"
#include "runtimes/libuv/stream.hpp"
#include "runtimes/libuv/timers.hpp"

namespace regatta::runtimes::libuv {

class runtime final : public runtime_defaults<runtime> {
 public:
  using threading = one_thread;
  using stream = libuv::stream;
  using listener = libuv::listener;
  using file = libuv::file;

  // There is one thread, whatever the options ask for. Throws std::system_error where the system
  // gives no descriptors. Makes this process ignore SIGPIPE, as libuv's programs must.
  explicit runtime(runtime_options = {});
  // Waits for blocking jobs that are running, destroys the tasks that have not ended, and runs the
  // loop until every handle is closed. Not while another thread is in block_on().
  ~runtime();
  runtime(runtime const&) = delete;
  runtime& operator=(runtime const&) = delete;

  static runtime_info info();
  u32 threads() const noexcept { return 1; }
  runtime_counters counters() const noexcept;

  // Runs this task to its end, and every other task meanwhile. Any thread, but one at a time, and
  // not from a task of this runtime.
  template <class T>
  T block_on(task<T> root);

  // Makes work ready. Any thread.
  void post(work& w) noexcept override;
  void post_new(work& root) noexcept;
  // The work's own turn only, so we are on the runtime's thread.
  void post_yielded(work& w) noexcept { make_ready(w); }

  // Everything below is for tasks of this runtime, on their turn, but for listen(): any thread
  // while nobody is in block_on().

  // Suspends until the deadline has passed. Safe to cancel.
  auto sleep_until(time_point deadline) noexcept { return sleep_awaiter<runtime>(*this, deadline); }

  io_expected<listener> listen(endpoint const& where, listen_options options = {}) {
    return listener::listen(context_, where, options);
  }
  io_expected<listener> adopt_listener(int descriptor) {
    return listener::adopt(context_, descriptor);
  }
  auto connect(endpoint const& where, connect_options options = {}) noexcept {
    return connect_operation(context_, where, options);
  }

  // Runs a function that may block on a thread of libuv's. Safe to cancel: the function runs on.
  template <class F>
  auto run_blocking(F&& function) {
    return blocking_operation<std::decay_t<F>>(context_, std::forward<F>(function));
  }
  auto open(std::string path, open_mode mode) {
    return open_operation(context_, std::move(path), mode);
  }

  // For sleep_awaiter.
  libuv::timers& timers() noexcept { return timers_; }

 private:
  class driver;
  // A task that block_on() waits for, whatever its type.
  struct goal {
    bool (*is_reached)(void const* joiner) noexcept;
    void const* joiner;
  };

  static runtime& of(uv_loop_t const& loop) noexcept { return *static_cast<runtime*>(loop.data); }

  void run_until(goal const& end) noexcept;
  void run_batch() noexcept;
  void make_ready(work& w) noexcept;
  void keep_turning() noexcept;
  void take_inbox() noexcept;
  void finish_jobs() noexcept;
  void close_loop() noexcept;

  loop_context context_;
  uv_idle_t idle_;    // Active while something is ready.
  uv_async_t async_;  // How other threads wake the loop.
  libuv::timers timers_;
  core::work_queue ready_;
  bool is_turning_ = false;  // The idle handle is active.
  bool is_ending_ = false;   // No task runs any more.
  goal const* goal_ = nullptr;
  runtime_counters counters_;  // Of the driving thread.
  // From here on: what other threads touch. Padded, not aligned: a runtime may live in a
  // coroutine's frame, and frames are not over-aligned.
  [[maybe_unused]] std::byte padding_[64];
  core::work_inbox inbox_;
  core::visitors visitors_;
  std::atomic<u64> spawned_outside_{0};
  std::atomic<u64> wakes_{0};
  std::atomic<bool> is_driven_{false};
};

// Says, for a scope, that this thread is the one that drives.
class runtime::driver {
 public:
  explicit driver(runtime& rt) noexcept : rt_(rt), here_(&rt) {
    REGATTA_ASSERT(!rt.is_driven_.exchange(true, std::memory_order_acquire),
                   "only one thread at a time may be in block_on() of a libuv runtime, and none of "
                   "its own tasks: await the task instead");
  }
  // Release: the next thread to drive takes over all that this one did.
  ~driver() { rt_.is_driven_.store(false, std::memory_order_release); }

 private:
  runtime& rt_;
  core::driving here_;
};

template <class T>
T runtime::block_on(task<T> root) {
  driver const here(*this);
  take_inbox();  // What was spawned before goes first.
  joiner<T> end = spawn(std::move(root));
  auto const is_finished = [](void const* one) noexcept {
    return static_cast<joiner<T> const*>(one)->is_finished();
  };
  run_until({.is_reached = is_finished, .joiner = &end});
  return end.take_finished();
}

static_assert(net_runtime<runtime> && file_runtime<runtime> && blocking_runtime<runtime> &&
              counted_runtime<runtime>);

}  // namespace regatta::runtimes::libuv
