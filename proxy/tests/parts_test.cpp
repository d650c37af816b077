// The parts of a server, each on its own: tickets, the choice of upstreams, names, ticks, the
// table.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/connection_table.hpp"
#include "proxy/descriptors.hpp"
#include "proxy/names.hpp"
#include "proxy/tickets.hpp"
#include "proxy/ticks.hpp"
#include "proxy/upstreams.hpp"
#include "runtimes/interface/exploring_runtime.hpp"
#include "runtimes/interface/race.hpp"

namespace regatta::proxy {
namespace {

using namespace std::chrono_literals;

// --- Tickets, in every order of turns ---

using box = ticket_box<one_thread>;

task<void> take_and_give_back(exploring_runtime& rt, box& tickets, int& out, int& most_out) {
  co_await tickets.take();
  most_out = std::max(most_out, ++out);
  co_await rt.yield();
  --out;
  tickets.give_back();
}
task<void> take(box& tickets) { co_await tickets.take(); }
task<void> yield_once(exploring_runtime& rt) { co_await rt.yield(); }
// Takes a ticket or gives up, whichever is first.
task<void> take_impatiently(exploring_runtime& rt, box& tickets) {
  auto first = race(take(tickets), yield_once(rt));
  auto const won = co_await first;
  if (won.index() == 0) tickets.give_back();
}
task<int> share_one_ticket(exploring_runtime& rt) {
  box tickets(1);
  int out = 0;
  int most_out = 0;
  std::vector<joiner<void>> takers;
  takers.push_back(rt.spawn(take_and_give_back(rt, tickets, out, most_out)));
  takers.push_back(rt.spawn(take_impatiently(rt, tickets)));
  takers.push_back(rt.spawn(take_and_give_back(rt, tickets, out, most_out)));
  auto all = join_all(std::move(takers));
  co_await all;
  EXPECT_EQ(tickets.taken(), 0u) << "a ticket was lost";
  co_return most_out;
}

TEST(Tickets, NeverMoreAreOutThanThereAreAndNoneIsLostInAnyOrder) {
  every_schedule schedules;
  do {
    exploring_runtime rt(schedules);
    ASSERT_EQ(rt.block_on(share_one_ticket(rt)), 1);
  } while (schedules.next());
  EXPECT_GT(schedules.tried(), 50u);
}

task<void> watch(box& tickets, box::occasion what, bool& has_come) {
  co_await tickets.until(what);
  has_come = true;
}
task<void> see_occasions(exploring_runtime& rt) {
  box tickets(1);
  bool is_some = false;
  auto some = rt.spawn(watch(tickets, box::occasion::some, is_some));
  co_await rt.yield();
  co_await rt.yield();
  EXPECT_FALSE(is_some);
  EXPECT_TRUE(tickets.try_take());
  EXPECT_FALSE(tickets.try_take());
  co_await some;
  EXPECT_FALSE(tickets.has_room());
  bool is_room = false;
  bool is_none = false;
  auto room = rt.spawn(watch(tickets, box::occasion::room, is_room));
  auto none = rt.spawn(watch(tickets, box::occasion::none, is_none));
  co_await rt.yield();
  co_await rt.yield();
  EXPECT_FALSE(is_room || is_none);
  tickets.give_back();
  co_await room;
  co_await none;
  // Full again, and closed: nobody waits for room.
  EXPECT_TRUE(tickets.try_take());
  auto last = rt.spawn(watch(tickets, box::occasion::room, is_room));
  tickets.close();
  co_await last;
}
TEST(Tickets, TellWhoWaitsForRoomForSomeAndForNone) {
  every_schedule schedules;
  do {
    exploring_runtime rt(schedules);
    rt.block_on(see_occasions(rt));
  } while (schedules.next());
}

// --- Upstreams ---

class Upstreams : public testing::Test {
 protected:
  upstream_list::choice choose(std::vector<bool> const& tried = {false, false, false}) {
    auto const chosen = list_.choose(now_, tried);
    EXPECT_TRUE(chosen);
    return chosen.value_or(upstream_list::choice{});
  }
  time_point now_ = time_point(100s);
  upstream_list list_{{"a:1", "b:1", "c:1"}, balance::round_robin};
};

TEST_F(Upstreams, TakeTurns) {
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(choose().index, i % 3);
}
TEST_F(Upstreams, ThatWereTriedAreNotChosenAgain) {
  EXPECT_EQ(choose({true, false, false}).index, 1u);
  EXPECT_EQ(choose({true, true, false}).index, 2u);
  EXPECT_FALSE(list_.choose(now_, {true, true, true}));
}
TEST_F(Upstreams, ThatFailedArePassedOverForASecondThenOneClientTries) {
  list_.failed(choose(), now_);
  for (int i = 0; i < 6; ++i) EXPECT_NE(choose().index, 0u);
  now_ += 999ms;
  for (int i = 0; i < 6; ++i) EXPECT_NE(choose().index, 0u);
  now_ += 1ms;
  int trials = 0;
  for (int i = 0; i < 6; ++i) trials += choose().index == 0;
  EXPECT_EQ(trials, 1);
}
TEST_F(Upstreams, ThatFailAgainArePassedOverForTwiceAsLongUpToHalfAMinute) {
  auto failing = choose();
  std::vector<bool> const only_a{false, true, true};
  for (auto const pause : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    list_.failed(failing, now_);
    now_ += pause - 1ms;
    EXPECT_FALSE(choose(only_a).is_trial) << pause.count();
    now_ += 1ms;
    failing = choose(only_a);
    EXPECT_TRUE(failing.is_trial) << pause.count();
  }
  list_.succeeded(failing);
  list_.failed(choose(only_a), now_);
  now_ += 1s;
  EXPECT_TRUE(choose(only_a).is_trial) << "all was forgotten";
}
TEST_F(Upstreams, ThatFailForManyAtOnceHaveFailedOnce) {
  std::vector<bool> const only_a{false, true, true};
  std::vector<upstream_list::choice> many;
  for (int i = 0; i < 50; ++i) many.push_back(choose(only_a));
  for (auto const& each : many) list_.failed(each, now_);
  EXPECT_EQ(list_.counts()[0].failures, 50u);
  now_ += 1s;
  EXPECT_TRUE(choose(only_a).is_trial);
}
TEST_F(Upstreams, AreTriedAllTheSameWhenAllHaveFailedTheSoonestFirst) {
  for (int i = 0; i < 3; ++i) {
    list_.failed(choose(), now_);
    now_ += 100ms;
  }
  EXPECT_EQ(choose().index, 0u);
  EXPECT_EQ(choose({true, false, false}).index, 1u);
  EXPECT_EQ(choose({true, true, false}).index, 2u);
}
TEST_F(Upstreams, WhoseTrialCameToNothingMayBeTriedByTheNext) {
  list_.failed(choose(), now_);
  now_ += 1s;
  std::vector<bool> const only_a{false, true, true};
  auto const trial = choose(only_a);
  list_.undecided(trial, now_);
  EXPECT_TRUE(choose(only_a).is_trial);
  EXPECT_EQ(list_.counts()[0].failures, 1u);
}
TEST_F(Upstreams, WithTheFewestConnectionsComeFirst) {
  upstream_list list({"a:1", "b:1"}, balance::least_connections);
  std::vector<bool> const none{false, false};
  for (int i = 0; i < 4; ++i) (void)list.choose(now_, none);
  list.leave(1);
  list.leave(1);
  EXPECT_EQ(list.choose(now_, none)->index, 1u);
  EXPECT_EQ(list.choose(now_, none)->index, 1u);
  EXPECT_EQ(list.counts()[0].connections, 2u);
  EXPECT_EQ(list.counts()[1].connections, 2u);
}

// --- Names ---

TEST(Names, AreAHostAndAPort) {
  auto const name = host_and_port::parse("harbour.example:8080");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->host, "harbour.example");
  EXPECT_EQ(name->port, 8'080);
  for (auto const* wrong : {"", "harbour", ":80", "harbour:", "harbour:0", "harbour:65536",
                            "harbour:http", "[::1:80", "::1:80", "/tmp/x:1", "har bour:1"}) {
    EXPECT_FALSE(host_and_port::parse(wrong)) << wrong;
  }
}
TEST(Names, AreAskedOfTheSystem) {
  auto const found = ask_system({.host = "localhost", .port = 8'080});
  ASSERT_FALSE(found.empty());
  for (auto const& each : found) {
    EXPECT_TRUE(each == endpoint::loopback(8'080) || each == endpoint::loopback_v6(8'080))
        << each.text();
  }
  EXPECT_TRUE(ask_system({.host = "nobody.invalid", .port = 1}).empty());
}

// --- Ticks ---

TEST(Ticks, AreAnEighthOfTheShortestTimeoutWithinBounds) {
  settings told{.connect_timeout = 0ms, .idle_timeout = 0ms, .stall_timeout = 0ms};
  EXPECT_EQ(tick_of(told), 0ns);
  told.idle_timeout = 800ms;
  EXPECT_EQ(tick_of(told), 100ms);
  told.stall_timeout = 1ms;
  EXPECT_EQ(tick_of(told), 10ms);
  told = {.connect_timeout = 0ms, .idle_timeout = 1h, .stall_timeout = 0ms};
  EXPECT_EQ(tick_of(told), 1s);
  told = {.upstreams = {"a:1", "b:1"}, .connect_timeout = 1'600ms, .stall_timeout = 0ms};
  EXPECT_EQ(tick_of(told), 100ms);
}
TEST(Ticks, NeverEndATimeoutEarly) {
  EXPECT_EQ(ticks_in(0ms, 10ms), 0u);
  EXPECT_EQ(ticks_in(100ms, 0ms), 0u);
  // It may begin at the very end of a tick.
  EXPECT_EQ(ticks_in(100ms, 10ms), 11u);
  EXPECT_EQ(ticks_in(101ms, 10ms), 12u);
  EXPECT_EQ(ticks_in(1ns, 10ms), 2u);
  EXPECT_GT(ticks_in(duration::max(), 10ms), 1'000'000u);
}
TEST(Ticks, AreDueAlsoWhenTheirNumberBeginsAnew) {
  EXPECT_TRUE(is_due(5, 5));
  EXPECT_FALSE(is_due(4, 5));
  EXPECT_TRUE(is_due(3, 0xFFFF'FFF0U));
  EXPECT_FALSE(is_due(0xFFFF'FFF0U, 3));
}

// --- The table ---

// A stream that only notes what was done to it.
struct noted {
  std::atomic<bool> is_closed{false};
  std::atomic<bool> is_reset{false};
};
struct noting_stream {
  struct at_once {
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    io_result await_resume() const noexcept { return {}; }
  };
  at_once read(std::span<std::byte>) { return {}; }
  at_once write(std::span<std::byte const>) { return {}; }
  at_once readable() { return {}; }
  at_once writable() { return {}; }
  int shutdown_write() { return 0; }
  void close() { into->is_closed = true; }
  void reset() { into->is_reset = true; }
  int native_handle() const { return -1; }

  noted* into;
};
using table = connection_table<noting_stream, many_threads>;

void sweep_all(table& of) {
  of.advance_tick();
  for (std::size_t list = 0; list < table::lists; ++list) of.sweep(list);
}

TEST(ConnectionTable, CountsAConnectionFromItsBeginningToItsEnd) {
  table of(patience{});
  noted near;
  noted far;
  {
    table::connection one(of, noting_stream{&near});
    EXPECT_EQ(of.read().active, 1u);
    EXPECT_TRUE(one.begin_relay(noting_stream{&far}));
    one.watch().bytes_forward = 7;
    one.watch().bytes_backward = 5;
    EXPECT_EQ(of.read().bytes_up, 7u);
    one.end(ending::completed);
    EXPECT_EQ(of.read().active, 0u);
  }
  auto const read = of.read();
  EXPECT_EQ(read.accepted, 1u);
  EXPECT_EQ(read.completed, 1u);
  EXPECT_EQ(read.bytes_up, 7u);
  EXPECT_EQ(read.bytes_down, 5u);
  EXPECT_TRUE(near.is_closed && far.is_closed);
  EXPECT_FALSE(near.is_reset || far.is_reset);
}
TEST(ConnectionTable, CountsOneThatAnExceptionEndsAsBroken) {
  table of(patience{});
  noted near;
  {
    table::connection const one(of, noting_stream{&near});
  }
  EXPECT_EQ(of.read().broken, 1u);
  EXPECT_TRUE(near.is_reset);
}
TEST(ConnectionTable, EndsWhatIsIdleOrStalledForItsTime) {
  table of(patience{.idle = 3, .stall = 2});
  std::array<noted, 8> streams;
  table::connection idle(of, noting_stream{&streams[0]});
  table::connection moving(of, noting_stream{&streams[1]});
  table::connection stalled(of, noting_stream{&streams[2]});
  table::connection connecting(of, noting_stream{&streams[3]});
  (void)idle.begin_relay(noting_stream{&streams[4]});
  (void)moving.begin_relay(noting_stream{&streams[5]});
  (void)stalled.begin_relay(noting_stream{&streams[6]});
  stalled.watch().stalled_since_tick = of.now();
  for (int tick = 0; tick < 3; ++tick) {
    EXPECT_EQ(streams[2].is_reset, tick >= 2) << tick;
    EXPECT_FALSE(streams[0].is_reset);
    moving.watch().moved_at_tick = of.now();
    sweep_all(of);
  }
  EXPECT_TRUE(streams[0].is_reset && streams[4].is_reset);
  EXPECT_TRUE(streams[2].is_reset && streams[6].is_reset);
  EXPECT_FALSE(streams[1].is_reset || streams[5].is_reset);
  EXPECT_FALSE(streams[3].is_reset) << "who has no upstream yet is not idle";
  idle.end(ending::broken);
  stalled.end(ending::broken);
  moving.end(ending::completed);
  connecting.end(ending::unreachable);
  auto const read = of.read();
  EXPECT_EQ(read.timed_out, 2u);
  EXPECT_EQ(read.completed, 1u);
  EXPECT_EQ(read.unreachable, 1u);
  EXPECT_EQ(read.broken, 0u);
}
TEST(ConnectionTable, ShutsDownThoseThatAreThereAndThoseThatComeLater) {
  table of(patience{});
  std::vector<noted> streams(300);
  std::vector<std::unique_ptr<table::connection>> all;
  for (auto& each : streams) {
    all.push_back(std::make_unique<table::connection>(of, noting_stream{&each}));
  }
  of.shut_down();
  for (auto const& each : streams) EXPECT_TRUE(each.is_reset);
  for (auto const& each : all) {
    EXPECT_TRUE(each->is_condemned());
    each->end(ending::broken);
  }
  noted late;
  noted far;
  table::connection one(of, noting_stream{&late});
  EXPECT_TRUE(one.is_condemned());
  EXPECT_FALSE(one.begin_relay(noting_stream{&far}));
  one.end(ending::unreachable);
  EXPECT_TRUE(late.is_reset && far.is_reset);
  EXPECT_EQ(of.read().shut_down, 301u);
}
TEST(ConnectionTable, LetsWhoHasFinishedCountAsFinished) {
  table of(patience{});
  noted near;
  table::connection one(of, noting_stream{&near});
  of.shut_down();
  one.end(ending::completed);
  EXPECT_EQ(of.read().completed, 1u);
}
TEST(ConnectionTable, IsSmallInTheFrameOfAConnection) {
  EXPECT_LE(sizeof(table::connection), 128u);
}

// Connections come and go on some threads, while others sweep and read.
TEST(ConnectionTable, HoldsTogetherWhileAllAreAtIt) {
  table of(patience{.idle = 1});
  std::atomic<bool> is_over{false};
  auto const live = [&of] {
    for (int i = 0; i < 20'000; ++i) {
      noted near;
      noted far;
      table::connection one(of, noting_stream{&near});
      if (i % 3 != 0) (void)one.begin_relay(noting_stream{&far});
      if (i % 7 == 0) std::this_thread::yield();
      one.end(i % 2 == 0 ? ending::completed : ending::broken);
    }
  };
  std::thread reader([&] {
    while (!is_over) {
      auto const read = of.read();
      u64 const ended = read.completed + read.broken + read.timed_out;
      ASSERT_EQ(read.accepted, read.active + ended);
      ASSERT_LE(read.active, 2u);
      std::this_thread::sleep_for(20us);
    }
  });
  std::thread sweeper([&] {
    while (!is_over) {
      sweep_all(of);
      std::this_thread::sleep_for(20us);
    }
  });
  std::thread first(live);
  std::thread second(live);
  first.join();
  second.join();
  is_over = true;
  reader.join();
  sweeper.join();
  EXPECT_EQ(of.read().accepted, 40'000u);
  EXPECT_EQ(of.read().active, 0u);
}

// --- Descriptors ---

TEST(Descriptors, AreEnoughWhileFewAreInUseAndNotWhenTheLimitIsNear) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  descriptor_account account(4);
  EXPECT_TRUE(account.suffices());
  int const lowest_free = ::dup(0);
  ::close(lowest_free);
  rlimit low = before;
  low.rlim_cur = static_cast<rlim_t>(lowest_free) + 6;
  ::setrlimit(RLIMIT_NOFILE, &low);
  EXPECT_TRUE(account.look_again());
  account.owe(lowest_free);
  EXPECT_TRUE(account.suffices()) << "1 in use, 1 owed, 2 for the next";
  account.owe(lowest_free + 1);
  EXPECT_TRUE(account.suffices()) << "2 in use, 2 owed, 2 for the next";
  account.owe(lowest_free + 2);
  EXPECT_FALSE(account.suffices());
  account.settle();
  account.settle();
  account.settle();
  EXPECT_TRUE(account.look_again());
  ::setrlimit(RLIMIT_NOFILE, &before);
}
TEST(Descriptors, InReserveAreLentAndTakenBack) {
  descriptor_account account(2);
  EXPECT_TRUE(account.lend());
  EXPECT_FALSE(account.suffices()) << "the reserve comes first";
  EXPECT_TRUE(account.lend());
  EXPECT_FALSE(account.lend());
  account.owe(-1);
  EXPECT_FALSE(account.look_again()) << "somebody is owed one";
  account.settle();
  EXPECT_TRUE(account.look_again());
  EXPECT_TRUE(account.lend());
}

}  // namespace
}  // namespace regatta::proxy
