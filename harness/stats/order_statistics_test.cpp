#include "harness/stats/order_statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "harness/stats/reference_table.hpp"

namespace regatta::stats {
namespace {

TEST(Median, IsTheMiddleOfAnOddNumberAndTheMeanOfTheMiddleTwoOfAnEvenOne) {
  EXPECT_EQ(median(std::vector{3.0, 1.0, 2.0}), 2.0);
  EXPECT_EQ(median(std::vector{4.0, 1.0, 3.0, 2.0}), 2.5);
  EXPECT_EQ(median(std::vector{7.0}), 7.0);
  EXPECT_TRUE(std::isnan(median({})));
}

TEST(MedianInterval, ReachesTheCoverageOfTheBinomialTables) {
  // n, k, coverage of [k-th smallest, k-th largest]: Conover, Practical Nonparametric Statistics,
  // table A3 with p = 1/2.
  struct row {
    std::size_t n, k;
    double coverage;
  };
  for (auto const& [n, k, coverage] :
       {row{1, 1, 0.0}, row{2, 1, 0.5}, row{5, 1, 0.9375}, row{6, 1, 0.96875}, row{9, 2, 0.9609},
        row{10, 2, 0.9785}, row{15, 4, 0.9648}, row{20, 6, 0.9586}, row{25, 8, 0.9567},
        row{50, 18, 0.9672}, row{100, 40, 0.9648}}) {
    EXPECT_NEAR(interval_confidence(n, k), coverage, 5e-5) << n << " " << k;
    if (coverage < 0.95) continue;
    std::vector<double> values(n);
    for (std::size_t i = 0; i != n; ++i) values[i] = static_cast<double>(i + 1);
    auto const e = estimate_median(values).value();
    EXPECT_EQ(e.low, static_cast<double>(k));
    EXPECT_EQ(e.high, static_cast<double>(n + 1 - k));
    EXPECT_NEAR(e.confidence, coverage, 5e-5);
  }
}

TEST(MedianInterval, AgreesWithScipysBinomialDistribution) {
  // To 1e-9: they are sums of up to 500 terms.
  for (auto const& c : reference_table("order_statistics").at("intervals")) {
    std::size_t const n = c.at("n");
    EXPECT_EQ(interval_rank(n), c.at("rank").get<std::size_t>()) << n;
    EXPECT_NEAR(interval_confidence(n, c.at("rank")), c.at("confidence").get<double>(), 1e-9) << n;
  }
}

TEST(SignTest, AgreesWithScipy) {
  for (auto const& c : reference_table("order_statistics").at("sign_tests")) {
    std::vector<double> values(c.at("above").get<std::size_t>(), 1.0);
    values.insert(values.end(), c.at("below").get<std::size_t>(), -1.0);
    EXPECT_NEAR(sign_test(values) / c.at("p_value").get<double>(), 1.0, 1e-9) << c.dump();
  }
}

TEST(MedianInterval, BelowSixValuesIsTheWidestWithItsTrueConfidence) {
  auto const e = estimate_median(std::vector{5.0, 3.0, 4.0, 1.0, 2.0}).value();
  EXPECT_EQ(e, (estimate{.median = 3.0, .low = 1.0, .high = 5.0, .confidence = 0.9375}));
  auto const one = estimate_median(std::vector{8.0}).value();
  EXPECT_EQ(one, (estimate{.median = 8.0, .low = 8.0, .high = 8.0, .confidence = 0.0}));
  EXPECT_FALSE(estimate_median({}).has_value());
}

TEST(MedianInterval, SurvivesThousandsOfValues) {
  std::vector<double> values(5'001);
  for (std::size_t i = 0; i != values.size(); ++i) values[i] = static_cast<double>(i);
  auto const e = estimate_median(values).value();
  EXPECT_GE(e.confidence, 0.95);
  EXPECT_LT(e.confidence, 0.953);
  // 1.96 standard deviations of a binomial are 69 ranks.
  EXPECT_NEAR(e.high - e.low, 2 * 69.3, 4.0);
}

TEST(MedianInterval, CoversTheTrueMedianAsOftenAsItSays) {
  std::mt19937_64 random(11);
  std::lognormal_distribution<double> skewed(0.0, 1.0);  // its median is 1
  int covered = 0;
  constexpr int trials = 4'000;
  for (int t = 0; t != trials; ++t) {
    std::vector<double> values(10);
    for (auto& v : values) v = skewed(random);
    auto const e = estimate_median(values).value();
    if (e.low <= 1.0 && 1.0 <= e.high) ++covered;
  }
  EXPECT_NEAR(covered / static_cast<double>(trials), 0.9785, 0.008);
}

TEST(SignTest, GivesTheTextbookValues) {
  std::vector<double> nine_of_ten{1, 1, 1, 1, 1, 1, 1, 1, 1, -1};
  EXPECT_NEAR(sign_test(nine_of_ten), 0.021484375, 1e-12);
  std::vector<double> all_six(6, 2.0);
  EXPECT_NEAR(sign_test(all_six, 1.0), 0.03125, 1e-12);
  EXPECT_EQ(sign_test(std::vector{1.0, -1.0}), 1.0);
}

TEST(SignTest, LeavesOutWhatLiesInTheCentre) {
  EXPECT_NEAR(sign_test(std::vector{0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0}), 0.0625, 1e-12);
  EXPECT_EQ(sign_test(std::vector{0.0, 0.0}), 1.0);
  EXPECT_EQ(sign_test({}), 1.0);
}

}  // namespace
}  // namespace regatta::stats
