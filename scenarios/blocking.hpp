// Calls that block a thread, beside a ticker that should not notice. Made in place, each keeps a
// worker from everybody else, and on a runtime of one thread from everybody; handed to
// run_blocking(), it keeps a thread that has nothing else to do.
//
// The latency is how late the ticks came, which are due at fixed times: 1 ms apart, whatever became
// of the last.
#pragma once

#include "runtimes/interface/time.hpp"
#include "scenarios/support/scenario.hpp"
#include "scenarios/support/thread_sleep.hpp"

namespace regatta::scenarios {

struct blocking {
  static constexpr std::string_view name = "blocking";
  static constexpr std::string_view summary =
      "a ticker beside tasks that block their thread, in place or through run_blocking()";

  struct params {
    choice<"inline", "run_blocking"> how{};
    u64 blockers = 4;
    u64 blocks = 2;  // by each blocker, 20 ms each
    u64 ticks = 50;
    void each(auto&& visit) {
      visit("how", how);
      visit("blockers", blockers);
      visit("blocks", blocks);
      visit("ticks", ticks);
    }
  };

  static params smoke() { return {.blockers = 1, .blocks = 1, .ticks = 3}; }
  static std::vector<params> quick() {
    return grid<params>().over(&params::how, {"inline", "run_blocking"});
  }
  static std::vector<params> full() {
    return grid<params>({.blocks = 10, .ticks = 500})
        .over(&params::how, {"inline", "run_blocking"});
  }

  static u64 expected(params p) { return p.ticks + p.blockers * p.blocks; }
  static u64 operations(params p) { return p.ticks; }
  static std::string invalid(params p) { return p.ticks == 0 ? "ticks must be at least 1" : ""; }

  template <timed_runtime R>
    requires blocking_runtime<R>
  static task<u64> run(R& rt, params p, recorder& lateness) {
    // The first tick is due 1 ms from here, also where the blockers let nobody begin to wait for
    // it.
    interval const clock(rt, std::chrono::milliseconds(1));
    std::vector<joiner<u64>> everybody;
    everybody.push_back(rt.spawn(tick(rt, clock, p.ticks, lateness)));
    for (u64 i = 0; i < p.blockers; ++i) everybody.push_back(rt.spawn(block(rt, p)));
    auto const done = co_await join_all(std::move(everybody));
    co_return sum(done);
  }

 private:
  template <timed_runtime R>
  static task<u64> tick(R& rt, interval<R> clock, u64 ticks, recorder& lateness) {
    for (u64 i = 0; i < ticks; ++i) {
      auto const due = clock.next();
      co_await clock.tick();
      auto const late = now(rt) - due;
      if (late < duration::zero()) throw std::logic_error("a tick came before it was due");
      lateness.record(static_cast<u64>(late.count()));
    }
    co_return ticks;
  }

  template <blocking_runtime R>
  static task<u64> block(R& rt, params p) {
    u64 blocked = 0;
    for (u64 i = 0; i < p.blocks; ++i) {
      if (p.how == "inline") {
        blocked += sleep_and_count();
        co_await rt.yield();
      } else {
        auto call = rt.run_blocking(sleep_and_count);
        blocked += co_await call;
      }
    }
    co_return blocked;
  }

  static u64 sleep_and_count() {
    put_thread_to_sleep(std::chrono::milliseconds(20));
    return 1;
  }
};
static_assert(scenario<blocking>);

}  // namespace regatta::scenarios
