// What takes a while: sleeps, files, and functions that may block.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtimes/core/blocking_pool.hpp"
#include "runtimes/core/pool_file.hpp"
#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/file.hpp"
#include "runtimes/interface/work.hpp"
#include "runtimes/simulated/world.hpp"

namespace regatta::runtimes::simulated {

// Wakes a task at a moment, or at once where that has passed. Safe to cancel.
class [[nodiscard("co_await it")]] sleep_operation : private happening {
 public:
  sleep_operation(world& in, time_point until) noexcept : in_(in), until_(until) {}

  // Even where the moment has passed, others run first.
  bool await_ready() const noexcept { return false; }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> task) {
    waiter_ = &task.promise();
    if (until_ <= in_.time.now()) {
      waiter_->wake();
    } else {
      in_.time.plan(*this, until_);
    }
  }
  void await_resume() const noexcept {}

 private:
  void happen() noexcept override { post_admitted(waiter_->executor->admit(*waiter_)); }

  world& in_;
  time_point until_;
  work* waiter_ = nullptr;
};

// Calls a function after a delay, on the turn of the task that waits: nothing happens to a task
// that is cancelled.
template <class F>
class [[nodiscard("co_await it")]] delayed_call {
 public:
  delayed_call(world& in, F function)
      : sleep_(in, in.time.now() + in.delay()), function_(std::move(function)) {}

  bool await_ready() const noexcept { return false; }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> task) {
    sleep_.await_suspend(task);
  }
  auto await_resume() { return function_(); }

 private:
  sleep_operation sleep_;
  F function_;
};

// A real file, read and written on the simulation's own thread after a delay.
class file {
  using descriptor = std::shared_ptr<core::file_descriptor const>;

  struct read_job {
    core::file_jobs::read from;
    std::span<std::byte> target;
    io_result operator()() const {
      auto const [bytes, error] = from();
      std::copy(bytes.begin(), bytes.end(), target.begin());
      return {bytes.size(), error};
    }
  };
  struct open_job {
    world& in;
    core::file_jobs::open what;
    io_expected<file> operator()() const {
      auto [opened, error] = what();
      if (opened == nullptr) return io_error{error};
      return file(in, std::move(opened));
    }
  };

 public:
  file(world& in, descriptor opened) noexcept : in_(&in), file_(std::move(opened)) {}

  static delayed_call<open_job> open(world& in, std::string path, open_mode mode) {
    return {in, open_job{in, {std::move(path), mode}}};
  }
  delayed_call<read_job> read_at(std::span<std::byte> target, u64 at) {
    return {*in_, read_job{{file_, target.size(), at}, target}};
  }
  delayed_call<core::file_jobs::write> write_at(std::span<std::byte const> source, u64 at) {
    return {*in_, core::file_jobs::write{file_, {source.begin(), source.end()}, at}};
  }
  int native_handle() const noexcept { return file_->get(); }

 private:
  world* in_;
  descriptor file_;
};

// Runs a function on a thread of its own, at once. Its answer comes at a moment of the simulation
// that is drawn, mostly one at which nothing else is ready; then the simulation really waits for
// the thread. So the answer comes at the same moment in every run. A function that waits for a task
// would keep that task waiting: so where a thread is not done after a while, its moment is put off.
// Such a run cannot be repeated exactly. Safe to cancel: the function runs on.
template <class F>
class [[nodiscard("co_await it")]] blocking_operation : private happening {
 public:
  using answer = std::invoke_result_t<F&>;
  static_assert(!std::is_reference_v<answer>, "answer a value: the job's objects do not stay");

  blocking_operation(world& in, core::blocking_pool& pool, F function)
      : in_(in), pool_(pool), job_(std::make_shared<job>(std::move(function))) {}

  bool await_ready() const noexcept { return false; }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> task) {
    waiter_ = &task.promise();
    job_->start(pool_, job_);
    in_.time.plan(*this, in_.time.now() + in_.delay());
  }
  answer await_resume() { return job_->take(); }

 private:
  static constexpr auto patience = std::chrono::milliseconds(100);

  class job final : public core::blocking_job {
   public:
    explicit job(F&& function) : function_(std::move(function)) {}

    void start(core::blocking_pool& pool, std::shared_ptr<job> self) {
      itself_ = std::move(self);
      if (!pool.submit(*this)) abandon();
    }
    void run() noexcept override {
      try {
        if constexpr (std::is_void_v<answer>) {
          function_();
          value_.emplace();
        } else {
          value_.emplace(function_());
        }
      } catch (...) {
        error_ = std::current_exception();
      }
      abandon();
    }
    void abandon() noexcept override {
      // Whoever waits may let go as soon as it knows: so we do last.
      auto const last = std::move(itself_);
      std::lock_guard const guard(mutex_);
      is_over_ = true;
      over_.notify_all();
    }
    // False: it is not over yet, although we have waited.
    bool wait_until_over() {
      std::unique_lock guard(mutex_);
      return over_.wait_for(guard, patience, [this] { return is_over_; });
    }
    answer take() {
      if (error_) std::rethrow_exception(error_);
      if (!value_) {
        throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again),
                                "no thread could be started for blocking work");
      }
      if constexpr (!std::is_void_v<answer>) return std::move(*value_);
    }

   private:
    F function_;
    std::optional<value_or_nothing<answer>> value_;
    std::exception_ptr error_;
    std::mutex mutex_;
    std::condition_variable over_;
    bool is_over_ = false;
    std::shared_ptr<job> itself_;  // Until the pool is done with it.
  };

  void happen() noexcept override {
    bool const comes_now = !in_.is_busy || in_.draw.one_in(32);
    if (!comes_now || !job_->wait_until_over()) {
      in_.time.plan(*this, in_.time.now() + in_.how.longest_delay / 16);
      return;
    }
    post_admitted(waiter_->executor->admit(*waiter_));
  }

  world& in_;
  core::blocking_pool& pool_;
  std::shared_ptr<job> job_;
  work* waiter_ = nullptr;
};

}  // namespace regatta::runtimes::simulated
