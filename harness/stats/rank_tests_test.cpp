#include "harness/stats/rank_tests.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "harness/stats/reference_table.hpp"

namespace regatta::stats {
namespace {

TEST(MannWhitney, AgreesWithScipy) {
  // Exact ones to 1e-12, those by the normal distribution to 1e-9 (of the value).
  for (auto const& c : reference_table("rank_tests", "mann_whitney")) {
    auto const test = mann_whitney(numbers(c.at("a")), numbers(c.at("b")));
    double const p = c.at("p_value");
    EXPECT_EQ(test.u, c.at("u").get<double>()) << c.at("name");
    EXPECT_EQ(test.exact, c.at("exact").get<bool>()) << c.at("name");
    EXPECT_NEAR(test.p_value / p, 1.0, test.exact ? 1e-12 : 1e-9) << c.at("name");
  }
}

TEST(MannWhitney, IsTheSameFromTheOtherSide) {
  std::vector<double> const a{1.5, 2.5, 9.0, 7.0};
  std::vector<double> const b{2.0, 3.0, 3.5};
  auto const ab = mann_whitney(a, b);
  auto const ba = mann_whitney(b, a);
  EXPECT_EQ(ab.u + ba.u, 12.0);
  EXPECT_NEAR(ab.p_value, ba.p_value, 1e-15);
}

TEST(MannWhitney, OfEmptyOrEqualGroupsFindsNothing) {
  EXPECT_EQ(mann_whitney({}, std::vector{1.0}).p_value, 1.0);
  EXPECT_EQ(mann_whitney(std::vector{1.0}, {}).p_value, 1.0);
  EXPECT_EQ(mann_whitney(std::vector{2.0, 2.0}, std::vector{2.0, 2.0, 2.0}).p_value, 1.0);
}

TEST(MannWhitney, HasTheDistributionOfTheTables) {
  // Mann and Whitney's own table I: for m = n = 3 the chances of U ≤ 0, 1, 2, 3 are .05 .1 .2 .35,
  // and U of m = 2, n = 5 is at most 3 with .19 (4 of 21).
  EXPECT_NEAR(mann_whitney_at_most(0, 3, 3), 0.05, 1e-15);
  EXPECT_NEAR(mann_whitney_at_most(1, 3, 3), 0.10, 1e-15);
  EXPECT_NEAR(mann_whitney_at_most(2, 3, 3), 0.20, 1e-15);
  EXPECT_NEAR(mann_whitney_at_most(3, 3, 3), 0.35, 1e-15);
  EXPECT_NEAR(mann_whitney_at_most(2, 2, 5), 4.0 / 21.0, 1e-15);
  EXPECT_NEAR(mann_whitney_at_most(9, 3, 3), 1.0, 1e-15);
  EXPECT_NEAR(mann_whitney_at_most(99, 3, 3), 1.0, 1e-15);
  EXPECT_EQ(mann_whitney_at_most(0, 0, 3), 1.0);
}

TEST(MannWhitney, OfOneDistributionAlarmsNoMoreOftenThanItsLevel) {
  std::mt19937_64 random(2);
  std::lognormal_distribution<double> skewed(0.0, 1.0);
  int alarms = 0;
  constexpr int trials = 2'000;
  for (int t = 0; t != trials; ++t) {
    std::vector<double> a(10), b(12);
    for (double& v : a) v = skewed(random);
    for (double& v : b) v = skewed(random);
    if (mann_whitney(a, b).p_value <= 0.05) ++alarms;
  }
  EXPECT_NEAR(alarms / static_cast<double>(trials), 0.05, 0.015);
}

TEST(HodgesLehmann, AgreesWithR) {
  // R's exact wilcox.test, to 1e-12; the confidence from its qsignrank and psignrank.
  for (auto const& c : reference_table("rank_tests", "centres")) {
    auto const found = hodges_lehmann(numbers(c.at("values"))).value();
    EXPECT_NEAR(found.median, c.at("median").get<double>(), 1e-12);
    EXPECT_NEAR(found.low, c.at("low").get<double>(), 1e-12);
    EXPECT_NEAR(found.high, c.at("high").get<double>(), 1e-12);
    EXPECT_NEAR(found.confidence, c.at("confidence").get<double>(), 1e-12);
  }
}

TEST(HodgesLehmann, ShiftAgreesWithR) {
  for (auto const& c : reference_table("rank_tests", "shifts")) {
    auto const found = hodges_lehmann_shift(numbers(c.at("a")), numbers(c.at("b"))).value();
    EXPECT_NEAR(found.median, c.at("median").get<double>(), 1e-12) << c.at("name");
    EXPECT_NEAR(found.low, c.at("low").get<double>(), 1e-12) << c.at("name");
    EXPECT_NEAR(found.high, c.at("high").get<double>(), 1e-12) << c.at("name");
    EXPECT_NEAR(found.confidence, c.at("confidence").get<double>(), 1e-12) << c.at("name");
  }
}

TEST(HodgesLehmann, SignedRanksHaveTheDistributionOfTheTables) {
  // Wilcoxon's: with n = 5, a sum of 0 in one of 32 ways, of at most 3 in 5 (0, 1, 2, 3, 1 + 2).
  EXPECT_NEAR(signed_rank_at_most(0, 5), 1.0 / 32.0, 1e-15);
  EXPECT_NEAR(signed_rank_at_most(3, 5), 5.0 / 32.0, 1e-15);
  EXPECT_NEAR(signed_rank_at_most(15, 5), 1.0, 1e-15);
  EXPECT_NEAR(signed_rank_at_most(99, 5), 1.0, 1e-15);
}

TEST(HodgesLehmann, FromFiftyValuesOnComesNearTheExactInterval) {
  // 50 values by the normal distribution, and 49 of them exactly.
  std::mt19937_64 random(12);
  std::normal_distribution<double> normal(3.0, 1.0);
  std::vector<double> values(50);
  for (double& v : values) v = normal(random);
  auto const many = hodges_lehmann(values).value();
  auto const few = hodges_lehmann(std::span(values).first(49)).value();
  EXPECT_EQ(many.confidence, 0.95);
  EXPECT_NEAR(many.median, few.median, 0.05);
  EXPECT_NEAR(many.low, few.low, 0.05);
  EXPECT_NEAR(many.high, few.high, 0.05);

  std::vector<double> other(50);
  for (double& v : other) v = normal(random) - 1.0;
  auto const many_shift = hodges_lehmann_shift(values, other).value();
  auto const few_shift =
      hodges_lehmann_shift(std::span(values).first(49), std::span(other).first(49)).value();
  EXPECT_NEAR(many_shift.median, few_shift.median, 0.05);
  EXPECT_NEAR(many_shift.low, few_shift.low, 0.05);
  EXPECT_NEAR(many_shift.high, few_shift.high, 0.05);
}

// Hollander, Wolfe and Chicken, Nonparametric Statistical Methods (2014), 3.3 and 4.3: the k-th
// candidate from either end, k = floor(mean − z deviation) of the statistic, worked out by hand.
TEST(HodgesLehmann, FromFiftyValuesOnCutsWhereTheNormalDistributionSays) {
  std::vector<double> values;
  std::vector<double> means;
  for (int i = 0; i != 60; ++i) values.push_back(i * std::sqrt(2.0) + 0.01 * i * i);
  for (std::size_t i = 0; i != 60; ++i) {
    for (std::size_t j = i; j != 60; ++j) means.push_back((values[i] + values[j]) / 2.0);
  }
  std::ranges::sort(means);
  auto const centre = hodges_lehmann(values, 0.95);
  ASSERT_TRUE(centre);
  EXPECT_EQ(centre->low, means[648 - 1]);  // 915 − 1.960 · √18452.5 = 648.8
  EXPECT_EQ(centre->high, means[means.size() - 648]);

  std::vector<double> a;
  std::vector<double> b;
  std::vector<double> differences;
  for (int i = 0; i != 200; ++i) {
    a.push_back(i);
    b.push_back(0.004 * i);
  }
  for (double const x : a) {
    for (double const y : b) differences.push_back(x - y);
  }
  std::ranges::sort(differences);
  auto const shift = hodges_lehmann_shift(a, b, 0.95);
  ASSERT_TRUE(shift);
  EXPECT_EQ(shift->low, differences[17'734 - 1]);  // 20000 − 1.960 · √1336666.7 = 17734.01
  EXPECT_EQ(shift->high, differences[differences.size() - 17'734]);
}

TEST(HodgesLehmann, CoversTheShiftAsOftenAsItSays) {
  std::mt19937_64 random(13);
  std::normal_distribution<double> normal(0.0, 1.0);
  int covered = 0;
  double confidence = 0.0;
  constexpr int trials = 2'000;
  for (int t = 0; t != trials; ++t) {
    std::vector<double> a(8), b(9);
    for (double& v : a) v = normal(random) + 0.7;
    for (double& v : b) v = normal(random);
    auto const found = hodges_lehmann_shift(a, b).value();
    confidence = found.confidence;
    if (found.low <= 0.7 && 0.7 <= found.high) ++covered;
  }
  EXPECT_GE(confidence, 0.95);
  EXPECT_NEAR(covered / static_cast<double>(trials), confidence, 0.012);
}

TEST(HodgesLehmann, OfNothingIsNothing) {
  EXPECT_FALSE(hodges_lehmann({}).has_value());
  EXPECT_FALSE(hodges_lehmann_shift({}, std::vector{1.0}).has_value());
  EXPECT_FALSE(hodges_lehmann_shift(std::vector{1.0}, {}).has_value());
}

}  // namespace
}  // namespace regatta::stats
