#include "scenarios/support/doorbell.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <vector>

#include "runtimes/interface/least_runtime.hpp"

namespace regatta::scenarios {
namespace {

using namespace std::chrono_literals;

task<u64> answer_until_closed(doorbell& bell, std::vector<recorder::moment>& heard) {
  u64 answers = 0;
  while (auto const rung = co_await bell.next()) {
    heard.push_back(*rung);
    ++answers;
    bell.answer();
  }
  co_return answers;
}

task<bool> hear_one(doorbell& bell) {
  auto const rung = co_await bell.next();
  co_return rung.has_value();
}

TEST(Doorbell, EveryRingIsAnsweredOnceAndKnowsWhenItWas) {
  constexpr u64 rings = 2'000;
  doorbell bell;
  least_pool rt;
  std::vector<recorder::moment> heard;
  auto const begin = recorder::now();
  std::thread visitor([&] {
    for (u64 i = 0; i < rings; ++i) {
      bell.ring();
      bell.wait_for_answer();
    }
    bell.close();
  });
  EXPECT_EQ(rt.block_on(answer_until_closed(bell, heard)), rings);
  visitor.join();
  ASSERT_EQ(heard.size(), rings);
  EXPECT_TRUE(std::ranges::is_sorted(heard));
  EXPECT_GE(heard.front(), begin);
  EXPECT_LE(heard.back(), recorder::now());
}

TEST(Doorbell, ARingBeforeTheTaskWaitsIsNotLost) {
  doorbell bell;
  least_runtime rt;
  bell.ring();
  EXPECT_TRUE(rt.block_on(hear_one(bell)));
}

TEST(Doorbell, ATaskThatWaitsIsToldOfTheEnd) {
  doorbell bell;
  least_runtime rt;
  auto waiting = rt.spawn(hear_one(bell));
  ASSERT_TRUE(rt.run_one());
  ASSERT_FALSE(rt.run_one()) << "it has nothing to do before the bell is rung";
  bell.close();
  ASSERT_TRUE(rt.run_one());
  EXPECT_FALSE(waiting.take_finished());
}

TEST(Doorbell, WhoeverRingsDoesNotWaitForEver) {
  doorbell bell;
  bell.ring();
  EXPECT_THROW(bell.wait_for_answer(1ms), std::runtime_error);
  bell.answer();
  bell.wait_for_answer(0ms);
}

TEST(Doorbell, ATaskThatRunsUnwokenSaysSo) {
  doorbell bell;
  least_runtime rt;
  task<bool> hearing = hear_one(bell);
  work& frame = hearing.promise();
  auto end = rt.spawn(std::move(hearing));
  ASSERT_TRUE(rt.run_one());
  frame.resume();
  EXPECT_THROW(end.take_finished(), std::logic_error);
}

}  // namespace
}  // namespace regatta::scenarios
