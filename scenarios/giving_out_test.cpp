// What scenarios leave behind whose runtime gives out at any of their spawns: no task that refers
// to a frame that is gone (the sanitizers see it), none that goes on for ever, and a runtime that
// gives the right answer when it can again.
#include <gtest/gtest.h>

#include "scenarios/fan_out.hpp"
#include "scenarios/fib.hpp"
#include "scenarios/nqueens.hpp"
#include "scenarios/spawn_many.hpp"
#include "scenarios/support/outside.hpp"
#include "scenarios/support/scarce_runtime.hpp"
#include "scenarios/wake.hpp"

namespace regatta::scenarios {
namespace {

template <class S>
u64 run_once(scarce_runtime& rt, typename S::params p) {
  if constexpr (measures_latency_on<S, scarce_runtime>) {
    silent_recorder latency;
    return rt.block_on(S::run(rt, p, latency));
  } else {
    return rt.block_on(S::run(rt, p));
  }
}

// `spawns`: of one run.
template <class S>
void give_out_everywhere(typename S::params p, u64 spawns) {
  scarce_runtime rt;
  for (u64 allowed = 0; allowed < spawns; ++allowed) {
    rt.allow(allowed);
    EXPECT_THROW(run_once<S>(rt, p), limit_exceeded) << "of " << spawns << " only " << allowed;
  }
  rt.allow(1'000'000);
  EXPECT_EQ(run_once<S>(rt, p), S::expected(p));
  rt.allow(spawns);
  EXPECT_EQ(run_once<S>(rt, p), S::expected(p)) << "with just as many tasks as it needs";
  outsider::wait_until_idle();
}

TEST(GivingOut, SpawnMany) {
  give_out_everywhere<spawn_many>({.tasks = 20, .from = "worker"}, 1 + 20);
  give_out_everywhere<spawn_many>({.tasks = 20, .from = "outside_idle"}, 20);
  give_out_everywhere<spawn_many>({.tasks = 20, .from = "outside_busy"}, 4 + 1 + 20);
}

TEST(GivingOut, Wake) {
  give_out_everywhere<wake>({.wakes = 5, .state = "idle", .pause_us = 1}, 1);
  give_out_everywhere<wake>({.wakes = 5, .state = "busy", .pause_us = 1}, 4 + 1 + 1);
}

TEST(GivingOut, ForkAndJoin) {
  scarce_runtime rt;
  for (u64 allowed = 0; allowed < 40; ++allowed) {
    // Who fails leaves tasks behind that go on alone, and may take what the next one needs.
    rt.allow(allowed);
    EXPECT_THROW(run_once<fib>(rt, {.n = 10}), limit_exceeded);
    rt.allow(allowed);
    EXPECT_THROW(run_once<nqueens>(rt, {.n = 6}), limit_exceeded);
    rt.allow(allowed);
    EXPECT_THROW(run_once<fan_out>(rt, {.children = 4, .depth = 3, .rounds = 1}), limit_exceeded);
  }
}

}  // namespace
}  // namespace regatta::scenarios
