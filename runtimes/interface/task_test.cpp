#include "runtimes/interface/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/least_runtime.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/runtime.hpp"
#include "runtimes/interface/unordered_set.hpp"

namespace regatta {
namespace {

// Knows how many of its kind live.
struct counted {
  explicit counted(int& lives) : lives_(&lives) { ++*lives_; }
  counted(counted const& other) : lives_(other.lives_) { ++*lives_; }
  counted& operator=(counted const&) = default;
  ~counted() { --*lives_; }
  int* lives_;
};

task<int> answer(int value) { co_return value; }
task<int> fail(std::string why) {
  throw std::runtime_error(why);
  co_return 0;
}
task<int> yield_then(least_runtime& rt, int times, int value, std::vector<int>& trace) {
  for (int i = 0; i < times; ++i) co_await rt.yield();
  trace.push_back(value);
  co_return value;
}
// Posted by nobody: waits until it is destroyed.
struct forever {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  void await_resume() const noexcept {}
};
task<int> hang(counted) {
  co_await forever();
  co_return 0;
}

TEST(Task, CallingItRunsNothing) {
  bool ran = false;
  auto set_it = [](bool& flag) -> task<void> {
    flag = true;
    co_return;
  };
  least_runtime rt;
  auto made = set_it(ran);
  EXPECT_FALSE(ran);
  rt.block_on(std::move(made));
  EXPECT_TRUE(ran);
}

TEST(Task, AnUnstartedTaskDestroysItsArguments) {
  int lives = 0;
  {
    auto const unstarted = hang(counted(lives));
    EXPECT_EQ(lives, 1);
  }
  EXPECT_EQ(lives, 0);
}

TEST(Task, AnExceptionReachesWhoAwaits) {
  auto parent = []() -> task<std::string> {
    try {
      co_await fail("broken");
    } catch (std::runtime_error const& error) {
      co_return error.what();
    }
    co_return "";
  };
  least_runtime rt;
  EXPECT_EQ(rt.block_on(parent()), "broken");
}

TEST(Task, AMillionReadyTasksDoNotDeepenTheStack) {
  auto parent = []() -> task<u64> {
    u64 sum = 0;
    for (int i = 0; i < 1'000'000; ++i) {
      auto child = answer(1);
      sum += static_cast<u64>(co_await child);
    }
    co_return sum;
  };
  least_runtime rt;
  EXPECT_EQ(rt.block_on(parent()), 1'000'000u);
}

TEST(Task, MovesAResultThatCannotBeCopied) {
  auto make = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
  least_runtime rt;
  EXPECT_EQ(*rt.block_on(make()), 7);
}

TEST(Joiner, GivesTheValueOfASpawnedTask) {
  auto parent = [](least_runtime& rt) -> task<int> {
    auto child = rt.spawn(answer(3));
    co_return co_await child;
  };
  least_runtime rt;
  EXPECT_EQ(rt.block_on(parent(rt)), 3);
}

TEST(Joiner, ADroppedJoinerLetsTheTaskRunOn) {
  std::vector<int> trace;
  auto parent = [](least_runtime& rt, std::vector<int>& seen) -> task<void> {
    {
      auto const dropped = rt.spawn(yield_then(rt, 3, 1, seen));
    }
    while (seen.empty()) co_await rt.yield();
  };
  least_runtime rt;
  rt.block_on(parent(rt, trace));
  EXPECT_EQ(trace, std::vector<int>{1});
}

TEST(Roots, ADestroyedRuntimeDestroysPendingFramesOnce) {
  int lives = 0;
  {
    least_runtime rt;
    for (int i = 0; i < 1'000; ++i) rt.spawn(hang(counted(lives))).detach();
    rt.block_on(answer(0));
    EXPECT_EQ(lives, 1'000);
  }
  EXPECT_EQ(lives, 0);
}

task<int> await_it(joiner<int> other, counted) { co_return co_await other; }

TEST(Roots, FramesThatJoinEachOtherDieInAnyOrder) {
  int lives = 0;
  {
    least_runtime rt;
    for (int i = 0; i < 100; ++i) {
      auto inner = rt.spawn(hang(counted(lives)));
      rt.spawn(await_it(std::move(inner), counted(lives))).detach();
    }
    rt.block_on(answer(0));
    EXPECT_EQ(lives, 200);
  }
  EXPECT_EQ(lives, 0);
}

TEST(Roots, AJoinerThatOutlivesItsRuntimeSaysSo) {
  int lives = 0;
  joiner<int> orphan;
  {
    least_runtime rt;
    orphan = rt.spawn(hang(counted(lives)));
    rt.block_on(answer(0));
  }
  EXPECT_EQ(lives, 0);
  least_runtime other;
  auto ask = [](joiner<int> whose) -> task<int> { co_return co_await whose; };
  EXPECT_THROW(other.block_on(ask(std::move(orphan))), task_abandoned);
}

TEST(Join, AnswersATupleInOrder) {
  least_runtime rt;
  std::vector<int> trace;
  auto parent = [](least_runtime& r, std::vector<int>& seen) -> task<int> {
    auto both = join(yield_then(r, 3, 1, seen), yield_then(r, 1, 2, seen));
    auto [first, second] = co_await both;
    co_return first * 10 + second;
  };
  EXPECT_EQ(rt.block_on(parent(rt, trace)), 12);
  EXPECT_EQ(trace, (std::vector<int>{2, 1}));
}

TEST(Join, WaitsForAllBeforeItRethrowsTheFirstFailure) {
  least_runtime rt;
  std::vector<int> trace;
  auto parent = [](least_runtime& r, std::vector<int>& seen) -> task<std::string> {
    std::vector<task<int>> children;
    children.push_back(fail("first"));
    children.push_back(yield_then(r, 5, 1, seen));
    children.push_back(fail("second"));
    auto all = join_all(std::move(children));
    try {
      co_await all;
    } catch (std::runtime_error const& error) {
      co_return error.what();
    }
    co_return "nothing thrown";
  };
  EXPECT_EQ(rt.block_on(parent(rt, trace)), "first");
  EXPECT_EQ(trace, std::vector<int>{1});
}

TEST(Race, ReturnsWhenEveryLoserIsDead) {
  least_runtime rt;
  int lives = 0;
  auto parent = [](least_runtime& r, int& living) -> task<int> {
    std::vector<int> trace;
    auto contest = race(hang(counted(living)), yield_then(r, 2, 5, trace), hang(counted(living)));
    auto result = co_await contest;
    EXPECT_EQ(living, 0);
    EXPECT_EQ(result.index(), 1u);
    co_return std::get<1>(result);
  };
  EXPECT_EQ(rt.block_on(parent(rt, lives)), 5);
}

TEST(Race, OfManyNamesTheWinner) {
  least_runtime rt;
  auto parent = [](least_runtime& r) -> task<std::size_t> {
    std::vector<int> trace;
    std::vector<task<int>> runners;
    for (int i = 0; i < 10; ++i) runners.push_back(yield_then(r, 10 - i, i, trace));
    auto contest = race_all(std::move(runners));
    auto result = co_await contest;
    co_return result.index;
  };
  EXPECT_EQ(rt.block_on(parent(rt)), 9u);
}

TEST(UnorderedSet, AnswersInTheOrderOfEnding) {
  least_runtime rt;
  auto parent = [](least_runtime& r) -> task<std::vector<int>> {
    std::vector<int> trace;
    unordered_set<int> set;
    for (int i = 0; i < 4; ++i) set.push(yield_then(r, 4 - i, i, trace));
    std::vector<int> answers;
    while (auto one = co_await set.next()) answers.push_back(*one);
    co_return answers;
  };
  EXPECT_EQ(rt.block_on(parent(rt)), (std::vector<int>{3, 2, 1, 0}));
}

TEST(UnorderedSet, DestroysMembersThatStillWait) {
  least_runtime rt;
  int lives = 0;
  auto parent = [](int& living) -> task<int> {
    unordered_set<int> set;
    set.push(hang(counted(living)));
    set.push(answer(4));
    auto const first = co_await set.next();
    EXPECT_EQ(living, 1);
    co_return *first;
  };
  EXPECT_EQ(rt.block_on(parent(lives)), 4);
  EXPECT_EQ(lives, 0);
}

TEST(FramePool, LargeFramesAreEnrolledToo) {
  int lives = 0;
  auto large = [](counted) -> task<void> {
    char ballast[20'000];
    ballast[0] = 1;
    co_await forever();
    ballast[1] = ballast[0];
  };
  {
    least_runtime rt;
    for (int i = 0; i < 10; ++i) rt.spawn(large(counted(lives))).detach();
    rt.block_on(answer(0));
    EXPECT_EQ(lives, 10);
  }
  EXPECT_EQ(lives, 0);
}

}  // namespace
}  // namespace regatta
