#include "runtimes/single_threaded/runtime.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "runtimes/interface/race.hpp"

namespace regatta::runtimes::single_threaded {
namespace {

using namespace std::chrono_literals;

task<void> yields(runtime& rt, int times) {
  for (int i = 0; i < times; ++i) co_await rt.yield();
}
task<void> sleep(runtime& rt, duration how_long) { co_await rt.sleep_for(how_long); }

TEST(SingleThreaded, RunsNewTasksNewestFirstAndThenEachInItsTurn) {
  runtime rt;
  std::vector<int> order;
  auto const note = [](runtime& on, std::vector<int>& into, int which) -> task<void> {
    into.push_back(which);
    co_await on.yield();
    into.push_back(which + 10);
  };
  auto const all = [](runtime& on, auto make, std::vector<int>& into) -> task<void> {
    auto tasks = spawn_n(on, 3, [&](u64 i) { return make(on, into, static_cast<int>(i)); });
    co_await join_all(std::move(tasks));
  };
  rt.block_on(all(rt, note, order));
  EXPECT_EQ(order, (std::vector{2, 1, 0, 12, 11, 10}));
}

TEST(SingleThreaded, CountsWhatItDoes) {
  runtime rt;
  rt.spawn(yields(rt, 0)).detach();
  rt.block_on(yields(rt, 9));
  auto const counted = rt.counters();
  EXPECT_EQ(counted.spawned, 2u);
  EXPECT_EQ(counted.polls, 11u);
  EXPECT_EQ(counted.parks, 0u);
  EXPECT_EQ(counted.wakes, 0u);
  EXPECT_EQ(rt.threads(), 1u);
}

TEST(SingleThreaded, SleepsUntilTheNextTimerAndNotLess) {
  runtime rt;
  auto const begin = clock::now();
  rt.block_on(sleep(rt, 3ms));
  EXPECT_GE(clock::now() - begin, 3ms);
  EXPECT_GE(rt.counters().parks, 1u);
}

TEST(SingleThreaded, ATaskThatNeverWaitsDoesNotKeepATimerFromFiring) {
  runtime rt;
  auto const hog = [](runtime& on) -> task<void> {
    for (;;) co_await on.yield();
  };
  auto const first = rt.block_on(race(sleep(rt, 1ms), hog(rt)));
  EXPECT_EQ(first.index(), 0u);
}

task<u64> echo_rounds(runtime& rt, int rounds) {
  auto door = rt.listen(endpoint::loopback());
  auto const serve = [](runtime::listener& from) -> task<void> {
    auto peer = co_await from.accept();
    std::array<std::byte, 16> buffer;
    for (;;) {
      auto const got = co_await peer->read(buffer);
      if (got.count == 0) co_return;
      auto const sent = co_await write_all(*peer, std::span(buffer).first(got.count));
      EXPECT_TRUE(sent.ok());
    }
  };
  auto serving = rt.spawn(serve(*door));
  auto client = co_await rt.connect(door->local_endpoint());
  u64 echoed = 0;
  for (int round = 0; round < rounds; ++round) {
    std::array<std::byte, 4> message{std::byte(round)};
    auto const sent = co_await write_all(*client, message);
    EXPECT_TRUE(sent.ok());
    std::array<std::byte, 4> answer{};
    auto const got = co_await read_exactly(*client, answer);
    EXPECT_EQ(got.count, 4u);
    if (answer == message) ++echoed;
  }
  client->close();
  co_await serving;
  co_return echoed;
}

TEST(SingleThreaded, BothEndsOfAConnectionMayLiveInIt) {
  runtime rt;
  EXPECT_EQ(rt.block_on(echo_rounds(rt, 100)), 100u);
}

TEST(SingleThreaded, ASocketIsServedBesideATaskThatNeverWaits) {
  runtime rt;
  auto const hog = [](runtime& on) -> task<void> {
    for (;;) co_await on.yield();
  };
  auto const first = rt.block_on(race(echo_rounds(rt, 20), hog(rt)));
  EXPECT_EQ(std::get<0>(first), 20u);
}

TEST(SingleThreaded, AnotherThreadWakesItFromItsSleep) {
  runtime rt;
  for (int turn = 0; turn < 50; ++turn) {
    auto const started_elsewhere = [](runtime& on, std::thread& poster) -> task<int> {
      joiner<int> started;
      std::atomic<bool> is_started{false};
      poster = std::thread([&] {
        auto const seven = []() -> task<int> { co_return 7; };
        started = on.spawn(seven());
        is_started.store(true);
      });
      while (!is_started.load()) co_await on.yield();
      co_return co_await started;
    };
    std::thread poster;
    EXPECT_EQ(rt.block_on(started_elsewhere(rt, poster)), 7);
    poster.join();
    // And where it sleeps for good: only the other thread's post can end the wait.
    auto const asleep = [](runtime& on) -> task<int> {
      auto blocking = on.run_blocking([] { return 8; });
      co_return co_await blocking;
    };
    EXPECT_EQ(rt.block_on(asleep(rt)), 8);
  }
  EXPECT_GT(rt.counters().parks, 0u);
  EXPECT_GT(rt.counters().wakes, 0u);
}

TEST(SingleThreaded, BlockingWorkDoesNotStopTheLoop) {
  runtime rt;
  std::atomic<bool> may_end{false};
  auto const release = [](runtime& on, std::atomic<bool>& flag) -> task<int> {
    co_await on.yield();
    flag.store(true);
    co_return 0;
  };
  auto const block = [](runtime& on, std::atomic<bool>& flag) -> task<int> {
    auto const wait = [&flag] {
      while (!flag.load()) std::this_thread::yield();
      return 5;
    };
    auto blocking = on.run_blocking(wait);
    co_return co_await blocking;
  };
  auto const both = rt.block_on(join(block(rt, may_end), release(rt, may_end)));
  EXPECT_EQ(std::get<0>(both), 5);
}

TEST(SingleThreaded, ReadsAndWritesFiles) {
  runtime rt;
  std::string const path = "/tmp/regatta-single-" + std::to_string(::getpid());
  auto const there_and_back = [](runtime& on, std::string where) -> task<std::string> {
    auto opened = co_await on.open(where, open_mode::read_write);
    auto const wrote = co_await opened->write_at(bytes_of("log book"), 0);
    EXPECT_EQ(wrote.count, 8u);
    std::string text(8, ' ');
    auto const got = co_await opened->read_at(std::as_writable_bytes(std::span(text)), 0);
    EXPECT_EQ(got.count, 8u);
    co_return text;
  };
  EXPECT_EQ(rt.block_on(there_and_back(rt, path)), "log book");
  ::unlink(path.c_str());
}

TEST(SingleThreaded, DestroyedWhileTasksWaitForEverything) {
  runtime rt;
  auto const accept_for_ever = [](runtime& on) -> task<void> {
    auto door = on.listen(endpoint::loopback());
    auto peer = co_await door->accept();
    EXPECT_TRUE(peer);
  };
  auto const block_for_a_while = [](runtime& on) -> task<void> {
    auto blocking = on.run_blocking([] { std::this_thread::sleep_for(5ms); });
    co_await blocking;
  };
  rt.spawn(accept_for_ever(rt)).detach();
  rt.spawn(sleep(rt, 1h)).detach();
  rt.spawn(block_for_a_while(rt)).detach();
  rt.block_on(yields(rt, 5));
}

TEST(SingleThreaded, ToBlockInsideItsOwnTaskEndsTheProgramWithASentence) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  runtime rt;
  auto const nested = [](runtime& on) -> task<void> {
    on.block_on(yields(on, 1));
    co_return;
  };
  EXPECT_DEATH(rt.block_on(nested(rt)), "await the task instead");
}

}  // namespace
}  // namespace regatta::runtimes::single_threaded
