// A runtime that is plain and right, and its broken twins: each has one flaw that a law must catch.
// A law that passes whatever the runtime does is no law.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "runtimes/interface/runtime.hpp"

namespace regatta::laws::broken {

enum class flaw {
  none,
  loses_a_wake,    // Now and then nobody tells the sleeper of a post from another thread.
  forgets_a_task,  // Now and then a spawned task is not queued.
  runs_twice,      // Now and then a yielding task is queued twice.
  leaks_frames,    // Pending frames are not destroyed with the runtime.
  sleeps_early,    // Sleeps end when nine tenths of them are over.
  starves,         // Who yields comes first again.
  resumes_inline,  // A post runs the task at once, on top of whoever posts.
};

// One driver; other threads may post. Everything under one mutex.
template <flaw Flaw>
class runtime final : public runtime_defaults<runtime<Flaw>> {
 public:
  using threading = one_thread;

  explicit runtime(runtime_options = {}) {}
  ~runtime() {
    if constexpr (Flaw != flaw::leaks_frames) this->destroy_roots();
  }
  static runtime_info info() { return {"broken", "0", "single-threaded", "none"}; }

  template <class T>
  T block_on(task<T> root) {
    driver_ = std::this_thread::get_id();
    joiner<T> end = this->spawn(std::move(root));
    while (!end.is_finished()) turn();
    return end.take_finished();
  }

  void post(work& w) noexcept override {
    bool const is_foreign = std::this_thread::get_id() != driver_;
    if (Flaw == flaw::resumes_inline && !is_foreign) {
      w.resume();
      return;
    }
    std::lock_guard const guard(mutex_);
    ready_.push_back(&w);
    bool const forgets = Flaw == flaw::loses_a_wake && is_foreign && ++posts_ % 16 == 0;
    if (!forgets) arrival_.notify_one();
  }
  void post_new(work& w) noexcept {
    if (Flaw == flaw::forgets_a_task && ++posts_ % 100 == 0) return;
    post(w);
  }
  void post_yielded(work& w) noexcept {
    std::lock_guard const guard(mutex_);
    if constexpr (Flaw == flaw::starves) {
      ready_.push_front(&w);
    } else {
      ready_.push_back(&w);
    }
    if (Flaw == flaw::runs_twice && ++posts_ % 100 == 0) ready_.push_back(&w);
  }

  class sleep_awaiter {
   public:
    sleep_awaiter(runtime& rt, time_point deadline) : rt_(rt), deadline_(deadline) {}
    sleep_awaiter(sleep_awaiter const&) = delete;
    sleep_awaiter& operator=(sleep_awaiter const&) = delete;
    ~sleep_awaiter() {
      for (auto entry = rt_.sleepers_.begin(); entry != rt_.sleepers_.end(); ++entry) {
        if (entry->second != waiter_) continue;
        rt_.sleepers_.erase(entry);
        return;
      }
    }
    bool await_ready() const noexcept { return false; }
    template <has_work P>
    void await_suspend(std::coroutine_handle<P> h) {
      waiter_ = &h.promise();
      time_point until = deadline_;
      if constexpr (Flaw == flaw::sleeps_early) until -= (deadline_ - clock::now()) / 10;
      rt_.sleepers_.emplace(until, waiter_);
    }
    void await_resume() const noexcept {}

   private:
    runtime& rt_;
    time_point deadline_;
    work* waiter_ = nullptr;
  };
  // Tasks of this runtime only.
  sleep_awaiter sleep_until(time_point deadline) { return sleep_awaiter(*this, deadline); }

 private:
  void turn() {
    wake_sleepers();
    work* next = nullptr;
    {
      std::unique_lock guard(mutex_);
      auto const has_work = [&] { return !ready_.empty(); };
      if (sleepers_.empty()) {
        arrival_.wait(guard, has_work);
      } else {
        // A far deadline must not overflow what the system counts in.
        auto const soon = clock::now() + std::chrono::seconds(1);
        arrival_.wait_until(guard, std::min<time_point>(sleepers_.begin()->first, soon), has_work);
      }
      if (ready_.empty()) return;
      next = ready_.front();
      ready_.pop_front();
    }
    budget::refill();
    next->resume();
  }
  void wake_sleepers() {
    while (!sleepers_.empty() && sleepers_.begin()->first <= clock::now()) {
      work* const waiter = sleepers_.begin()->second;
      sleepers_.erase(sleepers_.begin());
      waiter->wake();
    }
  }

  std::mutex mutex_;
  std::condition_variable arrival_;
  std::deque<work*> ready_;
  std::multimap<time_point, work*> sleepers_;
  std::thread::id driver_;
  u64 posts_ = 0;
};

}  // namespace regatta::laws::broken
