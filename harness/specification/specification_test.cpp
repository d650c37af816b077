#include "harness/specification/specification.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

namespace regatta::specification {
namespace {

using ::testing::HasSubstr;

TEST(Specification, KnowsEveryScenarioOnceByName) {
  std::set<std::string> names;
  for (auto const* scenario : all()) {
    EXPECT_TRUE(names.insert(scenario->name).second) << scenario->name;
    EXPECT_EQ(find(scenario->name), scenario);
    EXPECT_FALSE(scenario->summary.empty()) << scenario->name;
  }
  EXPECT_THAT(names, ::testing::IsSupersetOf({"chained_spawn", "channel", "join", "ping_pong",
                                              "skynet", "spawn", "yield"}));
  EXPECT_EQ(find("regatta"), nullptr);
}

// A cell that its own scenario refuses would only show hours into a run.
TEST(Specification, EveryCellOfEveryMatrixIsValidAndItsOwn) {
  for (auto const* scenario : all()) {
    auto const full = scenario->full();
    auto cells = scenario->quick;
    cells.push_back(scenario->smoke);
    for (auto const& cell : cells) {
      EXPECT_EQ(scenario->invalid(cell), "") << scenario->cell(cell);
      EXPECT_EQ(scenario->complete(cell), cell);
      EXPECT_GT(scenario->operations(cell), 0u) << scenario->cell(cell);
    }
    std::set<std::string> keys;
    for (auto const& cell : full) {
      ASSERT_EQ(scenario->invalid(cell), "") << cell.dump();
      EXPECT_TRUE(keys.insert(scenario->cell(cell)).second) << "twice in full(): " << cell.dump();
    }
  }
}

TEST(Specification, AnswersTheFieldsOwnNumberForSkynet) {
  auto const* skynet = find("skynet");
  ASSERT_NE(skynet, nullptr);
  EXPECT_EQ(skynet->expected(parameters::object()), 499'999'500'000u);
  EXPECT_EQ(skynet->operations(parameters::object()), 1'111'111u);
  EXPECT_EQ(skynet->cell(parameters{{"fan_out", 2}, {"leaves", 8}}), "skynet leaves=8 fan_out=2");
}

TEST(Specification, RefusesWithASentence) {
  auto const* skynet = find("skynet");
  ASSERT_NE(skynet, nullptr);
  EXPECT_THAT(skynet->invalid({{"leafs", 8}}),
              HasSubstr("no parameter 'leafs'; there are: leaves"));
  EXPECT_THAT(skynet->invalid({{"leaves", "many"}}), HasSubstr("whole number"));
  EXPECT_THAT(skynet->invalid({{"leaves", -1}}), HasSubstr("whole number or a string"));
  EXPECT_THAT(skynet->invalid({{"leaves", 1.5}}), HasSubstr("whole number or a string"));
  EXPECT_THAT(skynet->invalid({{"leaves", 7}}), HasSubstr("power of fan_out"));
  EXPECT_THAT(skynet->invalid(parameters::array({1})), HasSubstr("must be an object"));
  EXPECT_THROW(skynet->expected({{"leaves", 7}}), std::invalid_argument);
}

TEST(Specification, ItsSchemaNamesWhatAParameterMayBe) {
  for (auto const* scenario : all()) {
    for (auto const& each : scenario->schema) {
      if (each.default_value.is_string()) {
        EXPECT_THAT(each.choices, ::testing::Contains(each.default_value.get<std::string>()));
      } else {
        EXPECT_TRUE(each.accepts_number) << scenario->name << " " << each.name;
      }
    }
  }
}

}  // namespace
}  // namespace regatta::specification
