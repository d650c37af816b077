// The name of threads that make calls which may block, and that never run a task. Whoever counts
// the threads at work leaves out what bears it.
#pragma once

#include <pthread.h>

namespace regatta::core {

inline constexpr char const* blocking_thread_name = "blocking";

// Gives it to this thread. A thread's first call costs a system call, the others a look.
inline void name_blocking_thread() noexcept {
  thread_local bool const named = ::pthread_setname_np(::pthread_self(), blocking_thread_name) == 0;
  (void)named;
}

}  // namespace regatta::core
