// threads: the baseline that everybody asks about. Each task is a std::thread, which runs it to its
// end; where the task has to wait, its thread sleeps in the kernel. What a task awaits, joins or
// races is still one task, and runs on its one thread (seat.hpp).
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "runtimes/core/blocking_pool.hpp"
#include "runtimes/interface/file.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/runtime.hpp"
#include "runtimes/interface/unsupported.hpp"
#include "runtimes/threads/crew.hpp"
#include "runtimes/threads/file.hpp"
#include "runtimes/threads/socket.hpp"

namespace regatta::runtimes::threads {

// Says, when a task's frame ends, that its seat is done.
class end_note {
 public:
  explicit end_note(seat& at) noexcept : seat_(at) {}
  end_note(end_note const&) = delete;
  end_note& operator=(end_note const&) = delete;
  ~end_note() { seat_.note_end(); }

 private:
  seat& seat_;
};

class sleep_awaiter : private sleeper {
 public:
  sleep_awaiter(crew& home, time_point deadline) noexcept : home_(home), deadline_(deadline) {}
  ~sleep_awaiter() {
    if (seat_ != nullptr) seat_->forget(*this);
  }

  bool await_ready() const noexcept { return false; }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> task) {
    wake_as(task.promise());
    seat_ = home_.current();
    REGATTA_ASSERT(seat_ != nullptr, "await a sleep from a task of the runtime that it belongs to");
    seat_->sleep_until(deadline_, *this);
  }
  void await_resume() const noexcept {}

 private:
  crew& home_;
  time_point deadline_;
  seat* seat_ = nullptr;
};

// Runs the function where it is called, as a thread of one's own permits; but where the task waits
// for something else as well, on another thread.
template <class F>
class [[nodiscard("co_await it")]] blocking_operation {
 public:
  using answer = std::invoke_result_t<F&>;

  blocking_operation(crew& home, core::blocking_pool& pool, F function)
      : home_(home), pool_(pool), function_(std::move(function)) {}
  blocking_operation(blocking_operation const&) = delete;
  blocking_operation& operator=(blocking_operation const&) = delete;

  bool await_ready() const noexcept { return false; }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) {
    if (task.promise().executor == home_.current()) return false;
    elsewhere_.emplace(pool_, std::move(function_));
    return elsewhere_->await_suspend(task);
  }
  answer await_resume() { return elsewhere_ ? elsewhere_->await_resume() : function_(); }

 private:
  crew& home_;
  core::blocking_pool& pool_;
  F function_;
  std::optional<core::blocking_operation<F>> elsewhere_;
};

class runtime final : public runtime_defaults<runtime> {
 public:
  using threading = many_threads;
  using stream = threads::stream;
  using listener = threads::listener;
  using file = threads::file;

  // Beyond it spawn() throws limit_exceeded. As many as an ordinary machine gives a process without
  // being asked: a limit of 32,768 threads and 65,530 mappings, two for each, is usual for all.
  static constexpr u64 most_tasks_at_once = 4'096;

  // There is a thread for each task, whatever the options ask for.
  explicit runtime(runtime_options = {}) : runtime(most_tasks_at_once) {}
  // For tests: a lower ceiling.
  explicit runtime(u64 most_tasks) : crew_(most_tasks) {}
  // Ends the threads, each when its task waits next; then destroys the tasks that have not ended.
  // Not from one of its own tasks.
  ~runtime();
  runtime(runtime const&) = delete;
  runtime& operator=(runtime const&) = delete;

  static runtime_info info();
  // Unknown: as many as there are tasks.
  u32 threads() const noexcept { return 0; }

  // Starts a thread with the task on it. Any thread. Throws limit_exceeded; the runtime then runs
  // nothing any more and can only be destroyed (crew.hpp).
  template <class T>
  joiner<T> spawn(task<T> started);

  // Runs the task to its end on the calling thread. Any thread that runs none of its tasks. Throws
  // what the task throws, or limit_exceeded.
  template <class T>
  T block_on(task<T> root);

  // Work that belongs to no task has no thread here: every task has an executor of its own.
  void post(work& w) noexcept override;

  // Others run because the system lets them; to yield is to ask it to.
  class yield_awaiter {
   public:
    bool await_ready() const noexcept { return false; }
    template <has_work P>
    REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> task) const noexcept {
      std::this_thread::yield();
      task.promise().wake();
    }
    void await_resume() const noexcept {}
  };
  yield_awaiter yield() noexcept { return {}; }

  // Everything below is for tasks of this runtime, on their turn, but for listen(): any thread.

  // Suspends until the deadline has passed. Safe to cancel.
  sleep_awaiter sleep_until(time_point deadline) noexcept { return {crew_, deadline}; }
  auto sleep_for(duration how_long) noexcept { return sleep_until(clock::now() + how_long); }

  io_expected<listener> listen(endpoint const& where, listen_options options = {}) {
    return listener::listen(crew_, where, options);
  }
  io_expected<listener> adopt_listener(int descriptor) {
    return listener::adopt(crew_, descriptor);
  }
  connect_operation connect(endpoint const& where, connect_options options = {}) noexcept {
    return {crew_, where, options};
  }

  // Safe to cancel: the function runs on.
  template <class F>
  auto run_blocking(F&& function) {
    return blocking_operation<std::decay_t<F>>(crew_, pool_, std::forward<F>(function));
  }
  open_operation open(std::string path, open_mode mode) { return {std::move(path), mode}; }

 private:
  // The task, and word to its seat when it has ended.
  template <class T>
  static task<T> run_on(seat& at, task<T> root) {
    end_note const note(at);
    co_return co_await root;
  }
  template <class T>
  joiner<T> start_on(seat& at, task<T> root);

  crew crew_;
  core::blocking_pool pool_;
};

template <class T>
joiner<T> runtime::start_on(seat& at, task<T> root) {
  task_promise<T>& started = roots::enroll(run_on(at, std::move(root)), at, register_id());
  // The joiner first: once posted, the task may end at any moment.
  joiner<T> answer(started);
  at.post(started);
  return answer;
}

template <class T>
joiner<T> runtime::spawn(task<T> started) {
  seat& own = crew_.hire();
  return start_on(own, std::move(started));
}

template <class T>
T runtime::block_on(task<T> root) {
  crew_.check();
  seat& own = crew_.enter();
  joiner<T> end = start_on(own, std::move(root));
  bool const has_ended = own.run();
  crew_.check();
  REGATTA_ASSERT(has_ended, "a runtime may not be destroyed while somebody is in block_on()");
  crew_.leave(own);
  return end.take_finished();
}

static_assert(net_runtime<runtime> && file_runtime<runtime> && blocking_runtime<runtime>);

}  // namespace regatta::runtimes::threads
