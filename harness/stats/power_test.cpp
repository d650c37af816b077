#include "harness/stats/power.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "harness/stats/order_statistics.hpp"
#include "harness/stats/paired_ratio.hpp"
#include "harness/stats/reference_table.hpp"

namespace regatta::stats {
namespace {

using ::testing::HasSubstr;

TEST(Power, AgreesWithScipysDistributions) {
  // To 1e-9: binomial tails with the chance of one block from the normal distribution.
  for (auto const& c : reference_table("power").at("cases")) {
    EXPECT_NEAR(power_of_blocks(c.at("blocks"), c.at("effect"), c.at("spread"),
                                {.noise_floor = c.at("floor")}),
                c.at("power").get<double>(), 1e-9)
        << c.dump();
  }
}

// In what share of simulated sessions ratio::separated() holds.
double simulated(std::size_t blocks, double effect, double spread, double floor) {
  std::mt19937_64 random(blocks);
  std::normal_distribution<double> log_ratio(effect, spread);
  int separated = 0;
  constexpr int trials = 4'000;
  for (int t = 0; t != trials; ++t) {
    std::vector<double> logs(blocks);
    for (double& v : logs) v = log_ratio(random);
    if (ratio_of_logs(logs).separated(floor)) ++separated;
  }
  return separated / static_cast<double>(trials);
}

TEST(Power, IsTheShareOfSimulatedSessionsThatSeparate) {
  for (std::size_t const blocks : {5u, 10u, 30u}) {
    EXPECT_NEAR(power_of_blocks(blocks, 0.1, 0.1), simulated(blocks, 0.1, 0.1, 0.0), 0.025);
  }
}

TEST(Power, WithAFloorIsNoMoreThanTheSimulatedShare) {
  for (std::size_t const blocks : {7u, 13u, 41u}) {
    EXPECT_NEAR(power_of_blocks(blocks, 0.15, 0.12, {.noise_floor = 0.08}),
                simulated(blocks, 0.15, 0.12, 0.08), 0.025);
  }
  for (std::size_t const blocks : {6u, 12u, 40u}) {
    double const share = simulated(blocks, 0.15, 0.12, 0.08);
    double const power = power_of_blocks(blocks, 0.15, 0.12, {.noise_floor = 0.08});
    EXPECT_LE(power, share + 0.025);
    EXPECT_GT(power, share - 0.2);
  }
}

TEST(Power, FourBlocksSeparateNothingHoweverLargeTheEffect) {
  EXPECT_EQ(power_of_blocks(4, 1.0, 0.001), 0.0);
  EXPECT_GT(power_of_blocks(5, 1.0, 0.001), 0.999);
  EXPECT_EQ(blocks_to_separate(1.0, 0.001), 5u);
  EXPECT_EQ(blocks_to_separate(1.0, 0.0), 5u);
}

TEST(Power, TheAnswerHasThePowerAndOneBlockLessHasNot) {
  for (double const effect : {0.02, 0.05, 0.1, -0.1}) {
    auto const blocks =
        blocks_to_separate(effect, 0.1, {.power = 0.9, .most_blocks = 1'000}).value();
    EXPECT_GE(power_of_blocks(blocks, effect, 0.1), 0.9);
    EXPECT_LT(power_of_blocks(blocks - 1, effect, 0.1), 0.9);
  }
  EXPECT_LT(blocks_to_separate(0.1, 0.1), blocks_to_separate(0.05, 0.1));
  EXPECT_LT(blocks_to_separate(0.1, 0.1, {.power = 0.5}), blocks_to_separate(0.1, 0.1));
}

TEST(Power, NoNumberOfBlocksSeparatesWhatLiesWithinTheFloorOrIsTooSmall) {
  EXPECT_EQ(blocks_to_separate(0.04, 0.01, {.noise_floor = 0.05}), std::nullopt);
  EXPECT_EQ(blocks_to_separate(0.0, 0.01), std::nullopt);
  EXPECT_EQ(blocks_to_separate(std::log1p(0.05), 0.0, {.noise_floor = 0.05}), std::nullopt);
  EXPECT_EQ(blocks_to_separate(0.001, 0.1), std::nullopt);
  auto const most = blocks_to_separate(0.05, 0.1, {.most_blocks = 1'000}).value();
  EXPECT_EQ(blocks_to_separate(0.05, 0.1, {.most_blocks = most}), most);
  EXPECT_EQ(blocks_to_separate(0.05, 0.1, {.most_blocks = most - 1}), std::nullopt);
}

TEST(Power, RobustSpreadIsTheStandardDeviationOfNormalValuesOnAverage) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal(7.0, 2.0);
  for (std::size_t const n : {2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 10u, 25u}) {
    double sum = 0.0;
    constexpr int trials = 20'000;
    for (int t = 0; t != trials; ++t) {
      std::vector<double> values(n);
      for (double& v : values) v = normal(random);
      sum += robust_spread(values);
    }
    EXPECT_NEAR(sum / trials, 2.0, 0.05) << n << " values";
  }
  EXPECT_EQ(robust_spread(std::vector{1.0}), 0.0);
  EXPECT_EQ(robust_spread({}), 0.0);
}

TEST(Power, RobustSpreadIsNotMovedByAnOutlier) {
  EXPECT_LT(robust_spread(std::vector{1.0, 1.1, 0.9, 1.05, 0.95, 1'000.0}), 0.2);
}

TEST(Power, APairThatIsSeparatedNeedsNoMore) {
  std::vector<double> const logs{0.2, 0.21, 0.19, 0.2, 0.22, 0.18};
  EXPECT_EQ(more_blocks_to_separate(logs, {.noise_floor = 0.05}).further, 0u);
}

TEST(Power, APairThatIsNotYetSeparatedNeedsWhatThePlanSays) {
  std::vector<double> const logs{0.2, -0.05, 0.1, 0.15, -0.02, 0.12};
  auto const answer = more_blocks_to_separate(logs);
  EXPECT_NEAR(answer.effect, 0.11, 1e-12);
  EXPECT_EQ(answer.spread, robust_spread(logs));
  auto const blocks = blocks_to_separate(answer.effect, answer.spread).value();
  EXPECT_GT(blocks, logs.size());
  EXPECT_EQ(answer.further, blocks - logs.size());
  EXPECT_TRUE(answer.reason.empty());
}

TEST(Power, AskedForMoreThanThereAreItNeverAnswersNone) {
  // Ten blocks with one lone dissenter are plenty for such an effect, but two dissented.
  std::vector<double> const logs{0.3, 0.31, 0.29, 0.3, -0.3, 0.3, 0.32, -0.28, 0.3, 0.3};
  auto const answer = more_blocks_to_separate(logs);
  EXPECT_EQ(answer.further, 1u);
}

TEST(Power, SaysWhyNoNumberOfBlocksWouldDo) {
  EXPECT_THAT(more_blocks_to_separate(std::vector{0.1}).reason, HasSubstr("from 1 block"));
  auto const within =
      more_blocks_to_separate(std::vector{0.01, 0.03, 0.02, -0.01, 0.02}, {.noise_floor = 0.05});
  EXPECT_EQ(within.further, std::nullopt);
  EXPECT_EQ(within.reason, "what was seen, 2.0 %, lies within the noise floor of 5.0 %");
  auto const wide = more_blocks_to_separate(std::vector{0.9, -0.8, 0.02, -0.4, 0.5});
  EXPECT_EQ(wide.further, std::nullopt);
  EXPECT_THAT(wide.reason, HasSubstr("200 blocks would not separate 2.0 %"));
}

}  // namespace
}  // namespace regatta::stats
