#include "runtimes/interface/oneshot.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/least_runtime.hpp"
#include "runtimes/interface/race.hpp"

namespace regatta {
namespace {

template <class R>
struct Oneshot : ::testing::Test {};
using runtimes = ::testing::Types<least_runtime, least_pool>;
TYPED_TEST_SUITE(Oneshot, runtimes);

template <class R>
task<void> yield_times(R& rt, u64 times) {
  for (u64 i = 0; i < times; ++i) co_await rt.yield();
}
template <class R>
task<void> answer(R& rt, typename oneshot<std::string, R>::sender_half to, u64 after) {
  co_await yield_times(rt, after);
  EXPECT_EQ(to.send("answer"), send_result::sent);
}

TYPED_TEST(Oneshot, CarriesOneMessage) {
  TypeParam rt;
  auto const ask = [](TypeParam& r, u64 after) -> task<void> {
    oneshot<std::string, TypeParam> line;
    auto answering = r.spawn(answer(r, std::move(line.sender), after));
    auto const got = co_await line.receiver.recv();
    EXPECT_EQ(got, "answer");
    auto const again = co_await line.receiver.recv();
    EXPECT_EQ(again, std::nullopt);
    co_await answering;
  };
  for (u64 after = 0; after < 5; ++after) rt.block_on(ask(rt, after));
}

TYPED_TEST(Oneshot, ADroppedSenderAnswersNothing) {
  TypeParam rt;
  auto const drop = [](TypeParam& r, typename oneshot<int, TypeParam>::sender_half,
                       u64 after) -> task<void> { co_await yield_times(r, after); };
  auto const ask = [&drop](TypeParam& r, u64 after) -> task<void> {
    oneshot<int, TypeParam> line;
    // Detached, because a task keeps its parameters as long as its joiner keeps its frame.
    r.spawn(drop(r, std::move(line.sender), after)).detach();
    auto const got = co_await line.receiver.recv();
    EXPECT_EQ(got, std::nullopt);
  };
  for (u64 after = 0; after < 5; ++after) rt.block_on(ask(rt, after));
}

TYPED_TEST(Oneshot, ADroppedReceiverAnswersClosed) {
  auto line = std::make_unique<oneshot<int, TypeParam>>();
  auto sender = std::move(line->sender);
  EXPECT_FALSE(sender.is_closed());
  line.reset();
  EXPECT_TRUE(sender.is_closed());
  EXPECT_EQ(sender.send(1), send_result::closed);
}

TYPED_TEST(Oneshot, AMessageThatNobodyReceivesIsDestroyed) {
  auto const message = std::make_shared<int>(1);
  {
    oneshot<std::shared_ptr<int>, TypeParam> line;
    EXPECT_EQ(line.sender.send(message), send_result::sent);
    EXPECT_EQ(message.use_count(), 2);
  }
  EXPECT_EQ(message.use_count(), 1);
}

TYPED_TEST(Oneshot, ACancelledReceiveLeavesTheMessage) {
  TypeParam rt;
  auto const receive = [](typename oneshot<std::string, TypeParam>::receiver_half& from)
      -> task<std::optional<std::string>> { co_return co_await from.recv(); };
  auto const ask = [&receive](TypeParam& r, u64 patience) -> task<void> {
    oneshot<std::string, TypeParam> line;
    auto answering = r.spawn(answer(r, std::move(line.sender), 2));
    auto contest = race(receive(line.receiver), yield_times(r, patience));
    auto const won = co_await contest;
    co_await answering;
    if (won.index() == 1) {
      EXPECT_EQ(line.receiver.try_recv(), "answer");
    } else {
      EXPECT_EQ(std::get<0>(won), "answer");
      EXPECT_EQ(line.receiver.try_recv(), std::nullopt);
    }
  };
  for (u64 patience = 0; patience < 8; ++patience) {
    for (int i = 0; i < 50; ++i) rt.block_on(ask(rt, patience));
  }
}

TEST(OneshotStress, ManyHandshakesBetweenThreads) {
  constexpr u64 pairs = REGATTA_THREAD_SANITIZER || REGATTA_ADDRESS_SANITIZER ? 2'000 : 20'000;
  least_pool rt;
  auto const serve = [](oneshot<u64, least_pool>::receiver_half request,
                        oneshot<u64, least_pool>::sender_half reply) -> task<void> {
    auto const number = co_await request.recv();
    if (number) reply.send(*number + 1);
  };
  auto const ask = [&serve](least_pool& r, u64 number) -> task<u64> {
    oneshot<u64, least_pool> request;
    oneshot<u64, least_pool> reply;
    r.spawn(serve(std::move(request.receiver), std::move(reply.sender))).detach();
    if (number % 3 == 0) {
      auto const dropped = std::move(request.sender);
    } else {
      request.sender.send(number);
    }
    auto const got = co_await reply.receiver.recv();
    co_return got.value_or(0);
  };
  auto const all = [&ask](least_pool& r) -> task<void> {
    auto asking = spawn_n(r, pairs, [&](u64 i) { return ask(r, i); });
    auto const answers = co_await join_all(std::move(asking));
    for (u64 i = 0; i < pairs; ++i) EXPECT_EQ(answers[i], i % 3 == 0 ? 0 : i + 1);
  };
  rt.block_on(all(rt));
}

TEST(OneshotTeardown, HalvesDieInAnyOrder) {
  auto const receive_from =
      [](oneshot<std::string, least_runtime>::receiver_half& from) -> task<void> {
    co_await from.recv();
  };
  auto const own = [&receive_from](least_runtime& r) -> task<void> {
    oneshot<std::string, least_runtime> line;
    r.spawn(receive_from(line.receiver)).detach();
    co_await yield_times(r, 2);
    line.sender.send("too late");
    co_await r.sleep_until(time_point::max());
  };
  for (int turns = 0; turns < 20; ++turns) {
    least_runtime rt;
    for (int i = 0; i < 3; ++i) rt.spawn(own(rt)).detach();
    for (int i = 0; i < turns; ++i) rt.run_one();
  }
}

}  // namespace
}  // namespace regatta
