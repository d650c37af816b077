#include "harness/stats/change_points.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "harness/stats/reference_table.hpp"

namespace regatta::stats {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::size_t> indices(std::vector<change_point> const& changes) {
  std::vector<std::size_t> found;
  for (auto const& c : changes) found.push_back(c.index);
  return found;
}

// Levels, each for so many values, with normal noise of standard deviation 1.
std::vector<double> history(std::vector<std::pair<std::size_t, double>> const& levels,
                            std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise(0.0, 1.0);
  std::vector<double> values;
  for (auto const& [count, level] : levels) {
    for (std::size_t i = 0; i != count; ++i) values.push_back(level + noise(random));
  }
  return values;
}

TEST(ChangePoints, EnergyDistanceAgreesWithScipy) {
  // To 1e-9: both sum absolute differences, in another order.
  for (auto const& c : reference_table("change_points").at("distances")) {
    EXPECT_NEAR(scaled_energy_distance(numbers(c.at("a")), numbers(c.at("b"))),
                c.at("distance").get<double>(), 1e-9);
  }
  EXPECT_EQ(scaled_energy_distance(std::vector{1.0}, std::vector{2.0, 3.0}), 0.0);
  EXPECT_EQ(scaled_energy_distance(std::vector{2.0, 3.0}, std::vector{1.0}), 0.0);
}

TEST(ChangePoints, TheFirstSplitIsTheBestOfAllThatTheSlowWayTries) {
  auto const table = reference_table("change_points");
  for (auto const& c : table.at("first_splits")) {
    // Every split is accepted here; the first found is the one with the greatest statistic.
    auto const found = change_points(
        numbers(c.at("values")),
        {.significance = 1.0, .permutations = 1, .least_stretch = table.at("least_stretch")});
    auto const greatest =
        std::max_element(found.begin(), found.end(),
                         [](auto const& a, auto const& b) { return a.statistic < b.statistic; });
    ASSERT_NE(greatest, found.end()) << c.at("name");
    EXPECT_EQ(greatest->index, c.at("index").get<std::size_t>()) << c.at("name");
    EXPECT_NEAR(greatest->statistic, c.at("statistic").get<double>(), 1e-9) << c.at("name");
  }
}

TEST(ChangePoints, FindsAPlantedStepWithItsMedians) {
  auto const values = history({{20, 100.0}, {15, 106.0}}, 1);
  auto const changes = change_points(values);
  ASSERT_THAT(indices(changes), ElementsAre(20));
  EXPECT_NEAR(changes[0].before, 100.0, 0.7);
  EXPECT_NEAR(changes[0].after, 106.0, 0.7);
  EXPECT_EQ(changes[0].p_value, 1.0 / 500.0);
}

TEST(ChangePoints, FindsSeveralInTheOrderOfTheValues) {
  auto const values = history({{15, 100.0}, {15, 112.0}, {15, 106.0}, {15, 120.0}}, 2);
  auto const changes = change_points(values);
  ASSERT_THAT(indices(changes), ElementsAre(15, 30, 45));
  EXPECT_NEAR(changes[1].before, 112.0, 0.7);
  EXPECT_NEAR(changes[1].after, 106.0, 0.7);
}

TEST(ChangePoints, FindsAStepThatIsTakenBack) {
  EXPECT_THAT(indices(change_points(history({{25, 100.0}, {8, 108.0}, {25, 100.0}}, 3))),
              ElementsAre(25, 33));
}

TEST(ChangePoints, FindsAChangeOfTheSpreadAlone) {
  std::mt19937_64 random(4);
  std::normal_distribution<double> calm(100.0, 0.2), wild(100.0, 5.0);
  std::vector<double> values;
  for (int i = 0; i != 60; ++i) values.push_back(calm(random));
  for (int i = 0; i != 60; ++i) values.push_back(wild(random));
  auto const changes = change_points(values);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_NEAR(static_cast<double>(changes[0].index), 60.0, 3.0);
}

TEST(ChangePoints, SeesAChangeAsSoonAsItHasTheLeastStretch) {
  auto values = history({{20, 100.0}, {2, 120.0}}, 5);
  EXPECT_THAT(change_points(values, {.least_stretch = 3}), IsEmpty());
  values.push_back(120.3);
  EXPECT_THAT(indices(change_points(values, {.least_stretch = 3})), ElementsAre(20));
  // Four that belong together are not there yet; it takes what comes nearest.
  EXPECT_THAT(indices(change_points(values, {.least_stretch = 4})), ElementsAre(19));
}

TEST(ChangePoints, OneOutlierIsNoChange) {
  auto values = history({{30, 100.0}}, 6);
  values[15] = 180.0;
  EXPECT_THAT(change_points(values), IsEmpty());
}

TEST(ChangePoints, WithoutAChangeAlarmsNoMoreOftenThanItsSignificance) {
  int alarms = 0;
  constexpr int trials = 300;
  for (std::uint64_t t = 0; t != trials; ++t) {
    auto const values = history({{24, 100.0}}, 1'000 + t);
    if (!change_points(values, {.significance = 0.05, .permutations = 99, .seed = t}).empty()) {
      ++alarms;
    }
  }
  EXPECT_GT(alarms, 3);
  EXPECT_LT(alarms, 28);
}

TEST(ChangePoints, LeavesOutWhatIsTooSmallToMatterAndJoinsItsSides) {
  auto const values = history({{20, 100.0}, {20, 103.0}, {20, 120.0}}, 7);
  EXPECT_THAT(indices(change_points(values)), ElementsAre(20, 40));
  auto const large = change_points(values, {.least_change = 0.05});
  ASSERT_THAT(indices(large), ElementsAre(40));
  EXPECT_NEAR(large[0].before, 101.5, 1.0);
  EXPECT_THAT(change_points(values, {.least_change = 0.5}), IsEmpty());
}

TEST(ChangePoints, ASeedGivesTheSameAnswer) {
  auto const values = history({{20, 100.0}, {20, 100.9}}, 8);
  auto const p_of = [&](std::uint64_t seed) {
    return change_points(values, {.significance = 1.0, .permutations = 99, .seed = seed})
        .at(0)
        .p_value;
  };
  EXPECT_EQ(p_of(1), p_of(1));
}

TEST(ChangePoints, EqualValuesAndTooFewHaveNone) {
  EXPECT_THAT(change_points(std::vector(40, 5.0)), IsEmpty());
  EXPECT_THAT(change_points({}), IsEmpty());
  EXPECT_THAT(change_points(std::vector{1.0, 1.1, 9.0, 9.1, 9.2}), IsEmpty());
}

TEST(ChangePoints, ValuesThatRepeatAreNoObstacle) {
  std::vector<double> values(12, 7.0);
  values.insert(values.end(), 12, 9.0);
  auto const changes = change_points(values);
  ASSERT_THAT(indices(changes), ElementsAre(12));
  EXPECT_EQ(changes[0].before, 7.0);
  EXPECT_EQ(changes[0].after, 9.0);
}

}  // namespace
}  // namespace regatta::stats
