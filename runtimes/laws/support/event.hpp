// event: one task waits until any thread sets it. The smallest primitive that follows the rules for
// waking and cancelling (work.hpp), so that the laws of waking depend on no other.
#pragma once

#include <atomic>
#include <mutex>

#include "runtimes/interface/task.hpp"
#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/work.hpp"

namespace regatta::laws {

class event {
 public:
  event() = default;
  event(event const&) = delete;
  event& operator=(event const&) = delete;

  // Any thread. Setting it twice is setting it once.
  void set() noexcept {
    work* ready = nullptr;
    {
      std::lock_guard const guard(lock_);
      is_set_ = true;
      if (waiter_ != nullptr) {
        ready = waiter_->executor->admit(*waiter_);
        waiter_ = nullptr;
      }
    }
    post_admitted(ready);
  }

  // Does a task wait now? For whoever wants to set the event when one does.
  bool has_waiter() const noexcept {
    std::lock_guard const guard(lock_);
    return waiter_ != nullptr;
  }

  class awaiter {
   public:
    explicit awaiter(event& awaited) noexcept : event_(awaited) {}
    awaiter(awaiter const&) = delete;
    awaiter& operator=(awaiter const&) = delete;
    ~awaiter() {
      // Also after a wake: set() must have left its critical section before the event may die.
      std::lock_guard const guard(event_.lock_);
      event_.waiter_ = nullptr;
    }

    bool await_ready() const noexcept { return false; }
    template <has_work P>
    REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> waiter) const noexcept {
      std::lock_guard const guard(event_.lock_);
      if (event_.is_set_) return false;
      event_.waiter_ = &waiter.promise();
      return true;
    }
    void await_resume() const noexcept {}

   private:
    event& event_;
  };

  // Waits until the event is set. One task at a time. Safe to cancel.
  awaiter operator co_await() noexcept { return awaiter(*this); }

 private:
  spin_lock mutable lock_;
  bool is_set_ = false;
  work* waiter_ = nullptr;
};

// One task waits until so many others have arrived.
class latch {
 public:
  explicit latch(u64 expected) noexcept : left_(expected) {}

  // Any thread. The last to arrive wakes who waits; after that the latch may be gone.
  void arrive() noexcept {
    if (--left_ == 0) all_arrived_.set();
  }
  event::awaiter operator co_await() noexcept { return event::awaiter(all_arrived_); }

 private:
  std::atomic<u64> left_;
  event all_arrived_;
};

template <class Awaited>
task<void> wait_for(Awaited& awaited) {
  co_await awaited;
}

// Never ends: waits for what nobody sets, until it is cancelled.
struct forever {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  void await_resume() const noexcept {}
};

}  // namespace regatta::laws
