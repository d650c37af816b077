// Putting a thread to sleep, and with it whatever else that thread has to do: what a call does that
// was not written for tasks. A scenario starts no thread, but it may ask what becomes of one.
#pragma once

#include <chrono>
#include <thread>

namespace regatta::scenarios {

// The calling thread's sleep, not its task's: nothing else runs on this thread meanwhile.
inline void put_thread_to_sleep(std::chrono::milliseconds how_long) {
  std::this_thread::sleep_for(how_long);
}

}  // namespace regatta::scenarios
