// run_blocking() on libuv's threadpool (uv_queue_work).
#pragma once

#include <uv.h>

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/task.hpp"
#include "runtimes/libuv/request.hpp"

namespace regatta::runtimes::libuv {

// A function that runs on a thread of libuv's.
class job : public request {
 public:
  void start(loop_context& home, work& waiter) noexcept;

 protected:
  job() = default;

 private:
  virtual void run() noexcept = 0;
  uv_req_t* raw() noexcept override;

  uv_work_t work_{};
};

// Answers what the function returns, or throws what it throws. Safe to cancel: the function runs
// on, with a result that nobody takes; so it must own all that it touches.
template <class F>
class [[nodiscard("co_await it")]] blocking_operation {
 public:
  using answer = std::invoke_result_t<F&>;
  static_assert(!std::is_reference_v<answer>, "answer a value: the function's objects do not stay");

  blocking_operation(loop_context& home, F function)
      : home_(home), function_(std::move(function)) {}
  blocking_operation(blocking_operation const&) = delete;
  blocking_operation& operator=(blocking_operation const&) = delete;
  ~blocking_operation() {
    if (call_ != nullptr) call_->forget_waiter();
  }

  bool await_ready() const noexcept { return false; }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> task) {
    call_ = new call(std::move(function_));
    call_->start(home_, task.promise());
  }
  answer await_resume() { return call_->take(); }

 private:
  class call final : public job {
   public:
    explicit call(F&& function) : function_(std::move(function)) {}

    answer take() {
      if (error_) std::rethrow_exception(error_);
      if constexpr (!std::is_void_v<answer>) return std::move(*value_);
    }

   private:
    void run() noexcept override {
      try {
        if constexpr (std::is_void_v<answer>) {
          function_();
        } else {
          value_.emplace(function_());
        }
      } catch (...) {
        error_ = std::current_exception();
      }
    }

    F function_;
    std::optional<value_or_nothing<answer>> value_;
    std::exception_ptr error_;
  };

  loop_context& home_;
  F function_;
  call* call_ = nullptr;
};

}  // namespace regatta::runtimes::libuv
