#include "harness/stats/bootstrap.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "harness/stats/order_statistics.hpp"
#include "harness/stats/reference_table.hpp"

namespace regatta::stats {
namespace {

TEST(Bootstrap, FindsScipysIntervalFromScipysReplicates) {
  // The same arithmetic on the same numbers: endpoints agree to 1e-12.
  auto const cases = reference_table("bootstrap").at("cases");
  ASSERT_GE(cases.size(), 8u);
  for (auto const& c : cases) {
    statistic const of = c.at("statistic") == "mean" ? statistic(mean) : statistic(median);
    auto const found = bca_from_replicates(numbers(c.at("values")), of, numbers(c.at("replicates")),
                                           c.at("confidence"));
    ASSERT_TRUE(found.has_value());
    EXPECT_NEAR(found->low, c.at("low").get<double>(), 1e-12) << c.at("sample");
    EXPECT_NEAR(found->high, c.at("high").get<double>(), 1e-12) << c.at("sample");
    EXPECT_EQ(found->confidence, c.at("confidence").get<double>());
  }
}

TEST(Bootstrap, WithOwnDrawsComesNearScipysInterval) {
  // Other random numbers, and 399 replicates on one side: equal to a tenth of the width.
  for (auto const& c : reference_table("bootstrap").at("cases")) {
    if (c.at("statistic") != "mean") continue;
    auto const found =
        bca_interval(numbers(c.at("values")), mean, {.confidence = c.at("confidence"), .seed = 1})
            .value();
    double const width = c.at("high").get<double>() - c.at("low").get<double>();
    EXPECT_NEAR(found.low, c.at("low").get<double>(), 0.15 * width) << c.at("sample");
    EXPECT_NEAR(found.high, c.at("high").get<double>(), 0.15 * width) << c.at("sample");
  }
}

TEST(Bootstrap, ASeedGivesTheSameReplicatesEverywhere) {
  std::vector<double> const values{1, 2, 4, 8, 16};
  auto const first = bootstrap_replicates(values, mean, 100, 42);
  EXPECT_EQ(first, bootstrap_replicates(values, mean, 100, 42));
  EXPECT_NE(first, bootstrap_replicates(values, mean, 100, 43));
  EXPECT_EQ(first.size(), 100u);
  // Pinned: another compiler, or a change of the random numbers, must not change a verdict.
  EXPECT_EQ(std::vector(first.begin(), first.begin() + 3), (std::vector{7.0, 6.0, 3.4}));
}

TEST(Bootstrap, ResamplesAreAsLargeAsTheSampleAndDrawEveryValue) {
  std::vector<double> const values{1, 10, 100};
  auto const sums = bootstrap_replicates(
      values,
      [](std::span<double const> drawn) {
        double sum = 0.0;
        for (double const v : drawn) sum += v;
        return sum;
      },
      2'000, 5);
  EXPECT_EQ(*std::min_element(sums.begin(), sums.end()), 3.0);
  EXPECT_EQ(*std::max_element(sums.begin(), sums.end()), 300.0);
  // Each of the three once: 6 of 27 ways.
  EXPECT_NEAR(static_cast<double>(std::count(sums.begin(), sums.end(), 111.0)) / 2'000.0,
              6.0 / 27.0, 0.03);
}

TEST(Bootstrap, CoversTheMeanOfSkewedValuesNearlyAsOftenAsItSays) {
  std::mt19937_64 random(9);
  std::exponential_distribution<double> skewed(1.0);
  int covered = 0;
  constexpr int trials = 400;
  for (int t = 0; t != trials; ++t) {
    std::vector<double> values(40);
    for (double& v : values) v = skewed(random);
    auto const found =
        bca_interval(values, mean, {.resamples = 500, .seed = static_cast<std::uint64_t>(t)});
    if (found->low <= 1.0 && 1.0 <= found->high) ++covered;
  }
  EXPECT_NEAR(covered / static_cast<double>(trials), 0.93, 0.04);
}

TEST(Bootstrap, SaysNothingAboutTheSpreadOfOneValue) {
  EXPECT_FALSE(bca_interval(std::vector{1.0}, mean).has_value());
  EXPECT_FALSE(bca_interval({}, mean).has_value());
  EXPECT_TRUE(bca_interval(std::vector{1.0, 2.0}, mean).has_value());
  EXPECT_FALSE(bca_from_replicates(std::vector{1.0, 2.0}, mean, {}).has_value());
  EXPECT_TRUE(std::isnan(mean({})));
}

TEST(Bootstrap, EqualValuesHaveAnIntervalWithoutWidth) {
  auto const found = bca_interval(std::vector(6, 3.0), mean).value();
  EXPECT_EQ(found.low, 3.0);
  EXPECT_EQ(found.high, 3.0);
  EXPECT_EQ(found.bias, 0.0);
  EXPECT_EQ(found.acceleration, 0.0);
}

TEST(Bootstrap, ReplicatesThatAllLieOnOneSideGiveAFiniteInterval) {
  std::vector<double> const values{1, 2, 3, 4};
  std::vector<double> const below{1.0, 1.1, 1.2, 1.3};
  auto const found = bca_from_replicates(values, mean, below).value();
  EXPECT_TRUE(std::isfinite(found.bias));
  EXPECT_GT(found.bias, 1.0);
  EXPECT_GE(found.low, 1.0);
  EXPECT_LE(found.high, 1.3);
  auto const mirrored =
      bca_from_replicates(values, mean, std::vector<double>{4.0, 3.9, 3.8, 3.7}).value();
  EXPECT_NEAR(mirrored.bias, -found.bias, 1e-12);
}

}  // namespace
}  // namespace regatta::stats
