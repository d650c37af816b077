// Doing something from a thread that belongs to no runtime: the "external" in where work is spawned
// from. It alone has changed results 17-fold, because what comes from outside takes another way in.
//
//   outside_call started(spawn_them);            // any function without parameters
//   auto joiners = co_await started;
#pragma once

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/work.hpp"
#include "scenarios/support/choice.hpp"

namespace regatta::scenarios {

// Where work is spawned from: a task of its own, a thread that belongs to no runtime, or inside
// block_on(), which is no worker.
using origin = choice<"worker", "external", "block_on">;

// The one such thread. It is started when it is first needed and then kept, so that a run pays for
// waking it (some 10 µs) but not for starting it.
class outsider {
 public:
  static outsider& get() {
    static outsider the_outsider;
    return the_outsider;
  }

  // Called on that thread as the first thing that it does, if it is set before it is first needed.
  // For those who count the threads that run tasks: this one runs none.
  static inline void (*on_start)() = nullptr;

  // Waits until that thread is in nobody's code. To be called before a runtime is destroyed that it
  // may have posted to: the task that it woke can have ended before post() has returned.
  static void wait_until_idle() {
    if (!was_needed_.load()) return;
    std::unique_lock guard(get().mutex_);
    get().idle_.wait(guard, [] { return !get().is_busy_ && get().jobs_.empty(); });
  }

  // Any thread. `job` is called once, on the outsider.
  void call(std::function<void()> job) {
    std::lock_guard const guard(mutex_);
    jobs_.push_back(std::move(job));
    arrived_.notify_one();
  }

 private:
  outsider() : thread_([this] { work(); }) { was_needed_.store(true); }
  ~outsider() {
    {
      std::lock_guard const guard(mutex_);
      is_ending_ = true;
    }
    arrived_.notify_one();
    thread_.join();
  }

  void work() {
    if (on_start != nullptr) on_start();
    std::unique_lock guard(mutex_);
    for (;;) {
      arrived_.wait(guard, [this] { return is_ending_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      auto const todo = std::exchange(jobs_, {});
      is_busy_ = true;
      guard.unlock();
      for (auto const& job : todo) job();
      guard.lock();
      is_busy_ = false;
      idle_.notify_all();
    }
  }

  static inline std::atomic<bool> was_needed_{false};

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable idle_;
  std::vector<std::function<void()>> jobs_;
  bool is_busy_ = false;
  bool is_ending_ = false;
  std::thread thread_;  // The last member: it uses all others.
};

// An awaitable: has the outsider call `f`, and answers what it answered or throws what it threw.
// Not cancel-safe: the task that awaits must live until then.
template <class F>
class outside_call {
 public:
  explicit outside_call(F& f) : f_(f) {}
  outside_call(outside_call const&) = delete;

  bool await_ready() const noexcept { return false; }

  template <has_work P>
  REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> waiting) {
    outsider::get().call([this, waiter = static_cast<work*>(&waiting.promise())] {
      try {
        result_.emplace(f_());
      } catch (...) {
        failure_ = std::current_exception();
      }
      // The last thing: from here on the awaiting frame, and we in it, may be gone.
      waiter->wake();
    });
  }

  auto await_resume() {
    if (failure_) std::rethrow_exception(failure_);
    return std::move(*result_);
  }

 private:
  F& f_;
  std::optional<decltype(std::declval<F&>()())> result_;
  std::exception_ptr failure_;
};

}  // namespace regatta::scenarios
