// What the awaiters of all primitives share: when to wait, when to let others run, and how to die.
#pragma once

#include <mutex>

#include "runtimes/interface/budget.hpp"
#include "runtimes/interface/teardown.hpp"
#include "runtimes/interface/wait_list.hpp"

namespace regatta {

// A waiter that knows the primitive it waits on, until that is destroyed.
template <class Home>
struct waiter_of : waiter {
  explicit waiter_of(Home& where) noexcept : home(&where) {}
  Home* home;
};

// A primitive that is destroyed calls this for its lists: their tasks are never woken, and may be
// destroyed later.
template <class Node>
void strand(wait_list<Node>& waiters) noexcept {
  while (!waiters.empty()) {
    waiters.front().home = nullptr;
    waiters.pop_front();
  }
}

// Awaiter derives from this, and says how to
//   bool attempt(wake_batch&)   try, under the lock of its home; true: it has its answer;
//   void line_up(work&)         wait in a list of its home, under the same lock.
// Node is a waiter_of<Home>, and says how to
//   void forget()               take back a node that has waited and will not be resumed.
// Home has `lock_`.
template <class Awaiter, class Node>
class waiting : protected Node {
 public:
  using Node::Node;
  ~waiting() {
    if (!suspended_ || this->home == nullptr) return;
    // In a teardown the home may be gone, but not without having stranded those who wait.
    if (teardown::is_on() && !this->is_waiting()) return;
    this->forget();
  }

  // False with the lock held where there is no answer yet: await_suspend() follows at once, lines
  // up and releases it. So nothing can come between the look and the line, and a wait costs one
  // lock.
  bool await_ready() {
    wake_batch woken;
    {
      std::unique_lock guard(this->home->lock_);
      if (!self().attempt(woken)) {
        guard.release();
        return false;
      }
    }
    woken.post();
    return may_go_on();
  }

  template <has_work P>
  REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> h) {
    work& me = h.promise();
    suspended_ = true;
    if (answered_) {
      me.wake();  // Let others run first.
      return;
    }
    // From the moment when the lock is released this frame may be running elsewhere.
    auto& lock = this->home->lock_;
    self().line_up(me);
    lock.unlock();
  }

 protected:
  // The answer is there. False: let others run first, because the budget is spent.
  bool may_go_on() noexcept {
    if (budget::spend()) [[likely]]
      return true;
    answered_ = true;
    return false;
  }

  // The task goes on, and there is nothing to undo any more. True: it had been suspended.
  bool resumed() noexcept { return std::exchange(suspended_, false); }

 private:
  Awaiter& self() noexcept { return static_cast<Awaiter&>(*this); }

  bool suspended_ = false;
  bool answered_ = false;
};

}  // namespace regatta
