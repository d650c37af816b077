// Hogs that compute and yield, and a ticker that wants to run every millisecond: how late does it
// come? Nobody here misbehaves for longer than `steps`, so lateness is the runtime's: how long the
// queue is, and how often it looks at the clock while there is other work to do. Ticks are due at
// fixed times, so that one that comes late does not put off the others (no coordinated omission).
#pragma once

#include <stdexcept>
#include <string>

#include "runtimes/interface/time.hpp"
#include "scenarios/support/hogs.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct fairness {
  static constexpr std::string_view name = "fairness";
  static constexpr std::string_view summary =
      "how late a ticker of 1 ms comes beside tasks that compute and yield";

  struct params {
    u64 hogs = 8;
    u64 steps = 10'000;  // of a hog's work between two yields: about 10 µs
    u64 ticks = 100;
    void each(auto&& visit) {
      visit("hogs", hogs);
      visit("steps", steps);
      visit("ticks", ticks);
    }
  };

  static params smoke() { return {.hogs = 2, .steps = 1'000, .ticks = 3}; }
  static std::vector<params> quick() {
    return grid<params>({.ticks = 50}).over(&params::hogs, {2, 8});
  }
  static std::vector<params> full() {
    return grid<params>({.ticks = 1'000})
        .over(&params::hogs, {1, 8, 64})
        .over(&params::steps, {1'000, 10'000, 100'000});
  }

  static u64 expected(params p) { return p.ticks; }
  static u64 operations(params p) { return p.ticks; }
  static std::string invalid(params p) { return p.ticks == 0 ? "ticks must be at least 1" : ""; }

  template <timed_runtime R>
  static task<u64> run(R& rt, params p, recorder& latency) {
    return beside_hogs(rt, {.hogs = p.hogs, .steps = p.steps}, tick(rt, p.ticks, latency));
  }

 private:
  template <timed_runtime R>
  static task<u64> tick(R& rt, u64 ticks, recorder& latency) {
    interval every_millisecond(rt, std::chrono::milliseconds(1));
    u64 ticked = 0;
    for (; ticked < ticks; ++ticked) {
      auto const due = every_millisecond.next();
      co_await every_millisecond.tick();
      auto const lateness_ns = (regatta::now(rt) - due).count();
      if (lateness_ns < 0) {
        throw std::logic_error("woke " + std::to_string(-lateness_ns) + " ns early");
      }
      latency.record(static_cast<u64>(lateness_ns));
    }
    co_return ticked;
  }
};
static_assert(scenario<fairness>);

}  // namespace regatta::scenarios
