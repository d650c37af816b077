// An awaited operation that is tried again when it is woken, and that resumes its task only once it
// has an answer.
//
// A coroutine cannot wait twice in one co_await, and readiness is only a hint: somebody may have
// been faster. A loop in a coroutine of its own would cost a frame for each wait. So the awaiter
// brings a frame that is made by hand: waking its work runs the operation's next try, on the turn
// on which the task itself would have run.
#pragma once

#include "runtimes/interface/hand_made_frame.hpp"

namespace regatta::core {

using regatta::hand_made_frame;

}  // namespace regatta::core
