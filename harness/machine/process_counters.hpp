// What this process has spent so far: CPU time, context switches, memory, and which of its threads
// did the spending.
//
// A contender reads these before and after a sample, outside the timed section: each costs between
// one system call and a few per thread. All may be called from any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

namespace regatta::machine {

// CPU time (user + system) of all threads of this process, those that have ended included, in ns.
std::uint64_t process_cpu_ns() noexcept;

struct context_switches {
  std::uint64_t voluntary = 0;    // a thread waited
  std::uint64_t involuntary = 0;  // a thread was put aside for another

  friend bool operator==(context_switches const&, context_switches const&) = default;
  friend context_switches operator-(context_switches const& later,
                                    context_switches const& earlier) noexcept {
    return {later.voluntary - earlier.voluntary, later.involuntary - earlier.involuntary};
  }
};

// Of all threads since the process began.
context_switches process_context_switches() noexcept;

// The most memory that was resident since the process began or since the last reset. Nothing where
// /proc is not mounted.
std::optional<std::uint64_t> peak_rss_bytes();
std::optional<std::uint64_t> rss_bytes();

// Begins a new peak from what is resident now. False where the kernel does not allow it; then
// peak_rss_bytes() goes on counting from the start of the process.
bool reset_peak_rss();

// The CPU time of each living thread in ns, by thread id; without those that bear a certain name.
using thread_cpu_times = std::map<pid_t, std::uint64_t>;
thread_cpu_times cpu_time_of_threads(std::string_view but_not_of = "");

// How many threads really worked between two readings: those that spent at least `least_share` of
// what all spent together. A thread that only woke and slept again (a timer thread, a signal
// handler, a pool that was not needed) stays below the default of 1 %. Threads that ended before
// the later reading are not seen, so read before the runtime is destroyed.
unsigned threads_used(thread_cpu_times const& earlier, thread_cpu_times const& later,
                      double least_share = 0.01);

}  // namespace regatta::machine
