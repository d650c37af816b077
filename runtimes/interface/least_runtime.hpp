// The least runtimes there can be, for tests of what runs on top of a runtime.
//
// least_runtime: one thread, a queue and a virtual clock that jumps to the next deadline when
//   nothing is ready: a test that sleeps for an hour takes a microsecond.
// least_pool: some threads around one queue and one mutex. Slow and obviously right.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "runtimes/interface/runtime.hpp"

namespace regatta {

// First in, first out.
class least_queue {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  void push(work& w) noexcept {
    w.next = nullptr;
    (first_ != nullptr ? last_->next : first_) = &w;
    last_ = &w;
  }
  work& pop() noexcept { return *std::exchange(first_, first_->next); }

 private:
  work* first_ = nullptr;
  work* last_ = nullptr;
};

class least_runtime final : public runtime_defaults<least_runtime> {
 public:
  using threading = one_thread;
  explicit least_runtime(runtime_options = {}) {}
  ~least_runtime() { destroy_roots(); }

  static runtime_info info() { return {"least", "0", "single-threaded", "none"}; }
  void post(work& w) noexcept override { ready_.push(w); }

  // Ends also when nothing can go on any more: then the root is stuck, and this is a failed test.
  template <class T>
  T block_on(task<T> root) {
    joiner<T> end = spawn(std::move(root));
    while (run_one()) {
    }
    return end.take_finished();
  }

  bool run_one() {
    if (ready_.empty() && !sleepers_.empty()) {
      auto const first = sleepers_.begin();
      now_ = first->first;
      work& w = *first->second;
      sleepers_.erase(first);
      post_admitted(w.executor->admit(w));
    }
    if (ready_.empty()) return false;
    budget::refill();
    ready_.pop().resume();
    return true;
  }

  time_point now() const noexcept { return now_; }
  std::size_t sleepers() const noexcept { return sleepers_.size(); }

  class sleep_awaiter {
   public:
    sleep_awaiter(least_runtime& rt, time_point deadline) : rt_(rt), deadline_(deadline) {}
    sleep_awaiter(sleep_awaiter const&) = delete;
    sleep_awaiter& operator=(sleep_awaiter const&) = delete;
    ~sleep_awaiter() {
      if (me_ == nullptr) return;
      auto const [begin, end] = rt_.sleepers_.equal_range(deadline_);
      for (auto one = begin; one != end; ++one) {
        if (one->second == me_) {
          rt_.sleepers_.erase(one);
          return;
        }
      }
    }

    bool await_ready() const noexcept { return false; }
    template <has_work P>
    void await_suspend(std::coroutine_handle<P> h) {
      if (deadline_ <= rt_.now_) return h.promise().wake();
      me_ = &h.promise();
      rt_.sleepers_.emplace(deadline_, me_);
    }
    void await_resume() noexcept { me_ = nullptr; }

   private:
    least_runtime& rt_;
    time_point deadline_;
    work* me_ = nullptr;
  };
  sleep_awaiter sleep_until(time_point deadline) { return {*this, deadline}; }

 private:
  least_queue ready_;
  std::multimap<time_point, work*> sleepers_;
  time_point now_{};
};
static_assert(timed_runtime<least_runtime>);

class least_pool final : public runtime_defaults<least_pool> {
 public:
  using threading = many_threads;
  explicit least_pool(runtime_options options = {}) {
    u32 const threads = options.threads == 0 ? 4 : options.threads;
    for (u32 i = 0; i < threads; ++i) threads_.emplace_back([this] { drive(); });
  }
  ~least_pool() {
    {
      std::lock_guard guard(mutex_);
      stopping_ = true;
    }
    arrived_.notify_all();
    for (auto& one : threads_) one.join();
    destroy_roots();
  }

  static runtime_info info() { return {"least pool", "0", "shared queue", "none"}; }

  void post(work& w) noexcept override {
    {
      std::lock_guard guard(mutex_);
      ready_.push(w);
    }
    arrived_.notify_one();
  }

  template <class T>
  T block_on(task<T> root) {
    joiner<T> end = spawn(std::move(root));
    std::unique_lock guard(mutex_);
    turned_.wait(guard, [&] { return end.is_finished(); });
    guard.unlock();
    return end.take_finished();
  }

 private:
  void drive() {
    std::unique_lock guard(mutex_);
    for (;;) {
      arrived_.wait(guard, [this] { return stopping_ || !ready_.empty(); });
      if (stopping_) return;
      work& w = ready_.pop();
      guard.unlock();
      budget::refill();
      w.resume();
      guard.lock();
      turned_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable arrived_;  // Work, or the end.
  std::condition_variable turned_;   // Some task ran: perhaps the one that block_on() waits for.
  least_queue ready_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};
static_assert(runtime<least_pool>);

}  // namespace regatta
