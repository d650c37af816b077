#include "harness/driver/cells.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/driver/exit_code.hpp"

namespace regatta::driver {
namespace {

using ::testing::HasSubstr;

std::string sentence_of(const std::function<void()>& command) {
  try {
    command();
  } catch (const ends_command& end) {
    EXPECT_EQ(end.code(), exit_code::usage);
    return end.what();
  }
  return "no error";
}

cell_wishes wishes(std::vector<std::string> globs, std::vector<setting> settings = {}) {
  return {matrix::quick, std::move(globs), std::move(settings)};
}

TEST(Cells, EveryScenarioGivesCellsByDefault) {
  const auto cells = choose_cells(specification::all(), wishes({}));
  std::set<std::string> scenarios;
  for (const cell& c : cells) scenarios.insert(c.scenario);
  EXPECT_EQ(scenarios.size(), specification::all().size());
}

TEST(Cells, ASettingReplacesAParameterAndSeveralValuesMakeAGrid) {
  const auto cells = choose_cells(
      specification::all(), wishes({"skynet"}, {{"leaves", {"8", "64"}}, {"fan_out", {"2"}}}));
  ASSERT_EQ(cells.size(), 2u);
  EXPECT_EQ(cells[0].key, "skynet leaves=8 fan_out=2");
  EXPECT_EQ(cells[1].key, "skynet leaves=64 fan_out=2");
  EXPECT_EQ(cells[0].expected, 28u);
}

TEST(Cells, AMistypedScenarioIsToldItsNeighbour) {
  EXPECT_EQ(sentence_of([] { choose_cells(specification::all(), wishes({"skynt"})); }),
            "there is no scenario 'skynt'; did you mean skynet?");
}

TEST(Cells, AMistypedParameterIsToldItsNeighbour) {
  EXPECT_EQ(sentence_of(
                [] { choose_cells(specification::all(), wishes({"skynet"}, {{"leafs", {"8"}}})); }),
            "no chosen scenario has a parameter 'leafs'; did you mean leaves?");
}

TEST(Cells, AValueThatMakesNoSenseIsToldWhatWould) {
  EXPECT_THAT(sentence_of([] {
                choose_cells(specification::all(), wishes({"skynet"}, {{"leaves", {"many"}}}));
              }),
              HasSubstr("leaves of skynet cannot be 'many'; expected a whole number"));
  EXPECT_THAT(sentence_of([] {
                choose_cells(specification::all(), wishes({"skynet"}, {{"leaves", {"7"}}}));
              }),
              HasSubstr("power of fan_out"));
}

TEST(Cells, ASettingHasAKeyAndValues) {
  EXPECT_EQ(parse_setting("a=1,x").values.size(), 2u);
  for (const char* text : {"a", "a=", "=1", "a=1,", ""}) {
    EXPECT_THAT(sentence_of([&] { parse_setting(text); }), HasSubstr("expected key=value")) << text;
  }
}

}  // namespace
}  // namespace regatta::driver
