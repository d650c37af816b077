#include "harness/stats/multiple_comparisons.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "harness/stats/reference_table.hpp"

namespace regatta::stats {
namespace {

TEST(BenjaminiHochberg, AgreesWithTheExampleOfItsPaper) {
  // Section 3.2: 15 hypotheses of a study of heart attacks; four are rejected at 0.05.
  std::vector<double> const p{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                              0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
  auto const found = benjamini_hochberg(p);
  EXPECT_EQ(std::count(found.begin(), found.end(), true), 4);
  EXPECT_TRUE(found[3]);
  EXPECT_FALSE(found[4]);
}

TEST(BenjaminiHochberg, AnswersInTheOrderOfTheQuestion) {
  EXPECT_EQ(benjamini_hochberg(std::vector{0.9, 0.001, 0.5}),
            (std::vector<bool>{false, true, false}));
}

TEST(BenjaminiHochberg, ALaterPValueUnderItsLineTakesTheEarlierOnesAlong) {
  EXPECT_EQ(benjamini_hochberg(std::vector{0.03, 0.04}), (std::vector<bool>{true, true}));
  EXPECT_EQ(benjamini_hochberg(std::vector{0.03, 0.06}), (std::vector<bool>{false, false}));
}

TEST(BenjaminiHochberg, WithNothingToFindItRarelyFindsAnything) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  int alarms = 0;
  constexpr int trials = 2'000;
  for (int t = 0; t != trials; ++t) {
    std::vector<double> p(50);
    for (auto& value : p) value = uniform(random);
    auto const found = benjamini_hochberg(p);
    if (std::count(found.begin(), found.end(), true) != 0) ++alarms;
  }
  EXPECT_NEAR(alarms / static_cast<double>(trials), 0.05, 0.015);
}

TEST(BenjaminiHochberg, AdjustedPValuesAgreeWithScipy) {
  // To 1e-12: scipy.stats.false_discovery_control, and R's p.adjust says the same.
  for (auto const& c : reference_table("multiple_comparisons").at("cases")) {
    auto const wanted = numbers(c.at("adjusted"));
    auto const found = adjusted_p_values(numbers(c.at("p_values")));
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t i = 0; i != found.size(); ++i) EXPECT_NEAR(found[i], wanted[i], 1e-12);
  }
}

TEST(BenjaminiHochberg, AnAdjustedPValueIsTheRateFromWhichOnItIsADiscovery) {
  std::vector<double> const p{0.2, 0.004, 0.03, 0.004, 0.6};
  auto const adjusted = adjusted_p_values(p);
  for (std::size_t i = 0; i != p.size(); ++i) {
    EXPECT_TRUE(benjamini_hochberg(p, adjusted[i])[i]);
    EXPECT_FALSE(benjamini_hochberg(p, adjusted[i] * 0.999)[i]);
  }
}

TEST(BenjaminiHochberg, NoQuestionsNoAnswers) {
  EXPECT_TRUE(benjamini_hochberg({}).empty());
  EXPECT_TRUE(adjusted_p_values({}).empty());
}

}  // namespace
}  // namespace regatta::stats
