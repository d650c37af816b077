// A suspended piece of work and whoever runs it.
//
// `work` is the head of every coroutine frame's promise. So it needs no function pointer: the frame
// begins with the address of its resume function, and the frame is found from the work by
// subtraction. A pointer to work is all that a primitive keeps to wake a task: what other
// ecosystems call a Waker is one pointer here.
#pragma once

#include <concepts>
#include <coroutine>

#include "runtimes/interface/types.hpp"

namespace regatta {

struct work;

// The type-erased executor: what a waiting task remembers of where it wants to go on.
class executor_base {
 public:
  // Runs `w` once, later, on a thread of this executor. Callable from any thread. Never runs it
  // inline: a waker that resumed would nest.
  virtual void post(work& w) noexcept = 0;

  // Takes note that `w` is ready, and returns the work whose post() makes that known: `w` itself,
  // or the owner of the group that `w` belongs to, or nullptr where the owner knows already.
  //
  // A primitive calls admit() while it holds its lock, and posts the answer after unlocking. Then a
  // member of a group is in its group's ready list before anybody who cancels it can pass the lock,
  // so its frame may be destroyed right after it was unlinked; and the expensive part, waking a
  // thread, happens outside the lock.
  virtual work* admit(work& w) noexcept { return &w; }

 protected:
  ~executor_base() = default;
};

struct work {
  work* next = nullptr;               // The link of whichever queue holds this work; one at a time.
  executor_base* executor = nullptr;  // Where the task goes on when it is woken.

  // Runs the coroutine until it suspends next. The executor calls this, nobody else.
  void resume() noexcept {
    // Safe because `work` is the first base of every promise, and no promise is aligned to more
    // than two pointers (asserted in task.hpp), so that all of them lie at the same place in the
    // frame.
    std::coroutine_handle<work>::from_promise(*this).resume();
  }

  // Makes a suspended task runnable. Callable from any thread, with no lock held that the woken
  // task or its cancellation might take.
  void wake() noexcept { executor->post(*this); }
};

template <class E>
concept executor = requires(E& e, work& w) {
  { e.post(w) } noexcept;
};

// Posts what admit() answered.
inline void post_admitted(work* ready) noexcept {
  if (ready != nullptr) ready->wake();
}

// The promise of every coroutine of ours begins with a work.
template <class Promise>
concept has_work = std::derived_from<Promise, work>;

}  // namespace regatta
