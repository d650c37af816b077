#include "harness/comparison/judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace regatta::comparison {
namespace {

using ::testing::HasSubstr;

constexpr thresholds limits;

finding found(double median, double low, double high, double floor = 0.05) {
  return {
      .ratio = {.value = {median, low, high, 0.95}, .blocks = 24}, .floor = floor, .scatter = 0.05};
}

// Everything that worse needs.
evidence clearly_slower() {
  return {.measured = found(1.12, 1.08, 1.16),
          .discovery = true,
          .confirmation = found(1.11, 1.07, 1.15)};
}

TEST(FourFoldRule, AllFourMakeACellWorse) {
  judgement const judged = judge(clearly_slower(), limits);
  EXPECT_EQ(judged.what, verdict::worse);
  EXPECT_EQ(judged.confirmed, true);
}

TEST(FourFoldRule, WithTheOtherSignItIsBetter) {
  evidence seen = clearly_slower();
  seen.measured = found(0.88, 0.85, 0.92);
  seen.confirmation = found(0.87, 0.84, 0.91);
  EXPECT_EQ(judge(seen, limits).what, verdict::better);
}

TEST(FourFoldRule, AnIntervalThatHoldsOneIsNotWorse) {
  evidence seen = clearly_slower();
  seen.measured = found(1.12, 0.99, 1.25);
  EXPECT_EQ(judge(seen, limits).what, verdict::could_not_measure);
}

TEST(FourFoldRule, AnEffectBelowTheFloorIsNotWorse) {
  evidence seen = clearly_slower();
  seen.measured = found(1.049, 1.03, 1.06);
  EXPECT_EQ(judge(seen, limits).what, verdict::unchanged);
  seen.measured = found(1.09, 1.07, 1.095, 0.095);
  EXPECT_EQ(judge(seen, limits).what, verdict::unchanged);
}

TEST(FourFoldRule, WithoutAConfirmationItIsNotWorse) {
  evidence seen = clearly_slower();
  seen.confirmation = std::nullopt;
  judgement const judged = judge(seen, limits);
  EXPECT_EQ(judged.what, verdict::could_not_measure);
  EXPECT_EQ(judged.confirmed, std::nullopt);
  EXPECT_THAT(judged.why, HasSubstr("not confirmed"));
}

TEST(FourFoldRule, AConfirmationThatDisagreesIsNotWorse) {
  evidence seen = clearly_slower();
  seen.confirmation = found(1.00, 0.98, 1.02);
  judgement const judged = judge(seen, limits);
  EXPECT_EQ(judged.what, verdict::unchanged);
  EXPECT_EQ(judged.confirmed, false);
  EXPECT_THAT(judged.why, HasSubstr("a second run did not show it"));
  seen.confirmation = found(0.88, 0.85, 0.92);
  EXPECT_EQ(judge(seen, limits).what, verdict::could_not_measure);
  seen.confirmation = found(1.10, 0.9, 1.3);
  EXPECT_EQ(judge(seen, limits).what, verdict::could_not_measure);
}

TEST(FourFoldRule, WhatTheCorrectionTakesAwayIsNotWorse) {
  evidence seen = clearly_slower();
  seen.discovery = false;
  EXPECT_NE(judge(seen, limits).what, verdict::worse);
}

TEST(FourFoldRule, WithoutAConfirmationToHaveTheOtherThreeDecide) {
  thresholds three;
  three.wants_confirmation = false;
  evidence seen = clearly_slower();
  seen.confirmation = std::nullopt;
  EXPECT_EQ(judge(seen, three).what, verdict::worse);
  seen.discovery = false;
  EXPECT_NE(judge(seen, three).what, verdict::worse);
}

TEST(Unchanged, MeansThatAChangeThatMattersIsExcluded) {
  evidence seen{.measured = found(1.00, 0.97, 1.03)};
  EXPECT_EQ(judge(seen, limits).what, verdict::unchanged);
  seen.measured = found(1.00, 0.97, 1.11);
  judgement const judged = judge(seen, limits);
  EXPECT_EQ(judged.what, verdict::could_not_measure);
  EXPECT_THAT(judged.why, HasSubstr("too wide"));
  EXPECT_GE(judged.more_blocks.value_or(0), 1u);
}

TEST(Unchanged, IsNotSaidOfACellWhereNoSuchChangeCouldBeFound) {
  evidence seen{.measured = found(1.00, 0.99, 1.01, 0.12)};
  judgement const judged = judge(seen, limits);
  EXPECT_EQ(judged.what, verdict::could_not_measure);
  EXPECT_THAT(judged.why, HasSubstr("too noisy"));
  // (0.12 / 0.10)² of 24 blocks are 34.6.
  EXPECT_EQ(judged.more_blocks, 11u);
}

TEST(Unchanged, NoAdviceWhereBlocksWouldNotDo) {
  evidence seen{.measured = found(1.00, 0.99, 1.01, 0.5)};
  EXPECT_EQ(judge(seen, limits).more_blocks, std::nullopt);
}

TEST(Blocks, FiveHaveNoIntervalAndSaySo) {
  evidence seen = clearly_slower();
  seen.measured.ratio = {.value = {1.5, 1.4, 1.6, 0.9375}, .blocks = 5};
  judgement const judged = judge(seen, limits);
  EXPECT_EQ(judged.what, verdict::could_not_measure);
  EXPECT_EQ(judged.more_blocks, 1u);
}

TEST(Spread, IsTheErrorOfTheMedianAndFallsWithTheBlocks) {
  // Half of the blocks lie within 1 %: about the standard error 1.2533 · 0.01 / 0.6745 / √n.
  std::vector<double> logs;
  for (int i = 0; i < 16; ++i) logs.push_back(i % 2 == 0 ? 0.01 : -0.01);
  double const sixteen = spread_of(logs);
  EXPECT_NEAR(sixteen, 0.01 * 1.2533 / 0.6745 / 4, 1e-4);
  std::vector<double> four_times;
  for (int i = 0; i < 4; ++i) four_times.insert(four_times.end(), logs.begin(), logs.end());
  EXPECT_NEAR(spread_of(four_times), sixteen / 2, 1e-4);
  EXPECT_EQ(spread_of({}), 0.0);
}

TEST(Spread, APairThatIsOffIsNoQuietPair) {
  EXPECT_GT(spread_of(std::vector<double>(9, 0.09)), 0.05);
}

TEST(Floor, IsFivePercentOrThreeSpreads) {
  EXPECT_DOUBLE_EQ(floor_of(0.001, limits), 0.05);
  EXPECT_DOUBLE_EQ(floor_of(0.03, limits), 0.09);
}

TEST(Verdict, OneWorseCellMakesTheWholeWorseAndOneUnseenCellKeepsItFromBeingUnchanged) {
  using enum verdict;
  EXPECT_EQ(verdict_over({unchanged, could_not_measure, worse, better}), worse);
  EXPECT_EQ(verdict_over({unchanged, could_not_measure, better}), could_not_measure);
  EXPECT_EQ(verdict_over({unchanged, better}), better);
  EXPECT_EQ(verdict_over({unchanged}), unchanged);
  EXPECT_EQ(verdict_over({}), could_not_measure);
}

}  // namespace
}  // namespace regatta::comparison
