// An awaited operation that is tried again when it is woken, and that resumes its task only once it
// has an answer.
//
// A coroutine cannot wait twice in one co_await, and readiness is only a hint: somebody may have
// been faster. A loop in a coroutine of its own would cost a frame for each wait. So the awaiter
// brings a frame that is made by hand: waking its work runs the operation's next try, on the turn
// on which the task itself would have run.
#pragma once

#include <coroutine>
#include <cstddef>

#include "runtimes/interface/work.hpp"

namespace regatta::core {

// What g++ and clang lay out for every coroutine on Linux: the address of the function that
// resumes, of the one that destroys, then the promise, which in ours begins with a work.
struct hand_made_frame {
  explicit hand_made_frame(void (*step)(hand_made_frame*)) noexcept
      : resume(step), destroy(&never) {}
  hand_made_frame(hand_made_frame const&) = delete;
  hand_made_frame& operator=(hand_made_frame const&) = delete;

  void (*resume)(hand_made_frame*);
  void (*destroy)(hand_made_frame*);
  work head;

 private:
  static void never(hand_made_frame*) noexcept {}
};
// work::resume() finds the frame at this distance.
static_assert(offsetof(hand_made_frame, head) == 2 * sizeof(void*) &&
              alignof(work) <= 2 * sizeof(void*));

}  // namespace regatta::core
