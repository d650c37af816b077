// How late sleepers wake: many tasks sleep for one to some milliseconds, and each looks at the
// clock when it runs again. Lateness is what the clock of the timers, the wait in the kernel and
// the run queue add to each other. Nobody may wake early, not by a nanosecond.
#pragma once

#include <stdexcept>
#include <string>

#include "runtimes/interface/time.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct timer_lateness {
  static constexpr std::string_view name = "timer_lateness";
  static constexpr std::string_view summary =
      "tasks that sleep for some milliseconds: how much too late each wakes";

  struct params {
    u64 sleeps = 1'000;    // a task each
    u64 longest_ms = 100;  // they sleep 1, 2, … longest_ms milliseconds, in turn
    void each(auto&& visit) {
      visit("sleeps", sleeps);
      visit("longest_ms", longest_ms);
    }
  };

  static params smoke() { return {.sleeps = 20, .longest_ms = 5}; }
  static std::vector<params> quick() { return {params{}}; }
  static std::vector<params> full() {
    return grid<params>().over(&params::sleeps, {1'000, 10'000});
  }

  static u64 expected(params p) { return p.sleeps; }
  static u64 operations(params p) { return p.sleeps; }
  static std::string invalid(params p) {
    return p.sleeps == 0 || p.longest_ms == 0 ? "sleeps and longest_ms must be at least 1" : "";
  }

  template <timed_runtime R>
  static task<u64> run(R& rt, params p, recorder& latency) {
    auto sleepers = spawn_n(rt, p.sleeps, [&](u64 i) {
      return sleep(rt, std::chrono::milliseconds(1 + i % p.longest_ms), latency);
    });
    auto const slept = co_await join_all(std::move(sleepers));
    co_return sum(slept);
  }

 private:
  template <timed_runtime R>
  static task<u64> sleep(R& rt, duration how_long, recorder& latency) {
    auto const due = regatta::now(rt) + how_long;
    co_await rt.sleep_until(due);
    auto const late = regatta::now(rt) - due;
    if (late < duration::zero()) {
      throw std::logic_error("woke " + std::to_string(-late.count()) + " ns early");
    }
    latency.record(static_cast<u64>(late.count()));
    co_return 1;
  }
};
static_assert(scenario<timer_lateness>);

}  // namespace regatta::scenarios
