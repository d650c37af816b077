#include "runtimes/interface/time.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "runtimes/interface/channel.hpp"
#include "runtimes/interface/join.hpp"
#include "runtimes/interface/least_runtime.hpp"

namespace regatta {
namespace {

using namespace std::chrono_literals;

task<int> sleep_then(least_runtime& rt, duration delay, int value) {
  co_await sleep_for(rt, delay);
  co_return value;
}

TEST(Sleep, TakesAsLongAsItSays) {
  least_runtime rt;
  auto const begin = now(rt);
  EXPECT_EQ(rt.block_on(sleep_then(rt, 3h, 1)), 1);
  EXPECT_EQ(now(rt) - begin, 3h);
}

TEST(Timeout, GivesTheResultOfATaskThatIsInTime) {
  least_runtime rt;
  EXPECT_EQ(rt.block_on(timeout(rt, 2s, sleep_then(rt, 1s, 7))), 7);
  EXPECT_EQ(rt.sleepers(), 0u) << "its alarm is gone";
  auto const at_once = []() -> task<int> { co_return 8; };
  EXPECT_EQ(rt.block_on(timeout(rt, 1s, at_once())), 8);
  auto const no_value = []() -> task<void> { co_return; };
  EXPECT_EQ(rt.block_on(timeout(rt, 1s, no_value())), nothing{});
}

TEST(Timeout, EndsATaskThatIsLate) {
  least_runtime rt;
  auto const begin = now(rt);
  EXPECT_EQ(rt.block_on(timeout(rt, 1s, sleep_then(rt, 2s, 7))), std::nullopt);
  EXPECT_EQ(now(rt) - begin, 1s);
  EXPECT_EQ(rt.sleepers(), 0u) << "the task is dead";
}

TEST(Timeout, ThrowsWhatItsTaskThrows) {
  least_runtime rt;
  auto const fail = [](least_runtime& r) -> task<int> {
    co_await r.yield();
    throw std::runtime_error("broken");
  };
  EXPECT_THROW(rt.block_on(timeout(rt, 1s, fail(rt))), std::runtime_error);
}

TEST(Timeout, NestsAndTheSoonestCounts) {
  least_runtime rt;
  auto inner = timeout(rt, 1s, sleep_then(rt, 1h, 1));
  auto const answer = rt.block_on(timeout(rt, 2s, std::move(inner)));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(*answer, std::nullopt);
  auto patient = timeout(rt, 2s, sleep_then(rt, 1h, 1));
  EXPECT_EQ(rt.block_on(timeout(rt, 1s, std::move(patient))), std::nullopt);
  EXPECT_EQ(rt.sleepers(), 0u);
}

TEST(Timeout, OfAReceiveLosesNoMessage) {
  least_runtime rt;
  channel<int, least_runtime> pipe(1);
  auto const receive = [](channel<int, least_runtime>& source) -> task<std::optional<int>> {
    co_return co_await source.recv();
  };
  auto const send_later = [](least_runtime& r, channel<int, least_runtime>& target) -> task<void> {
    for (int i = 0; i < 100; ++i) {
      co_await sleep_for(r, 1ms);
      co_await target.send(i);
    }
    target.close();
  };
  auto const test = [&](least_runtime& r) -> task<int> {
    auto sending = r.spawn(send_later(r, pipe));
    int expected = 0;
    int late = 0;
    for (;;) {
      // Half of the time the alarm and the message come in the same moment.
      auto limited = timeout(r, 500us, receive(pipe));
      auto const answer = co_await limited;
      if (!answer) {
        ++late;
        continue;
      }
      if (!*answer) break;
      EXPECT_EQ(**answer, expected);
      ++expected;
    }
    EXPECT_GT(late, 50);
    co_await sending;
    co_return expected;
  };
  EXPECT_EQ(rt.block_on(test(rt)), 100);
}

TEST(Interval, KeepsItsTimesWhenATickIsLate) {
  least_runtime rt;
  auto const test = [](least_runtime& r) -> task<void> {
    auto const begin = now(r);
    interval ticker(r, 10ms);
    std::vector<duration> ticks;
    for (int i = 0; i < 6; ++i) {
      co_await ticker.tick();
      ticks.push_back(now(r) - begin);
      if (i == 1) co_await sleep_for(r, 25ms);
    }
    EXPECT_EQ(ticks, (std::vector<duration>{10ms, 20ms, 45ms, 45ms, 50ms, 60ms}));
  };
  rt.block_on(test(rt));
}

}  // namespace
}  // namespace regatta
