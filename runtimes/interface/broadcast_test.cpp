#include "runtimes/interface/broadcast.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/least_runtime.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/stop.hpp"

namespace regatta {
namespace {

template <class R>
struct Broadcast : ::testing::Test {};
using runtimes = ::testing::Types<least_runtime, least_pool>;
TYPED_TEST_SUITE(Broadcast, runtimes);

template <class R>
task<void> yield_times(R& rt, u64 times) {
  for (u64 i = 0; i < times; ++i) co_await rt.yield();
}

template <class R>
using subscription = typename broadcast<u64, R>::subscription;

// How much arrived, how much was missed, and whether all of it was in order.
struct report {
  u64 received = 0;
  u64 missed = 0;
  bool in_order = true;
};
template <class R>
task<report> listen(subscription<R> messages) {
  report seen;
  while (auto const next = co_await messages.recv()) {
    seen.missed += next->missed;
    seen.in_order = seen.in_order && next->message == seen.received + seen.missed;
    ++seen.received;
  }
  co_return seen;
}

TYPED_TEST(Broadcast, EverybodySeesEverything) {
  TypeParam rt;
  auto const test = [](TypeParam& r) -> task<void> {
    broadcast<u64, TypeParam> all(1'000);
    auto listening = spawn_n(r, 5, [&](u64) { return listen<TypeParam>(all.subscribe()); });
    for (u64 i = 0; i < 1'000; ++i) {
      EXPECT_EQ(all.send(i), send_result::sent);
      if (i % 100 == 0) co_await r.yield();
    }
    all.close();
    EXPECT_EQ(all.send(0), send_result::closed);
    auto const reports = co_await join_all(std::move(listening));
    for (auto const& one : reports) {
      EXPECT_EQ(one.received, 1'000u);
      EXPECT_EQ(one.missed, 0u);
      EXPECT_TRUE(one.in_order);
    }
  };
  rt.block_on(test(rt));
}

TYPED_TEST(Broadcast, WhoLagsIsToldHowMuchItMissed) {
  TypeParam rt;
  auto const test = [](TypeParam& r) -> task<void> {
    broadcast<u64, TypeParam> all(8);
    auto listening = spawn_n(r, 3, [&](u64) { return listen<TypeParam>(all.subscribe()); });
    for (u64 i = 0; i < 1'000; ++i) {
      all.send(i);
      if (i % 50 == 0) co_await r.yield();
    }
    all.close();
    auto const reports = co_await join_all(std::move(listening));
    for (auto const& one : reports) {
      EXPECT_EQ(one.received + one.missed, 1'000u);
      EXPECT_TRUE(one.in_order);
    }
  };
  rt.block_on(test(rt));
}

TYPED_TEST(Broadcast, ASubscriptionSeesOnlyWhatComesAfterIt) {
  TypeParam rt;
  auto const test = []() -> task<void> {
    broadcast<u64, TypeParam> all(4);
    all.send(1);
    auto late = all.subscribe();
    all.send(2);
    auto const first = co_await late.recv();
    EXPECT_EQ(first->message, 2u);
    EXPECT_EQ(first->missed, 0u);
  };
  rt.block_on(test());
}

TYPED_TEST(Broadcast, ACancelledReceiveMissesNothing) {
  TypeParam rt;
  auto const receive = [](subscription<TypeParam>& from) -> task<u64> {
    auto const next = co_await from.recv();
    co_return next ? next->message : ~u64{0};
  };
  auto const patient = [&receive](TypeParam& r, subscription<TypeParam> messages) -> task<void> {
    for (u64 expected = 0; expected < 200;) {
      auto contest = race(receive(messages), yield_times(r, 1 + expected % 3));
      auto const won = co_await contest;
      if (won.index() != 0) continue;
      EXPECT_EQ(std::get<0>(won), expected);
      ++expected;
    }
  };
  auto const test = [&patient](TypeParam& r) -> task<void> {
    broadcast<u64, TypeParam> all(1'000);
    auto listening = r.spawn(patient(r, all.subscribe()));
    for (u64 i = 0; i < 200; ++i) {
      all.send(i);
      co_await yield_times(r, i % 4);
    }
    co_await listening;
  };
  for (int i = 0; i < 5; ++i) rt.block_on(test(rt));
}

template <class R>
struct Stop : ::testing::Test {};
TYPED_TEST_SUITE(Stop, runtimes);

TYPED_TEST(Stop, WakesAllWhoWait) {
  TypeParam rt;
  auto const wait = [](stop_token<TypeParam> token) -> task<bool> {
    co_await token.stopped();
    co_return token.stop_requested();
  };
  auto const test = [&wait](TypeParam& r) -> task<void> {
    stop_source<TypeParam> source;
    EXPECT_FALSE(source.stop_requested());
    auto waiting = spawn_n(r, 100, [&](u64) { return wait(source.token()); });
    co_await yield_times(r, 3);
    EXPECT_TRUE(source.request_stop());
    EXPECT_FALSE(source.request_stop());
    auto const seen = co_await join_all(std::move(waiting));
    EXPECT_EQ(seen, std::vector<bool>(100, true));
    auto const late = co_await wait(source.token());
    EXPECT_TRUE(late);
  };
  rt.block_on(test(rt));
}

TYPED_TEST(Stop, EndsARaceThatItTakesPartIn) {
  TypeParam rt;
  auto const wait = [](stop_token<TypeParam> token) -> task<void> { co_await token.stopped(); };
  auto const toil = [](TypeParam& r) -> task<void> {
    for (;;) co_await r.yield();
  };
  auto const worker = [&](TypeParam& r, stop_token<TypeParam> token) -> task<std::size_t> {
    auto contest = race(toil(r), wait(token));
    auto const won = co_await contest;
    co_return won.index();
  };
  auto const test = [&worker](TypeParam& r) -> task<void> {
    stop_source<TypeParam> source;
    auto workers = spawn_n(r, 20, [&](u64) { return worker(r, source.token()); });
    co_await yield_times(r, 10);
    source.request_stop();
    auto const ends = co_await join_all(std::move(workers));
    EXPECT_EQ(ends, std::vector<std::size_t>(20, 1));
  };
  for (int i = 0; i < 10; ++i) rt.block_on(test(rt));
}

TYPED_TEST(Stop, AStrandedWaiterMayOutliveItsSource) {
  least_runtime rt;
  auto const wait = [](stop_token<least_runtime> const& token) -> task<void> {
    co_await token.stopped();
  };
  auto const own = [&wait](least_runtime& r) -> task<void> {
    stop_source<least_runtime> source;
    auto const token = source.token();
    r.spawn(wait(token)).detach();
    co_await yield_times(r, 2);
  };
  rt.block_on(own(rt));
}

}  // namespace
}  // namespace regatta
