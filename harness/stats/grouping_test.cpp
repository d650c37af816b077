#include "harness/stats/grouping.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace regatta::stats {
namespace {

TEST(Grouping, TiesShareAGroup) {
  std::vector<double> const costs{300, 100, 101, 290};
  auto const groups = group_ranks(costs, [&](std::size_t i, std::size_t head) {
    return std::abs(costs[i] - costs[head]) > 20;
  });
  EXPECT_EQ(groups, (std::vector<unsigned>{2, 1, 1, 2}));
}

TEST(Grouping, AChainOfTiesDoesNotDragTheSlowestToTheFront) {
  std::vector<double> const costs{100, 115, 130, 145};
  auto const groups = group_ranks(costs, [&](std::size_t i, std::size_t head) {
    return std::abs(costs[i] - costs[head]) > 20;
  });
  EXPECT_EQ(groups, (std::vector<unsigned>{1, 1, 2, 2}));
}

TEST(Grouping, ANoisyRowThatCannotBeToldFromTheBestStaysWithTheBest) {
  std::vector<double> const costs{100, 150, 160};
  // Row 2 is too noisy to be separated from anybody.
  auto const groups =
      group_ranks(costs, [](std::size_t i, std::size_t head) { return i != 2 && head != 2; });
  EXPECT_EQ(groups, (std::vector<unsigned>{1, 2, 1}));
}

TEST(Grouping, NobodyMakesNoGroups) {
  EXPECT_TRUE(group_ranks({}, [](std::size_t, std::size_t) { return true; }).empty());
}

TEST(GeometricMean, HalfAndDoubleMakeOne) {
  EXPECT_NEAR(geometric_mean(std::vector{0.5, 2.0}), 1.0, 1e-12);
  EXPECT_NEAR(geometric_mean(std::vector{1.0, 10.0, 100.0}), 10.0, 1e-9);
  EXPECT_TRUE(std::isnan(geometric_mean({})));
}

}  // namespace
}  // namespace regatta::stats
