// io_uring: loops of our own on io_uring, one a thread. Two runtimes in two configurations:
//
//   one_thread  One loop, driven by whoever calls block_on(); no thread of its own.
//   per_core    A loop and a thread for each processor, each with a ring of its own; block_on()
//   only
//               waits. A task stays with the loop that ran it first.
//
// See loop.hpp for where tasks come from, and source.hpp for sockets.
#pragma once

#include <atomic>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtimes/core/blocking_pool.hpp"
#include "runtimes/core/current.hpp"
#include "runtimes/core/parker.hpp"
#include "runtimes/interface/file.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/runtime.hpp"
#include "runtimes/io_uring/file.hpp"
#include "runtimes/io_uring/loop.hpp"
#include "runtimes/io_uring/options.hpp"
#include "runtimes/io_uring/socket.hpp"

namespace regatta::runtimes::io_uring {

// What both have in common.
template <class Self, class Threading>
class runtime_on_rings : public runtime_defaults<Self> {
 public:
  using threading = Threading;
  using stream = io_uring::stream<Threading>;
  using listener = io_uring::listener<Threading>;
  using file = io_uring::file<Threading>;

  u32 threads() const noexcept { return static_cast<u32>(hub_.loops().size()); }
  runtime_counters counters() const noexcept { return hub_.counters(); }

  // Makes work ready. Any thread.
  void post(work& w) noexcept override { hub_.here().post(w); }
  void post_new(work& root) { hub_.spawn(root); }

  // Everything below is for tasks, on their turn, but for listen(): any thread while none of them
  // runs.

  class yield_awaiter {
   public:
    explicit yield_awaiter(hub<Threading>& rt) noexcept : hub_(rt) {}

    bool await_ready() const noexcept { return false; }
    template <has_work P>
    REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> h) const noexcept {
      work& me = h.promise();
      loop<Threading>* const here = hub_.current();
      // A member of a group goes back to its group.
      if (here != nullptr && me.executor == here) {
        here->post_yielded(me);
      } else {
        me.wake();
      }
    }
    void await_resume() const noexcept {}

   private:
    hub<Threading>& hub_;
  };
  // Lets every other ready task of this loop run before this one goes on.
  yield_awaiter yield() noexcept { return yield_awaiter(hub_); }

  // Suspends until the deadline has passed. Safe to cancel.
  auto sleep_until(time_point deadline) noexcept {
    return core::sleep_awaiter<typename loop<Threading>::wheel, loop<Threading>>(hub_.here(),
                                                                                 deadline);
  }

  io_expected<listener> listen(endpoint const& where, listen_options chosen = {}) {
    return listener::listen(hub_, where, chosen);
  }
  io_expected<listener> adopt_listener(int descriptor) { return listener::adopt(hub_, descriptor); }
  auto connect(endpoint const& where, connect_options chosen = {}) noexcept {
    return connect_operation<Threading>(hub_, where, chosen);
  }

  // Runs a function that may block on a thread that may. Safe to cancel: the function runs on.
  template <class F>
  auto run_blocking(F&& function) {
    return core::blocking_operation<std::decay_t<F>>(pool_, std::forward<F>(function));
  }
  auto open(std::string path, open_mode mode) {
    return open_operation<Threading>(hub_, pool_, std::move(path), mode);
  }

 protected:
  runtime_on_rings(u32 loops, options const& chosen) : hub_(loops, chosen) {}
  ~runtime_on_rings() = default;

  hub<Threading> hub_;
  core::blocking_pool pool_;
};

class one_thread final : public runtime_on_rings<one_thread, regatta::one_thread> {
 public:
  // There is one thread, whatever the options ask for. Throws runtime_unsupported where the kernel
  // refuses io_uring.
  explicit one_thread(options chosen = {}) : runtime_on_rings(1, chosen) {}
  explicit one_thread(runtime_options common) : one_thread(options(common)) {}
  // Waits for blocking jobs that are running, then destroys the tasks that have not ended. Not
  // while another thread is in block_on().
  ~one_thread();

  static runtime_info info();

  // Runs this task to its end, and every other task meanwhile. Any thread, but one at a time, and
  // not from a task of this runtime.
  template <class T>
  T block_on(task<T> root);

 private:
  class driver;

  std::atomic<bool> is_driven_{false};
};

// Says, for a scope, that this thread is the one that drives.
class one_thread::driver {
 public:
  explicit driver(one_thread& rt);
  ~driver();
  driver(driver const&) = delete;
  driver& operator=(driver const&) = delete;

 private:
  one_thread& rt_;
  core::driving here_;
};

template <class T>
T one_thread::block_on(task<T> root) {
  driver const here(*this);
  joiner<T> end = spawn(std::move(root));
  auto& only = *hub_.loops().front();
  while (!end.is_finished()) only.turn();
  return end.take_finished();
}

class per_core final : public runtime_on_rings<per_core, many_threads> {
 public:
  static constexpr bool caller_only_waits = true;  // In block_on().

  // Starts its threads. Throws runtime_unsupported where the kernel refuses io_uring.
  explicit per_core(options chosen = {});
  explicit per_core(runtime_options common) : per_core(options(common)) {}
  // Ends the threads, then destroys the tasks that have not ended. Not from one of its own tasks.
  ~per_core();

  static runtime_info info();

  // Has the task run to its end and waits for it. Any thread that is none of this runtime's.
  template <class T>
  T block_on(task<T> root);

 private:
  template <class T>
  static task<void> run_main(task<T> root, core::parker& ended,
                             std::optional<value_or_nothing<T>>& value,
                             std::exception_ptr& failure);

  std::vector<std::thread> threads_;
};

template <class T>
task<void> per_core::run_main(task<T> root, core::parker& ended,
                              std::optional<value_or_nothing<T>>& value,
                              std::exception_ptr& failure) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await root;
      value.emplace();
    } else {
      value.emplace(co_await root);
    }
  } catch (...) {
    failure = std::current_exception();
  }
  // The frame dies before block_on() returns: its arguments may be about to go.
  root.cancel();
  ended.unpark();  // Touches nothing of ours after the waiter can have gone: see parker.
}

template <class T>
T per_core::block_on(task<T> root) {
  REGATTA_ASSERT(hub_.current() == nullptr,
                 "block_on() inside a task would block its loop: co_await the task instead");
  core::parker ended;
  std::optional<value_or_nothing<T>> value;
  std::exception_ptr failure;
  spawn(run_main<T>(std::move(root), ended, value, failure)).detach();
  ended.park();
  if (failure) std::rethrow_exception(failure);
  if constexpr (!std::is_void_v<T>) return std::move(*value);
}

static_assert(net_runtime<one_thread> && file_runtime<one_thread> && blocking_runtime<one_thread> &&
              counted_runtime<one_thread>);
static_assert(net_runtime<per_core> && file_runtime<per_core> && blocking_runtime<per_core> &&
              counted_runtime<per_core>);

}  // namespace regatta::runtimes::io_uring
