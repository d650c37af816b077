#include "scenarios/support/hogs.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "runtimes/interface/least_runtime.hpp"
#include "scenarios/support/scarce_runtime.hpp"

namespace regatta::scenarios {
namespace {

constexpr u64 yields_of_errand = 10;
constexpr hogging three_hogs{.hogs = 3, .steps = 1};

template <runtime R>
task<u64> yield_often(R& rt) {
  for (u64 i = 0; i < yields_of_errand; ++i) co_await rt.yield();
  co_return yields_of_errand;
}

task<u64> fail() {
  throw std::runtime_error("the errand failed");
  co_return 0;
}

class Hogs : public ::testing::Test {
 protected:
  // A hog that still ran would yield beside what is run now.
  void expect_none_is_left() {
    rt.allow(1);
    u64 const before = rt.yields();
    EXPECT_EQ(rt.block_on(beside_hogs(rt, {}, yield_often(rt))), yields_of_errand);
    EXPECT_EQ(rt.yields(), before + yields_of_errand);
  }

  scarce_runtime rt;
};

TEST_F(Hogs, YieldAsLongAsTheErrandRunsAndEndWithIt) {
  EXPECT_EQ(rt.block_on(beside_hogs(rt, three_hogs, yield_often(rt))), yields_of_errand);
  EXPECT_GE(rt.yields(), 4 * yields_of_errand) << "each hog as often as the errand";
  expect_none_is_left();
}

TEST_F(Hogs, EndAlsoWhenTheErrandFails) {
  EXPECT_THROW(rt.block_on(beside_hogs(rt, three_hogs, fail())), std::runtime_error);
  expect_none_is_left();
}

TEST_F(Hogs, EndAlsoWhenOneOfThemCannotBeSpawned) {
  rt.allow(2);
  EXPECT_THROW(rt.block_on(beside_hogs(rt, three_hogs, yield_often(rt))), limit_exceeded);
  expect_none_is_left();
}

TEST_F(Hogs, EndAlsoWhenTheErrandCannotBeSpawned) {
  rt.allow(3);
  EXPECT_THROW(rt.block_on(beside_hogs(rt, three_hogs, yield_often(rt))), limit_exceeded);
  expect_none_is_left();
}

TEST(HogsOnSeveralThreads, EndWithTheErrand) {
  least_pool rt;
  for (u64 round = 0; round < 20; ++round) {
    hogging const many{.hogs = 9, .steps = 100};
    EXPECT_EQ(rt.block_on(beside_hogs(rt, many, yield_often(rt))), yields_of_errand);
  }
}

}  // namespace
}  // namespace regatta::scenarios
