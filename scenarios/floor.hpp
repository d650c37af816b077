// What the machine itself takes for the steps that every runtime is made of: an atomic operation, a
// system call, a wake from sleep, a packet over loopback. No runtime is asked; the contender
// `machine` measures it with the barest code there is, and the other scenarios say which of these
// bounds their operation, so that a table can tell how much of a figure is the runtime's own.
#pragma once

#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct floor {
  static constexpr std::string_view name = "floor";
  static constexpr std::string_view summary =
      "what the machine itself takes for an atomic, a system call, a wake, a packet";
  static constexpr subject asked = subject::machine;
  // Of a wake only one side is timed, and never the pause in which the sleeper falls asleep.
  static constexpr bool times_a_part = true;

  struct params {
    // runtimes/machine/README.md says what each of them does.
    choice<"atomic", "contended_atomic", "cache_line", "coroutine_resume", "frame", "system_call",
           "futex_wake", "futex_sleep", "eventfd_wake", "eventfd_sleep", "tcp_hop",
           "tcp_round_trip">
        what{};
    u64 operations = 1'000;
    void each(auto&& visit) {
      visit("what", what);
      visit("operations", operations);
    }
  };

  static params smoke() { return {.operations = 10}; }
  // As many as make a run of 2 to 50 ms.
  static std::vector<params> quick() {
    return {
        {.what = "atomic", .operations = 1'000'000},
        {.what = "contended_atomic", .operations = 1'000'000},
        {.what = "cache_line", .operations = 200'000},
        {.what = "coroutine_resume", .operations = 1'000'000},
        {.what = "frame", .operations = 1'000'000},
        {.what = "system_call", .operations = 50'000},
        {.what = "futex_wake", .operations = 200},
        {.what = "futex_sleep", .operations = 200},
        {.what = "eventfd_wake", .operations = 200},
        {.what = "eventfd_sleep", .operations = 200},
        {.what = "tcp_hop", .operations = 2'000},
        {.what = "tcp_round_trip", .operations = 1'000},
    };
  }
  // The machine is the same in either matrix.
  static std::vector<params> full() { return quick(); }
  static std::string invalid(params p) {
    if (p.operations == 0) return "operations must be at least 1";
    if (p.what == "cache_line" && p.operations % 2 != 0) {
      return "operations must be even for cache_line: the line goes there and comes back";
    }
    return "";
  }

  static u64 expected(params p) { return p.operations; }
  static u64 operations(params p) { return p.operations; }
};
static_assert(scenario<floor>);

}  // namespace regatta::scenarios
