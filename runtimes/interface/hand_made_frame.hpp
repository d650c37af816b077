// A coroutine's frame that is made by hand: what its work is woken for is a function of ours.
//
// An awaiter that brings one can be woken several times before it resumes its task: an operation
// that is tried again (core/retried.hpp), or several that wait at once.
#pragma once

#include <coroutine>
#include <cstddef>

#include "runtimes/interface/work.hpp"

namespace regatta {

// What g++ and clang lay out for every coroutine on Linux: the address of the function that
// resumes, of the one that destroys, then the promise, which in ours begins with a work.
struct hand_made_frame {
  explicit hand_made_frame(void (*step)(hand_made_frame*)) noexcept
      : resume(step), destroy(&never) {}
  hand_made_frame(hand_made_frame const&) = delete;
  hand_made_frame& operator=(hand_made_frame const&) = delete;

  // To be awaited with, as if the frame were a coroutine's.
  std::coroutine_handle<work> handle() noexcept {
    return std::coroutine_handle<work>::from_promise(head);
  }

  void (*resume)(hand_made_frame*);
  void (*destroy)(hand_made_frame*);
  work head;

 private:
  static void never(hand_made_frame*) noexcept {}
};
// work::resume() finds the frame at this distance.
static_assert(offsetof(hand_made_frame, head) == 2 * sizeof(void*) &&
              alignof(work) <= 2 * sizeof(void*));

}  // namespace regatta
