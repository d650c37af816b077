#include "runtimes/simulated/runtime.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "runtimes/interface/channel.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/time.hpp"
#include "runtimes/simulated/search.hpp"

namespace regatta::runtimes::simulated {
namespace {

using namespace std::chrono_literals;

task<void> nap(runtime& rt, duration how_long) { co_await rt.sleep_for(how_long); }
task<void> yields(runtime& rt, u64 times) {
  for (u64 i = 0; i < times; ++i) co_await rt.yield();
}
task<void> wait_for_ever(channel<int, runtime>& silent) { co_await silent.recv(); }

// Some of everything: tasks, timers, races, a channel, a connection.
task<std::string> echo_once(runtime& rt) {
  auto door = rt.listen(endpoint::loopback());
  auto const serve = [](listener& at) -> task<void> {
    auto peer = co_await at.accept();
    std::array<std::byte, 32> buffer;
    for (;;) {
      auto const got = co_await peer->read(buffer);
      if (got.count == 0) co_return;
      auto const sent = co_await write_all(*peer, std::span(buffer).first(got.count));
      if (!sent.ok()) co_return;
    }
  };
  auto serving = rt.spawn(serve(*door));
  auto client = co_await rt.connect(door->local_endpoint());
  std::array<std::byte, 1'000> sent{};
  for (u64 i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::byte>(i);
  auto writing = rt.spawn(write_all(*client, sent));
  std::array<std::byte, 1'000> answer{};
  auto const got = co_await read_exactly(*client, answer);
  auto const put = co_await writing;
  client->close();
  co_await serving;
  co_return put.ok() && got.count == answer.size() && answer == sent ? "" : "the echo is wrong";
}
task<void> note(runtime& rt, u64 which, std::vector<u64>& order) {
  co_await rt.yield();
  order.push_back(which);
}
task<std::vector<u64>> order_of_turns(runtime& rt) {
  std::vector<u64> order;
  auto all = spawn_n(rt, 6, [&](u64 i) { return note(rt, i, order); });
  co_await join_all(std::move(all));
  co_return order;
}

TEST(Simulated, TheSameSeedTakesTheSameCourse) {
  for (u64 seed = 1; seed <= 50; ++seed) {
    u64 traces[2];
    time_point ends[2];
    for (int run = 0; run < 2; ++run) {
      runtime rt({.seed = seed});
      EXPECT_EQ(rt.block_on(echo_once(rt)), "");
      rt.block_on(order_of_turns(rt));
      traces[run] = rt.trace();
      ends[run] = rt.now();
    }
    EXPECT_EQ(traces[0], traces[1]) << "with seed " << seed;
    EXPECT_EQ(ends[0], ends[1]) << "with seed " << seed;
  }
}

TEST(Simulated, OtherSeedsTakeOtherCourses) {
  std::set<u64> traces;
  std::set<std::vector<u64>> orders;
  u64 const seeds = 1'000;
  for (u64 seed = 1; seed <= seeds; ++seed) {
    runtime rt({.seed = seed});
    orders.insert(rt.block_on(order_of_turns(rt)));
    traces.insert(rt.trace());
  }
  EXPECT_EQ(traces.size(), seeds);
  // Of 720.
  EXPECT_GT(orders.size(), 200u);
}

TEST(Simulated, ARuntimeInsideAnotherGetsASeedFromIt) {
  auto const inner_seed = [](u64 seed) {
    runtime outer({.seed = seed});
    auto const make = []() -> task<u64> {
      runtime inner;
      co_return inner.seed();
    };
    return outer.block_on(make());
  };
  EXPECT_EQ(inner_seed(1), inner_seed(1));
  EXPECT_NE(inner_seed(1), inner_seed(2));
}

TEST(Simulated, AnHourPassesInAMoment) {
  runtime rt;
  auto const real_begin = clock::now();
  auto const begin = rt.now();
  rt.block_on(nap(rt, 1h));
  EXPECT_GE(rt.now() - begin, 1h);
  EXPECT_LT(clock::now() - real_begin, 1min);
}

TEST(Simulated, TimeDoesNotWaitForATaskThatNeverWaits) {
  auto const failure = first_failure([](runtime& rt) -> task<std::string> {
    auto const hog = [](runtime& on) -> task<void> {
      for (;;) co_await on.yield();
    };
    auto const first = co_await race(nap(rt, 100us), hog(rt));
    co_return first.index() == 0 ? "" : "the hog ended";
  });
  EXPECT_FALSE(failure) << failure->text();
}

TEST(Simulated, ATaskThatCanNeverEndIsFoundAtOnce) {
  runtime rt({.seed = 7});
  channel<int, runtime> silent(1);
  try {
    rt.block_on(wait_for_ever(silent));
    FAIL() << "nobody has sent anything";
  } catch (stuck const& error) {
    std::string const said = error.what();
    EXPECT_NE(said.find("nothing is ready, nothing is planned"), said.npos) << said;
    EXPECT_NE(said.find("seed 7"), said.npos) << said;
  }
  // And the runtime goes on.
  rt.block_on(yields(rt, 3));
}

TEST(Simulated, ASleepUntilTheEndOfTimeIsNoWayOut) {
  runtime rt;
  auto const sleep = [](runtime& on) -> task<void> { co_await on.sleep_until(time_point::max()); };
  EXPECT_THROW(rt.block_on(sleep(rt)), stuck);
}

TEST(Simulated, AnotherThreadIsWaitedFor) {
  runtime rt;
  auto const answer = []() -> task<int> { co_return 5; };
  auto const started_elsewhere = [answer](runtime& on, std::thread& other) {
    other = std::thread([&on, answer] { on.spawn(answer()).detach(); });
    return on.spawn(answer());
  };
  for (int round = 0; round < 50; ++round) {
    std::thread other;
    channel<int, runtime> link(1);
    joiner<int> started = started_elsewhere(rt, other);
    auto const await = [](joiner<int>& one) -> task<int> { co_return co_await one; };
    EXPECT_EQ(rt.block_on(await(started)), 5);
    other.join();
  }
}

TEST(Simulated, ABlockingCallAnswersAtTheSameMomentInEveryRun) {
  for (u64 seed = 1; seed <= 20; ++seed) {
    u64 traces[2];
    for (u64& trace : traces) {
      runtime rt({.seed = seed});
      auto const call = [](runtime& on) -> task<int> {
        auto waiting = on.run_blocking([] { return 3; });
        co_return co_await waiting;
      };
      auto const some = [call](runtime& on) -> task<void> {
        auto others = spawn_n(on, 3, [&](u64 i) { return yields(on, 20 * i); });
        auto calls = spawn_n(on, 3, [&](u64) { return call(on); });
        co_await join_all(std::move(calls));
        co_await join_all(std::move(others));
      };
      rt.block_on(some(rt));
      trace = rt.trace();
    }
    EXPECT_EQ(traces[0], traces[1]) << "with seed " << seed;
  }
}

TEST(Simulated, NobodyStarvesWhateverIsDrawn) {
  struct turns {
    u64 all = 0;
    u64 longest_wait = 0;
  };
  auto const failure = first_failure([](runtime& rt) -> task<std::string> {
    auto const take = [](runtime& on, turns& counted) -> task<void> {
      for (int turn = 0; turn < 30; ++turn) {
        u64 const before = ++counted.all;
        co_await on.yield();
        counted.longest_wait = std::max(counted.longest_wait, counted.all - before);
      }
    };
    turns counted;
    auto all = spawn_n(rt, 20, [&](u64) { return take(rt, counted); });
    co_await join_all(std::move(all));
    // A round, a mood of 32 turns, a round, and those who were posted meanwhile.
    co_return counted.longest_wait <= 3 * 20 + 32 ? "" : "a task waited too long";
  });
  EXPECT_FALSE(failure) << failure->text();
}

}  // namespace
}  // namespace regatta::runtimes::simulated
