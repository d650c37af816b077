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

// While it lives, threads that this thread starts are born with that name: those of a pool that a
// library keeps. A thread inherits its name from the one that starts it.
class births_of_blocking_threads {
 public:
  births_of_blocking_threads() noexcept {
    ::pthread_getname_np(::pthread_self(), own_name_, sizeof own_name_);
    ::pthread_setname_np(::pthread_self(), blocking_thread_name);
  }
  births_of_blocking_threads(births_of_blocking_threads const&) = delete;
  births_of_blocking_threads& operator=(births_of_blocking_threads const&) = delete;
  ~births_of_blocking_threads() { ::pthread_setname_np(::pthread_self(), own_name_); }

 private:
  char own_name_[16] = {};  // The kernel's limit.
};

}  // namespace regatta::core
