#include "harness/stats/paired_ratio.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace regatta::stats {
namespace {

// Two rows in the wind of a shared machine: a strong gust that both feel in the same block, and a
// small one for each alone.
struct wind {
  explicit wind(std::uint64_t seed) : random(seed) {}

  std::pair<block_values, block_values> rows(std::size_t blocks, double a_over_b,
                                             double own_noise) {
    std::normal_distribution<double> gust(0.0, 0.5);
    std::normal_distribution<double> own(0.0, own_noise);
    block_values a, b;
    for (std::size_t block = 0; block != blocks; ++block) {
      double const shared = 1000.0 * std::exp(gust(random));
      a[block] = a_over_b * shared * std::exp(own(random));
      b[block] = shared * std::exp(own(random));
    }
    return {a, b};
  }

  std::mt19937_64 random;
};

double share_separated(std::size_t blocks, double a_over_b, double own_noise, double floor) {
  wind w(5);
  int separated = 0;
  constexpr int trials = 4'000;
  for (int t = 0; t != trials; ++t) {
    auto const [a, b] = w.rows(blocks, a_over_b, own_noise);
    if (paired_ratio(a, b)->separated(floor)) ++separated;
  }
  return separated / static_cast<double>(trials);
}

TEST(PairedRatio, IsTakenWithinEachBlock) {
  // Each block is twice as windy as the one before; the ratio is always 1.1.
  block_values const a{{0, 110}, {1, 220}, {2, 440}, {3, 880}, {4, 1760}, {5, 3520}};
  block_values const b{{0, 100}, {1, 200}, {2, 400}, {3, 800}, {4, 1600}, {5, 3200}};
  auto const r = paired_ratio(a, b).value();
  EXPECT_NEAR(r.value.median, 1.1, 1e-12);
  EXPECT_NEAR(r.value.low, 1.1, 1e-12);
  EXPECT_NEAR(r.value.high, 1.1, 1e-12);
  EXPECT_EQ(r.value.confidence, 0.96875);
  EXPECT_EQ(r.blocks, 6u);
  EXPECT_TRUE(r.separated(0.0));
  EXPECT_TRUE(r.separated(0.05));
  EXPECT_FALSE(r.separated(0.11));
}

TEST(PairedRatio, UsesOnlyBlocksThatBothHaveAndValuesThatArePositive) {
  block_values const a{{0, 10}, {1, 20}, {2, 0}, {7, 1}};
  block_values const b{{1, 10}, {2, 10}, {3, 10}};
  EXPECT_EQ(paired_log_ratios(a, b).size(), 1u);
  EXPECT_EQ(paired_ratio(a, b)->value.median, 2.0);
  EXPECT_FALSE(paired_ratio(a, block_values{}).has_value());
}

TEST(PairedRatio, TheInverseRatioIsTheRatioOfTheInverse) {
  wind w(3);
  auto const [a, b] = w.rows(9, 1.2, 0.1);
  auto const ab = paired_ratio(a, b).value();
  auto const ba = paired_ratio(b, a).value();
  EXPECT_NEAR(ab.value.median, 1.0 / ba.value.median, 1e-12);
  EXPECT_NEAR(ab.value.low, 1.0 / ba.value.high, 1e-12);
}

TEST(PairedRatio, TooFewBlocksSeparateNothing) {
  block_values const a{{0, 200}, {1, 200}, {2, 200}, {3, 200}};
  block_values const b{{0, 100}, {1, 100}, {2, 100}, {3, 100}};
  EXPECT_FALSE(paired_ratio(a, b)->separated(0.0));
}

TEST(PairedRatio, ARowAgainstItselfIsNotSeparated) {
  wind w(4);
  auto const [a, b] = w.rows(10, 1.0, 0.1);
  EXPECT_FALSE(paired_ratio(a, a)->separated(0.0));
}

TEST(PairedRatio, IdenticalRowsAreSeparatedNoMoreOftenThanTheIntervalSays) {
  EXPECT_NEAR(share_separated(10, 1.0, 0.05, 0.0), 0.0215, 0.007);
  EXPECT_NEAR(share_separated(6, 1.0, 0.05, 0.0), 0.03125, 0.008);
  EXPECT_LT(share_separated(10, 1.0, 0.05, 0.06), 0.01);
}

TEST(PairedRatio, APlantedThirtyPercentIsSeparatedThoughTheWindIsStronger) {
  EXPECT_GT(share_separated(6, 1.3, 0.05, 0.05), 0.99);
  EXPECT_GT(share_separated(10, 1.3, 0.10, 0.05), 0.95);
}

}  // namespace
}  // namespace regatta::stats
