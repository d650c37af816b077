// Threads that may block, so that those that run tasks need not: for files, name look-ups, and
// whatever calls a library that waits.
//
// A thread is started when a job finds none idle, up to a limit that is high because these threads
// mostly sleep; it ends after ten idle seconds (both figures are Tokio's). One queue under one
// mutex: a job costs at least a futex wake, so the lock is not what limits. (Tokio sharded it, and
// took that back after hangs: tokio #7757, #8056.)
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <exception>
#include <list>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/task.hpp"
#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/work.hpp"

namespace regatta::core {

class blocking_job {
 public:
  // On a thread of the pool. The last that the pool does with the job, unless it abandons it.
  virtual void run() noexcept = 0;
  // Instead of run(), where the pool was shut down before the job's turn came.
  virtual void abandon() noexcept = 0;

 protected:
  ~blocking_job() = default;

 private:
  friend class blocking_pool;
  blocking_job* next_ = nullptr;
};

class blocking_pool {
 public:
  struct options {
    u32 most_threads = 512;
    duration keep_alive = std::chrono::seconds(10);
  };

  // Starts no thread.
  blocking_pool() : blocking_pool(options{}) {}
  explicit blocking_pool(options limits) noexcept : limits_(limits) {}
  blocking_pool(blocking_pool const&) = delete;
  blocking_pool& operator=(blocking_pool const&) = delete;
  ~blocking_pool() { shut_down(); }

  // Runs the job later on a thread that may block. Any thread. False: the pool has been shut down,
  // or has no thread and the system gives none; the job will not run.
  bool submit(blocking_job& job);

  // Waits for the jobs that are running and abandons those that are not. Afterwards no thread is
  // left and submit() refuses. Not from a job.
  void shut_down() noexcept;

  // How many threads there are now.
  u32 threads() const;

 private:
  using thread_list = std::list<std::thread>;

  bool start_thread();
  void serve(thread_list::iterator self) noexcept;
  blocking_job* pop() noexcept;

  options const limits_;
  mutable std::mutex mutex_;
  std::condition_variable has_job_;
  std::condition_variable has_ended_;
  blocking_job* first_ = nullptr;
  blocking_job* last_ = nullptr;
  u32 queued_ = 0;
  u32 idle_ = 0;  // Threads that wait for a job, those included that have been notified.
  bool stopping_ = false;
  thread_list running_;
  thread_list ended_;  // To be joined by whoever comes next.
};

// What run_blocking answers: runs `function()` on the pool and answers what it returned, or throws
// what it threw. The task goes on on its own executor. Safe to cancel: the job runs on, with a
// result that nobody takes; so the function must own all it touches.
template <class F>
class [[nodiscard("co_await it")]] blocking_operation {
 public:
  using answer = std::invoke_result_t<F&>;
  static_assert(!std::is_reference_v<answer>, "answer a value: the job's objects do not stay");

  blocking_operation(blocking_pool& pool, F function)
      : pool_(pool), function_(std::move(function)) {}
  blocking_operation(blocking_operation const&) = delete;
  blocking_operation& operator=(blocking_operation const&) = delete;
  ~blocking_operation() {
    if (job_ != nullptr) job_->forget_waiter();
  }

  bool await_ready() const noexcept { return false; }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) {
    job_ = new job(std::move(function_), task.promise());
    job& started = *job_;
    // Once submitted, this awaiter may be gone at any moment.
    if (pool_.submit(started)) return true;
    started.abandon();
    return false;
  }
  answer await_resume() { return job_->take(); }

 private:
  // Outlives the frame that waits, where need be: the waiter and the pool own it together.
  class job final : public blocking_job {
   public:
    job(F&& function, work& waiter) : function_(std::move(function)), waiter_(&waiter) {}

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
      work* ready = nullptr;
      {
        std::lock_guard const held(lock_);
        if (waiter_ != nullptr) ready = waiter_->executor->admit(*waiter_);
      }
      post_admitted(ready);
      let_go();
    }
    void abandon() noexcept override { let_go(); }

    void forget_waiter() noexcept {
      {
        std::lock_guard const held(lock_);
        waiter_ = nullptr;
      }
      let_go();
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
    ~job() = default;
    void let_go() noexcept {
      // Acquire-release: whoever is last sees all that the other did.
      if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    F function_;
    std::optional<value_or_nothing<answer>> value_;
    std::exception_ptr error_;
    spin_lock lock_;
    work* waiter_;
    std::atomic<u32> owners_{2};
  };

  blocking_pool& pool_;
  F function_;
  job* job_ = nullptr;
};

}  // namespace regatta::core
