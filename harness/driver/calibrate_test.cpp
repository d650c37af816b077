#include "harness/driver/calibrate.hpp"

#include <gtest/gtest.h>

#include "harness/driver/clock.hpp"

namespace regatta::driver {
namespace {

constexpr std::uint64_t target = 100 * ns_per_ms;
constexpr std::uint64_t limit = 30 * ns_per_s;

TEST(Calibrate, TheFastestRowFillsTheTarget) {
  EXPECT_EQ(size_work({1'000'000, 2'000'000}, target, limit).iterations, 100u);
}

TEST(Calibrate, ASlowRowMayTakeTenTimesTheTargetAndNoMore) {
  EXPECT_EQ(size_work({1'000, 100'000'000}, target, limit).iterations, 10u);
}

TEST(Calibrate, NobodyComesNearTheTimeLimit) {
  EXPECT_EQ(size_work({1'000'000}, target, 40 * ns_per_ms).iterations, 10u);
}

TEST(Calibrate, ThereIsAlwaysOneIterationAndLongOnesNeedNoWarmUp) {
  const work_size size = size_work({5 * ns_per_s}, target, limit);
  EXPECT_EQ(size.iterations, 1u);
  EXPECT_EQ(size.warmup, 0u);
}

TEST(Calibrate, WarmUpIsATenthAndAtLeastOne) {
  EXPECT_EQ(size_work({1'000'000}, target, limit).warmup, 10u);
  EXPECT_EQ(size_work({50'000'000}, target, limit).warmup, 1u);
}

TEST(Calibrate, WithoutARowThereIsNoWork) {
  EXPECT_EQ(size_work({}, target, limit).iterations, 0u);
}

TEST(Calibrate, ProbesGrowUntilTheyAreLongEnough) {
  EXPECT_EQ(next_probe(1, 1'000'000, target), 25u);
  EXPECT_EQ(next_probe(1, 10, target), 100u);
  EXPECT_EQ(next_probe(1, 0, target), 100u);
  EXPECT_EQ(next_probe(25, 25'000'000, target), 0u);
}

TEST(Calibrate, WhatIsNotTimedTakesItsTimeAsWell) {
  constexpr std::uint64_t us = 1'000;
  constexpr std::uint64_t ms = 1'000 * us;
  // 20 µs of each iteration are timed, and 10 ms are not.
  EXPECT_EQ(size_work({20 * us}, 50 * ms, 30'000 * ms).iterations, 2'500u);
  EXPECT_EQ(size_work({20 * us}, 50 * ms, 30'000 * ms, 10 * ms).iterations, 50u);
}

}  // namespace
}  // namespace regatta::driver
