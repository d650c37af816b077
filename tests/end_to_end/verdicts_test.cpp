// choose and claims: what is concluded from a run, through the real command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/end_to_end/course.hpp"

namespace regatta::end_to_end {
namespace {

using ::testing::HasSubstr;

// A profile of the two cells that course::measure() takes.
constexpr const char* profile_of_two_cells = R"({"profiles": [{
  "profile": "mine", "groups": [
    {"group": "yielding", "weight": 1, "cells": ["yield *"]},
    {"group": "a tree", "weight": 3, "cells": ["skynet *"], "by": "cpu"}]}]})";

std::string write_weights(const course& c, const std::string& text) {
  const auto path = c.folder() / "weights.json";
  std::ofstream(path) << text;
  return path.string();
}

TEST(Choose, RanksTheRowsOfARunByAProfileOfTheUsersOwn) {
  course c;
  c.enter("fast");
  c.enter("slow", {"--slow-percent", "100"});
  ASSERT_EQ(c.measure({"--blocks", "6"}).code, 0);
  const std::string weights = write_weights(c, profile_of_two_cells);
  const std::vector<std::string> line = {"choose", c.run_folder().string(), "--weights", weights};
  const told text = c.regatta(line);
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("Ranking over 2 common cells"));
  auto with_json = line;
  with_json.emplace_back("--json");
  const json answer = json::parse(c.regatta(with_json).out).at("profiles").at(0);
  EXPECT_EQ(answer.at("ranking").at(0).at("rows").at(0).at("row"), "fast");
  EXPECT_EQ(answer.at("ranking").back().at("rows").back().at("row"), "slow");
}

TEST(Choose, ARunWithoutTheCellsOfTheProfileCouldNotBeMeasured) {
  course c;
  c.enter("a");
  ASSERT_EQ(c.measure({"--blocks", "1", "--no-twin"}).code, 0);
  const told result = c.regatta({"choose", c.run_folder().string(), "--for", "web"});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("regatta run --quick"));
  EXPECT_THAT(result.out, HasSubstr("--scenario 'echo'"));
}

TEST(Choose, ABadWeightsFileIsRefusedWithThePlaceOfTheMistake) {
  course c;
  const auto refused = [&](const std::string& text) {
    const told result = c.regatta({"choose", "--for", "web", "--weights", write_weights(c, text)});
    EXPECT_EQ(result.code, 2) << result.out;
    return result.err;
  };
  EXPECT_THAT(refused("{"), HasSubstr("are no JSON"));
  EXPECT_THAT(refused(R"({"weights": {"memroy": 1}})"), HasSubstr("there is no group 'memroy'"));
  EXPECT_THAT(refused(R"({"profiles": [{"profile": "web", "groups": [
                {"group": "g", "weight": 1, "cells": ["ecko *"]}]}]})"),
              HasSubstr("there is no scenario 'ecko'; did you mean echo"));
}

TEST(Claims, OfARunAreAllThereAndSayWhatIsMissing) {
  course c;
  c.enter("a");
  ASSERT_EQ(c.measure({"--blocks", "1", "--no-twin"}).code, 0);
  const told result = c.regatta({"claims", c.run_folder().string(), "--json"});
  EXPECT_EQ(result.code, 0) << result.err;
  const json claims = json::parse(result.out).at("claims");
  EXPECT_EQ(claims.size(), 24u);
  for (const json& claim : claims) EXPECT_EQ(claim.at("verdict"), "not_measured");
}

TEST(Claims, MeasureTakesARunOfTheirCellsAndJudgesIt) {
  course c;
  c.enter("a");
  c.enter("b");
  const told result = c.regatta({"claims", "--measure", "--only", "2,6", "--blocks", "6",
                                 "--target-time", "1", "--out", c.run_folder().string(), "--json"});
  EXPECT_EQ(result.code, 0) << result.err;
  const json claims = json::parse(result.out).at("claims");
  ASSERT_EQ(claims.size(), 2u);
  // Nobody here has a LIFO slot, and the fakes take the same time whatever they await.
  EXPECT_EQ(claims.at(0).at("verdict"), "not_measured");
  EXPECT_THAT(result.err, HasSubstr("without: there is no contender work_stealing"));
  EXPECT_EQ(claims.at(1).at("verdict"), "refuted");
  EXPECT_EQ(c.read_json("claims.json").at("claims").size(), 24u);
  for (const json& cell : c.read_json("plan.json").at("cells")) {
    EXPECT_EQ(cell.at("scenario"), "join");
    EXPECT_EQ(cell.at("only_rows"), json::array({"a", "b"}));
  }
}

TEST(Claims, TheLawIsAskedOfWhoHasLawsAndOnlyOfWhomItRan) {
  course c;
  c.enter_with_laws("lawful", {"/bin/sh", "-c", "echo '[  PASSED  ] 1 test.'"});
  c.enter_with_laws("lawless", {"/bin/sh", "-c", "echo '[  FAILED  ] Laws.Some'; exit 1"});
  c.enter_with_laws("silent", {"/bin/sh", "-c", "exit 0"});
  c.enter_with_laws("crashed", {"/bin/sh", "-c", "kill -9 $$"});
  const told result =
      c.regatta({"claims", "--measure", "--only", "1", "--out", c.run_folder().string(), "--json"});
  EXPECT_EQ(result.code, 0) << result.err;
  const json claim = json::parse(result.out).at("claims").at(0);
  EXPECT_EQ(claim.at("verdict"), "refuted");
  EXPECT_EQ(claim.at("rows"), json::array({"lawful", "lawless"}));
  EXPECT_THAT(claim.at("explanation").get<std::string>(), HasSubstr("No answer from: crashed"));
}

TEST(Report, WritesTheVerdictsIntoTheRunsFolder) {
  course c;
  c.enter("a");
  ASSERT_EQ(c.measure({"--blocks", "1", "--no-twin"}).code, 0);
  ASSERT_EQ(c.regatta({"report", c.run_folder().string(), "--no-charts"}).code, 0);
  EXPECT_EQ(c.read_json("claims.json").at("what"), "claims");
  EXPECT_EQ(c.read_json("choice.json").at("profiles").size(), 6u);
}

}  // namespace
}  // namespace regatta::end_to_end
