// How long is a task that was woken from outside on its way? A thread that belongs to no runtime
// wakes one task, again and again; each time it waits for the answer and then pauses, on the clock,
// so that an idle runtime has really gone to sleep and must be fetched from there. A busy one has
// hogs to run meanwhile, and the question is when it looks at what came in.
#pragma once

#include <exception>

#include "scenarios/support/doorbell.hpp"
#include "scenarios/support/hogs.hpp"
#include "scenarios/support/outside.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct wake {
  static constexpr std::string_view name = "wake";
  static constexpr std::string_view summary =
      "the time from waking a task, from outside, until it runs: an idle runtime, or a busy one";

  struct params {
    u64 wakes = 1'000;
    choice<"idle", "busy"> state{};
    u64 pause_us = 100;
    void each(auto&& visit) {
      visit("wakes", wakes);
      visit("state", state);
      visit("pause_us", pause_us);
    }
  };

  static params smoke() { return {.wakes = 10, .pause_us = 10}; }
  static std::vector<params> quick() {
    return grid<params>({.wakes = 200}).over(&params::state, {"idle", "busy"});
  }
  static std::vector<params> full() {
    return grid<params>()
        .over(&params::state, {"idle", "busy"})
        .over(&params::pause_us, {0, 100, 1'000});
  }

  static u64 expected(params p) { return p.wakes; }
  static u64 operations(params p) { return p.wakes; }
  // An idle runtime sleeps in the kernel, and a sleeper must be fetched from there.
  static bound floor(params p) {
    return p.state == "idle" ? bound{.what = "futex_sleep"} : bound{};
  }
  static std::string invalid(params p) { return p.wakes == 0 ? "wakes must be at least 1" : ""; }

  template <runtime R>
  static task<u64> run(R& rt, params p, recorder& latency) {
    if (p.state == "idle") return woken_from_outside(rt, p, latency);
    return beside_hogs(rt, {.hogs = 4, .steps = 1'000}, woken_from_outside(rt, p, latency));
  }

 private:
  template <runtime R>
  static task<u64> woken_from_outside(R& rt, params p, recorder& latency) {
    doorbell bell;
    auto sleeper = rt.spawn(count_wakes(bell, latency));
    auto ring_all = [&] { return ring(bell, p); };
    outside_call ringing(ring_all);
    std::exception_ptr failure;
    try {
      co_await ringing;
    } catch (...) {
      failure = std::current_exception();
    }
    bell.close();
    u64 const wakes = co_await sleeper;
    if (failure) std::rethrow_exception(failure);
    co_return wakes;
  }

  // Outside.
  static u64 ring(doorbell& bell, params p) {
    u64 rings = 0;
    for (; rings < p.wakes; ++rings) {
      auto const begin = recorder::now();
      while (recorder::now() - begin < p.pause_us * 1'000) cpu_relax();
      bell.ring();
      bell.wait_for_answer();
    }
    return rings;
  }

  static task<u64> count_wakes(doorbell& bell, recorder& latency) {
    u64 wakes = 0;
    while (auto const rung = co_await bell.next()) {
      latency.record_since(*rung);
      ++wakes;
      bell.answer();
    }
    co_return wakes;
  }
};
static_assert(scenario<wake>);

}  // namespace regatta::scenarios
