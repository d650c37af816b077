#include "runtimes/work_stealing/runtime.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace regatta::runtimes::work_stealing {
namespace {

using namespace std::chrono_literals;

task<u64> tree(runtime& rt, u32 depth) {
  if (depth == 0) co_return 1;
  auto children = spawn_n(rt, 4, [&](u64) { return tree(rt, depth - 1); });
  auto all = join_all(std::move(children));
  u64 sum = 0;
  for (u64 const leaves : co_await all) sum += leaves;
  co_return sum;
}

task<u64> yielder(runtime& rt, u32 times) {
  for (u32 i = 0; i < times; ++i) co_await rt.yield();
  co_return 1;
}

task<void> count(std::atomic<u64>& counter) {
  counter.fetch_add(1);
  counter.notify_one();
  co_return;
}

task<u64> many_yielders(runtime& rt, u64 count) {
  auto children = spawn_n(rt, count, [&](u64) { return yielder(rt, 3); });
  auto all = join_all(std::move(children));
  u64 sum = 0;
  for (u64 const one : co_await all) sum += one;
  co_return sum;
}

// Each knob changes how fast it goes, never what comes out.
class EveryOption : public testing::TestWithParam<options> {};

options with(auto change) {
  options chosen;
  chosen.threads = 4;
  change(chosen);
  return chosen;
}

INSTANTIATE_TEST_SUITE_P(
    WorkStealing, EveryOption,
    testing::Values(with([](options&) {}), with([](options& o) { o.threads = 1; }),
                    with([](options& o) { o = {{.threads = 4, .ablation = "lifo=off"}}; }),
                    with([](options& o) { o.newest_first = false; }),
                    with([](options& o) { o = {{.threads = 4, .ablation = "steal=one"}}; }),
                    with([](options& o) { o.ring_slots = 16; }),
                    with([](options& o) { o = {{.ablation = "queue=1024"}}; }),
                    with([](options& o) { o = {{.threads = 4, .ablation = "queue=16"}}; }),
                    with([](options& o) { o.longest_spin = 0ns; }),
                    with([](options& o) { o.polls_per_event_check = 1; })));

TEST_P(EveryOption, CountsTheLeavesOfATree) {
  runtime rt(GetParam());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(rt.block_on(tree(rt, 6)), 4'096u);
}

TEST_P(EveryOption, RunsWhatOverflowsTheRing) {
  runtime rt(GetParam());
  EXPECT_EQ(rt.block_on(many_yielders(rt, 5'000)), 5'000u);
  EXPECT_GE(rt.counters().overflows, GetParam().threads == 1 ? 1u : 0u);
}

TEST(WorkStealing, AWorkerPostedToFromOutsideWakes) {
  runtime rt(with([](options&) {}));
  std::atomic<u64> ran{0};
  for (u64 i = 0; i < 500; ++i) {
    rt.spawn(count(ran)).detach();
    while (ran.load() == i) ran.wait(i);
  }
}

TEST(WorkStealing, ManyThreadsBlockOnAtOnce) {
  runtime rt(with([](options& o) { o.threads = 2; }));
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&rt] {
      for (int j = 0; j < 50; ++j) EXPECT_EQ(rt.block_on(tree(rt, 3)), 64u);
    });
  }
  for (auto& caller : callers) caller.join();
}

task<void> set(std::atomic<bool>& flag) {
  flag.store(true);
  co_return;
}

task<void> set_after(runtime& rt, duration delay, std::atomic<bool>& flag) {
  co_await rt.sleep_for(delay);
  flag.store(true);
}

// Blocks its worker on purpose until a child, which only another worker can run, has set the flag.
task<void> block_until_set(runtime& rt, duration delay) {
  std::atomic<bool> flag{false};
  auto child = rt.spawn(delay == 0ns ? set(flag) : set_after(rt, delay, flag));
  co_await rt.yield();
  while (!flag.load()) std::this_thread::yield();
  co_await child;
}

// A task that keeps its worker busy must not keep the tasks that it has spawned from running.
TEST(WorkStealing, OthersRunWhatALongTaskHasSpawned) {
  runtime rt(with([](options& o) { o.threads = 2; }));
  for (int i = 0; i < 20; ++i) rt.block_on(block_until_set(rt, 0ns));
}

// …nor the timers that were set on it.
TEST(WorkStealing, OthersHearTheTimersOfALongTask) {
  runtime rt(with([](options& o) { o.threads = 2; }));
  for (int i = 0; i < 5; ++i) rt.block_on(block_until_set(rt, 1ms));
}

TEST(WorkStealing, ARuntimeThatIsDestroyedEndsItsThreads) {
  for (int i = 0; i < 50; ++i) {
    runtime rt(with([](options&) {}));
    for (int j = 0; j < 10; ++j) rt.spawn(yielder(rt, 1'000'000)).detach();
    EXPECT_EQ(rt.block_on(yielder(rt, 10)), 1u);
  }
}

}  // namespace
}  // namespace regatta::runtimes::work_stealing
