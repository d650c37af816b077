#include "scenarios/support/outside.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "runtimes/interface/least_runtime.hpp"
#include "runtimes/interface/task.hpp"

namespace regatta::scenarios {
namespace {

task<std::thread::id> thread_outside() {
  auto ask = [] { return std::this_thread::get_id(); };
  outside_call asking(ask);
  co_return co_await asking;
}

task<std::string> what_is_thrown_outside() {
  auto fail = []() -> int { throw std::runtime_error("from outside"); };
  outside_call failing(fail);
  std::string what = "nothing";
  try {
    co_await failing;
  } catch (std::runtime_error const& error) {
    what = error.what();
  }
  co_return what;
}

// Spawns from outside while the runtime's own threads already run what was spawned.
task<u64> sum_of_spawned_outside(least_pool& rt, u64 tasks) {
  auto start = [&] { return spawn_n(rt, tasks, [](u64 i) -> task<u64> { co_return i; }); };
  outside_call starting(start);
  auto joiners = co_await starting;
  auto const answers = co_await join_all(std::move(joiners));
  u64 total = 0;
  for (u64 const answer : answers) total += answer;
  co_return total;
}

TEST(Outside, IsAThreadOfNobodysAndAlwaysTheSame) {
  least_pool rt;
  auto const first = rt.block_on(thread_outside());
  EXPECT_NE(first, std::this_thread::get_id());
  EXPECT_EQ(rt.block_on(thread_outside()), first);
  outsider::wait_until_idle();
}

TEST(Outside, AnExceptionReachesTheTaskThatAsked) {
  least_pool rt;
  EXPECT_EQ(rt.block_on(what_is_thrown_outside()), "from outside");
  outsider::wait_until_idle();
}

TEST(Outside, SpawnsWhileTheRuntimeRuns) {
  for (int round = 0; round < 50; ++round) {
    least_pool rt;
    EXPECT_EQ(rt.block_on(sum_of_spawned_outside(rt, 100)), 4'950u);
    outsider::wait_until_idle();
  }
}

}  // namespace
}  // namespace regatta::scenarios
