#include "scenarios/support/parameters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/support/describe.hpp"

namespace regatta::scenarios {
namespace {

using ::testing::HasSubstr;

struct race {
  static constexpr std::string_view name = "race";
  static constexpr std::string_view summary = "boats around a buoy";
  struct params {
    u64 boats = 3;
    choice<"calm", "storm"> wind{};
    number_or<"unbounded"> crew = 2;
    void each(auto&& visit) {
      visit("boats", boats);
      visit("wind", wind);
      visit("crew", crew);
    }
  };
  static params smoke() { return {.boats = 1}; }
  static std::vector<params> quick() { return {params{}}; }
  static std::vector<params> full() {
    return grid<params>().over(&params::wind, {"calm", "storm"}).over(&params::boats, {1, 2});
  }
  static u64 expected(params p) { return p.boats * p.crew.number(); }
  static u64 operations(params p) { return p.boats; }
  static std::string invalid(params p) { return p.boats == 0 ? "a race needs boats" : ""; }
};
static_assert(scenario<race>);

TEST(Choice, IsTheFirstAlternativeUntilTold) {
  race::params p;
  EXPECT_EQ(p.wind.name(), "calm");
  EXPECT_TRUE(p.wind == "calm");
  p.wind = "storm";
  EXPECT_FALSE(p.wind == "calm");
}

TEST(Choice, ReadsOnlyItsOwnNames) {
  using wind = choice<"calm", "storm">;
  EXPECT_EQ(wind::parse("storm"), wind("storm"));
  EXPECT_EQ(wind::parse("sto"), std::nullopt);
  EXPECT_EQ(wind::parse(""), std::nullopt);
}

TEST(NumberOr, HoldsANumberOrItsWord) {
  number_or<"unbounded"> crew = 7;
  EXPECT_EQ(crew.number(), 7u);
  EXPECT_FALSE(crew.is_word());
  crew = "unbounded";
  EXPECT_TRUE(crew == "unbounded");
  EXPECT_TRUE(crew.is_word());
}

TEST(Parameters, AreListedInTheirOrderAndPrintedAsTheyAreRead) {
  race::params p{.boats = 5, .wind = "storm", .crew = "unbounded"};
  auto const list = list_parameters(p);
  EXPECT_EQ(cell_key("race", list), "race boats=5 wind=storm crew=unbounded");

  race::params copy;
  for (auto const& each : list) EXPECT_EQ(assign_parameter(copy, each.name, each.text), "");
  EXPECT_EQ(list_parameters(copy), list);
}

TEST(Parameters, ComplainInASentenceAndKeepTheOldValue) {
  race::params p;
  EXPECT_EQ(assign_parameter(p, "boat", "1"),
            "there is no parameter 'boat'; there are: boats, wind, crew");
  EXPECT_THAT(assign_parameter(p, "boats", "three"), HasSubstr("must be a whole number"));
  EXPECT_THAT(assign_parameter(p, "boats", "-1"), HasSubstr("must be a whole number"));
  EXPECT_THAT(assign_parameter(p, "boats", ""), HasSubstr("must be a whole number"));
  EXPECT_THAT(assign_parameter(p, "boats", "99999999999999999999"), HasSubstr("whole number"));
  EXPECT_THAT(assign_parameter(p, "wind", "breeze"), HasSubstr("one of calm storm"));
  EXPECT_THAT(assign_parameter(p, "crew", "many"), HasSubstr("the word unbounded"));
  EXPECT_EQ(list_parameters(p), list_parameters(race::params{}));
}

TEST(Grid, HoldsEachCombinationOnceTheFirstVaryingSlowest) {
  std::vector<std::string> keys;
  for (auto const& cell : race::full()) keys.push_back(cell_key("", list_parameters(cell)));
  EXPECT_THAT(keys,
              ::testing::ElementsAre(" boats=1 wind=calm crew=2", " boats=2 wind=calm crew=2",
                                     " boats=1 wind=storm crew=2", " boats=2 wind=storm crew=2"));
}

TEST(Grid, LeavesOutAndAddsOn) {
  using params = race::params;
  std::vector<params> const cells =
      grid<params>().over(&params::boats, {1, 2, 3}).where([](auto p) { return p.boats != 2; }) +
      grid<params>({.boats = 9});
  ASSERT_EQ(cells.size(), 3u);
  EXPECT_EQ(cells[1].boats, 3u);
  EXPECT_EQ(cells[2].boats, 9u);
}

TEST(Description, AnswersForPartsOfTheParametersInAnyOrder) {
  auto const described = describe<race>();
  parameter_list const part = {{"crew", "4"}, {"boats", "10"}};
  EXPECT_EQ(described.invalid(part), "");
  EXPECT_EQ(described.expected(part), 40u);
  EXPECT_EQ(described.operations(part), 10u);
  EXPECT_EQ(cell_key("race", described.complete(part)), "race boats=10 wind=calm crew=4");
}

TEST(Description, SaysWhatIsWrongBeforeItAnswers) {
  auto const described = describe<race>();
  EXPECT_EQ(described.invalid({{"boats", "0"}}), "race: a race needs boats");
  EXPECT_THAT(described.invalid({{"buoys", "1"}}), HasSubstr("no parameter 'buoys'"));
  EXPECT_THROW(described.expected({{"boats", "0"}}), std::invalid_argument);
}

TEST(Work, ComputesTheSameForAllAndDependsOnEachStep) {
  EXPECT_EQ(compute(1'000, 7), compute(1'000, 7));
  EXPECT_NE(compute(1'000, 7), compute(1'001, 7));
  EXPECT_EQ(sum(std::vector<u64>{1, 2, 3}), 6u);
  EXPECT_EQ(sum_of_indices(1'000'000), 499'999'500'000u);
  EXPECT_EQ(sum_of_indices(0), 0u);
}

TEST(Work, NoStepIsMergedWithAnother) {
  // Four cycles or so each; no processor that we know has six in a nanosecond.
  constexpr u64 steps = 10'000'000;
  auto const begin = recorder::now();
  toil(steps);
  EXPECT_GT(2 * (recorder::now() - begin), steps);
}

}  // namespace
}  // namespace regatta::scenarios
