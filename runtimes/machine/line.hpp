// One line of the floor: something that the machine does, done again and again.
//
// Each is the barest code that does it, so that no runtime can do the same with less. Its answer is
// counted by the work itself, and never copied from the request.
#pragma once

#include <memory>

#include "runtimes/interface/types.hpp"
#include "runtimes/machine/places.hpp"
#include "scenarios/support/recorder.hpp"

namespace regatta::machine {

class line {
 public:
  virtual ~line() = default;

  // Does it so often; answers how often it has been done, and come out right. Only what lies
  // between start_clock() and stop_clock() is timed. From the thread that made the line, which
  // stays on its processor.
  virtual u64 measure(u64 operations, scenarios::recorder& latency) = 0;
};

// atomics.cpp
std::unique_ptr<line> make_atomic();
std::unique_ptr<line> make_contended_atomic(processor other);
std::unique_ptr<line> make_cache_line(processor other);
// coroutines.cpp
std::unique_ptr<line> make_coroutine_resume();
std::unique_ptr<line> make_frame();
// system_call.cpp
std::unique_ptr<line> make_system_call();
// wakes.cpp
enum class timed_side { waker, sleeper };
std::unique_ptr<line> make_futex(processor other, timed_side side);
std::unique_ptr<line> make_eventfd(processor other, timed_side side);
// tcp.cpp
std::unique_ptr<line> make_tcp_hop();
std::unique_ptr<line> make_tcp_round_trip();

}  // namespace regatta::machine
