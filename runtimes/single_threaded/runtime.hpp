// single_threaded: one thread, the one that calls block_on(), runs everything. Its queues and
// channels need no locks and no atomics; other threads leave work in an inbox.
//
// A turn of the loop runs tasks, up to a limit; then it looks whether timers are due, sockets are
// ready or others have left work. Only when nothing is ready does it sleep, in epoll, until the
// next of these happens.
//
// The task that the running one has woken last goes next, a few times in a row at most: it is what
// the running one has just written for. Tasks that were just spawned go next, newest first, which
// keeps a tree of tasks in the cache and its memory as small as its depth. All others run first in,
// first out; they have a turn after every few of the former, and now and then the oldest of the
// spawned ones are let out.
#pragma once

#include <atomic>
#include <string>
#include <type_traits>
#include <utility>

#include "runtimes/core/blocking_pool.hpp"
#include "runtimes/core/current.hpp"
#include "runtimes/core/epoll_reactor.hpp"
#include "runtimes/core/pool_file.hpp"
#include "runtimes/core/socket.hpp"
#include "runtimes/core/timer_wheel.hpp"
#include "runtimes/core/visitors.hpp"
#include "runtimes/core/work_queue.hpp"
#include "runtimes/interface/file.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/runtime.hpp"

namespace regatta::runtimes::single_threaded {

class runtime final : public runtime_defaults<runtime> {
 public:
  using threading = one_thread;
  using stream = core::socket_stream<one_thread>;
  using listener = core::socket_listener<one_thread>;
  using file = core::pool_file;
  using wheel = core::timer_wheel<no_lock>;

  // Starts no thread and opens nothing. There is one thread, whatever the options ask for.
  explicit runtime(runtime_options = {}) {}
  // Waits for blocking jobs that are running, then destroys the tasks that have not ended. Not
  // while another thread is in block_on().
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
  void post_yielded(work& w) noexcept { ready_.push(w); }

  // Everything below is for tasks of this runtime, on their turn, but for listen(): any thread
  // while nobody is in block_on().

  // Suspends until the deadline has passed. Safe to cancel.
  auto sleep_until(time_point deadline) noexcept {
    return core::sleep_awaiter<wheel, runtime>(*this, deadline);
  }

  io_expected<listener> listen(endpoint const& where, listen_options options = {}) {
    return listener::listen(reactor_, where, options);
  }
  io_expected<listener> adopt_listener(int descriptor) {
    return listener::adopt(reactor_, descriptor);
  }
  auto connect(endpoint const& where, connect_options options = {}) noexcept {
    return core::connect_operation<one_thread>(reactor_, where, options);
  }

  // Runs a function that may block on a thread that may. Safe to cancel: the function runs on.
  template <class F>
  auto run_blocking(F&& function) {
    return core::blocking_operation<std::decay_t<F>>(pool_, std::forward<F>(function));
  }
  auto open(std::string path, open_mode mode) {
    return core::open_operation(pool_, std::move(path), mode);
  }

  // For sleep_awaiter. Whoever inserts a timer is awake, and so is our only thread.
  wheel& timers() noexcept { return timers_; }
  void interrupt_sleep(wheel&) noexcept {}

 private:
  class driver;

  void turn() noexcept;
  void run_ready() noexcept;
  void look_around() noexcept;
  void park() noexcept;
  void fire_timers() noexcept;
  void make_ready(work& w) noexcept;

  work* next() noexcept;

  core::work_queue ready_;
  core::work_stack spawned_;
  work* woken_ = nullptr;  // What the running task has woken last.
  u32 woken_in_a_row_ = 0;
  u32 spawned_in_a_row_ = 0;
  u32 polls_since_spawned_was_empty_ = 0;
  runtime_counters counters_;  // Of the driving thread.
  wheel timers_;
  core::epoll_reactor<one_thread> reactor_;
  core::blocking_pool pool_;
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
                   "only one thread at a time may be in block_on() of a single_threaded runtime, "
                   "and none of its own tasks: await the task instead");
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
  joiner<T> end = spawn(std::move(root));
  while (!end.is_finished()) turn();
  return end.take_finished();
}

static_assert(net_runtime<runtime> && file_runtime<runtime> && blocking_runtime<runtime> &&
              counted_runtime<runtime>);

}  // namespace regatta::runtimes::single_threaded
