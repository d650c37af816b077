// work_stealing: many workers, each with queues of its own, who steal from each other when they run
// dry. See worker.hpp for where tasks come from, and idle.hpp for how workers sleep and wake.
//
// Threads are started when they are first needed. A thread that calls block_on() does not wait for
// a worker: it takes a sleeping worker's place and is that worker until its task has ended. So work
// that needs no second thread never wakes one.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "runtimes/core/blocking_pool.hpp"
#include "runtimes/core/pool_file.hpp"
#include "runtimes/core/socket.hpp"
#include "runtimes/core/visitors.hpp"
#include "runtimes/interface/file.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/runtime.hpp"
#include "runtimes/work_stealing/options.hpp"
#include "runtimes/work_stealing/worker.hpp"

namespace regatta::runtimes::work_stealing {

class runtime final : public runtime_defaults<runtime> {
 public:
  using threading = many_threads;
  using stream = core::socket_stream<many_threads>;
  using listener = core::socket_listener<many_threads>;
  using file = core::pool_file;

  explicit runtime(options chosen = {});
  explicit runtime(runtime_options common) : runtime(options(common)) {}
  // Ends the threads, then destroys the tasks that have not ended. Not from one of its own tasks.
  ~runtime();
  runtime(runtime const&) = delete;
  runtime& operator=(runtime const&) = delete;

  static runtime_info info();
  static std::vector<variant_of_runtime> variants();
  u32 threads() const noexcept { return static_cast<u32>(workers_.size()); }
  options const& configuration() const noexcept { return options_; }
  runtime_counters counters() const noexcept;

  // Runs the task to its end on the calling thread as one of the workers, or, where no worker is
  // asleep, on any of them. Any thread but a worker of this runtime.
  template <class T>
  T block_on(task<T> root);

  // Suspends until the deadline has passed. Safe to cancel.
  auto sleep_until(time_point deadline) noexcept {
    return core::sleep_awaiter<core::timer_wheel<spin_lock>, runtime>(*this, deadline);
  }

  io_expected<listener> listen(endpoint const& where, listen_options chosen = {});
  io_expected<listener> adopt_listener(int descriptor);
  auto connect(endpoint const& where, connect_options chosen = {}) noexcept {
    return core::connect_operation<many_threads>(worker_for_events().reactor(), where, chosen);
  }

  // Runs the function on a thread that may block, and answers what it returned.
  template <class F>
  core::blocking_operation<F> run_blocking(F function) {
    return {blocking_, std::move(function)};
  }
  auto open(std::string path, open_mode mode) {
    return core::open_operation(blocking_, std::move(path), mode);
  }

  void post(work& w) noexcept override;
  void post_new(work& w);
  void post_yielded(work& w) noexcept;

  // For sleep_awaiter: the wheel of the worker that asks.
  core::timer_wheel<spin_lock>& timers() noexcept { return worker_for_events().timers(); }
  void interrupt_sleep(core::timer_wheel<spin_lock>& wheel) noexcept;

 private:
  friend class worker;

  // What a thread in block_on() waits for.
  struct main_task {
    main_task(runtime& owner, std::optional<u32> worker) noexcept : rt(owner), place(worker) {}

    runtime& rt;
    std::optional<u32> place;  // The worker that the thread stands in for.
    std::atomic<bool> ended{
        false};           // For a thread that stands in; others wait at the parker alone.
    core::parker parker;  // Where it waits if it stands in for nobody.

    // Called by the task, as the last thing that it does.
    void announce_end() noexcept;
  };

  template <class T>
  static task<void> run_main(task<T> root, main_task& state,
                             std::optional<value_or_nothing<T>>& value,
                             std::exception_ptr& failure);
  void drive_until_ended(main_task& state, work& root);

  std::optional<u32> take_place() noexcept;
  void give_back_place(u32 index);
  worker* current_worker() const noexcept;
  // Whose events a task joins: those of the worker that runs it.
  worker& worker_for_events() noexcept;
  io_expected<listener> settle_in(worker& home, io_expected<listener> opened);
  // A worker that may be asleep has a new event to wait for.
  void look_again(worker& asleep) noexcept;
  // Wakes one sleeper, unless somebody is looking for work already.
  void notify_one() noexcept;
  // The caller has claimed the worker.
  void set_going(u32 index) noexcept;

  options const options_;
  std::vector<std::unique_ptr<worker>> workers_;
  injector injector_;
  idle idle_;
  core::blocking_pool blocking_;
  core::visitors visitors_;  // Threads that post from outside.
  // One sleeper at a time looks up now and then while others run: see worker::park().
  [[maybe_unused]] padding before_hints_;
  std::atomic<bool> watched_{false};
  std::atomic<bool> loot_pays_{true};  // See worker::judge_loot().
  std::mutex threads_mutex_;           // Held to start a thread, and to forbid that for good.
  std::atomic<bool> stopping_{false};
  std::atomic<u64> spawned_outside_{0};
};

template <class T>
task<void> runtime::run_main(task<T> root, main_task& state,
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
  state.announce_end();
}

template <class T>
T runtime::block_on(task<T> root) {
  main_task state(*this, take_place());
  std::optional<value_or_nothing<T>> value;
  std::exception_ptr failure;
  auto& main_promise =
      roots::enroll(run_main<T>(std::move(root), state, value, failure), *this, register_id());
  joiner<void>(main_promise).detach();
  drive_until_ended(state, main_promise);
  if (failure) std::rethrow_exception(failure);
  if constexpr (!std::is_void_v<T>) return std::move(*value);
}

static_assert(net_runtime<runtime> && file_runtime<runtime> && blocking_runtime<runtime> &&
              counted_runtime<runtime>);

}  // namespace regatta::runtimes::work_stealing
