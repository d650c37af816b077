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

  bool await_ready() {
    answered_ = attempt_locked();
    return answered_ && budget::spend();
  }

  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> h) {
    work& me = h.promise();
    suspended_ = true;
    if (answered_) {
      me.wake();  // The budget is spent: let others run first.
      return true;
    }
    return wait(me);
  }

 protected:
  // The task goes on, and there is nothing to undo any more. True: it had been suspended.
  bool resumed() noexcept { return std::exchange(suspended_, false); }

  bool attempt_locked() {
    wake_batch woken;
    bool answered;
    {
      std::lock_guard guard(this->home->lock_);
      answered = self().attempt(woken);
    }
    woken.post();
    return answered;
  }

 private:
  Awaiter& self() noexcept { return static_cast<Awaiter&>(*this); }

  // False: it was possible after all.
  bool wait(work& me) {
    wake_batch woken;
    {
      // By reference to the home, because from the moment when the lock is released this frame may
      // be running elsewhere.
      std::lock_guard guard(this->home->lock_);
      if (!self().attempt(woken)) {
        self().line_up(me);
        return true;
      }
    }
    woken.post();
    return false;
  }

  bool suspended_ = false;
  bool answered_ = false;
};

}  // namespace regatta
