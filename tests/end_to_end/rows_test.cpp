// Which rows a contender becomes: variants that one program offers, variants that are programs of
// their own, defaults that have a name, and contenders that no run takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/end_to_end/course.hpp"

namespace regatta::end_to_end {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> rows_listed(const course& c) {
  std::vector<std::string> names;
  const json listed = json::parse(c.regatta({"list", "--json"}).out);
  for (const json& row : listed.at("contenders")) names.push_back(row.at("row"));
  return names;
}

std::vector<std::string> rows_planned(const course& c) {
  std::vector<std::string> names;
  const json plan = c.read_json("plan.json");
  for (const json& row : plan.at("rows")) names.push_back(row.at("row"));
  return names;
}

json program(const std::string& variant) {
  return {{"variant", variant}, {"command", {FAKE_CONTENDER, "--default-variant", variant}}};
}

TEST(Rows, ADefaultVariantThatHasANameIsCalledByIt) {
  course c;
  c.enter("tokio", {"--default-variant", "multi_thread"});
  EXPECT_THAT(rows_listed(c), ElementsAre("tokio/multi_thread", "tokio/slow"));
  const told result =
      c.measure({"--contender", "tokio", "--contender", "tokio/*", "--blocks", "1", "--no-twin"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(rows_planned(c), ElementsAre("tokio/multi_thread", "tokio/slow"));
  EXPECT_EQ(c.line_of("tokio/multi_thread", "yield").at("outcome"), "ok");
}

TEST(Rows, VariantsMayBeProgramsOfTheirOwnAndOneOfThemMissing) {
  course c;
  c.enter_manifest("asio", {{"name", "asio"},
                            {"kind", "c++"},
                            {"programs",
                             {program("io_context"),
                              {{"variant", "io_uring"}, {"skipped", "liburing was not found"}},
                              program("thread_pool")}}});
  EXPECT_THAT(rows_listed(c), ElementsAre("asio/io_context", "asio/slow", "asio/io_uring",
                                          "asio/thread_pool", "asio/slow"));
  const told result = c.measure({"--contender", "asio/io_uring", "--contender", "asio/thread_*",
                                 "--blocks", "1", "--no-twin"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(rows_planned(c), ElementsAre("asio/io_uring", "asio/thread_pool"));
  EXPECT_EQ(c.line_of("asio/io_uring", "yield").at("outcome"), "skipped");
  EXPECT_EQ(c.line_of("asio/io_uring", "yield").at("reason"), "liburing was not found");
  EXPECT_EQ(c.line_of("asio/thread_pool", "yield").at("outcome"), "ok");
}

TEST(Rows, AblationsAreTakenByWhoNamesThemAndVerifiedWithTheRest) {
  course c;
  c.enter_manifest(
      "it",
      {{"name", "it"}, {"kind", "c++"}, {"programs", {program("plain"), program("queue=16")}}});
  c.measure({"--contender", "it/*", "--blocks", "1", "--no-twin"});
  EXPECT_THAT(rows_planned(c), Not(Contains("it/queue=16")));
  EXPECT_THAT(rows_planned(c), Contains("it/plain"));
  EXPECT_THAT(c.regatta({"verify", "it", "--scenario", "yield"}).out, HasSubstr("it/queue=16"));
  course other;
  other.enter_manifest(
      "it",
      {{"name", "it"}, {"kind", "c++"}, {"programs", {program("plain"), program("queue=16")}}});
  other.measure({"--contender", "it/queue=*", "--blocks", "1", "--no-twin"});
  EXPECT_THAT(rows_planned(other), ElementsAre("it/queue=16"));
}

TEST(Rows, AVariantOfAContenderThatIsNotThereIsItsOneRow) {
  course c;
  c.enter("honest");
  c.enter_skipped("tokio", "cargo was not found");
  const told result =
      c.measure({"--contender", "honest", "--contender", "tokio/current_thread", "--blocks", "1"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(c.line_of("tokio", "yield").at("outcome"), "skipped");
}

TEST(Rows, AProgramThatHasNotBeenBuiltIsSkippedAndSaysSo) {
  course c;
  c.enter("honest");
  c.enter_manifest("go", {{"name", "go"}, {"command", {"/no/such/contender_go", "--serve"}}});
  const told list = c.regatta({"list"});
  EXPECT_THAT(list.out, HasSubstr("skipped: it has not been built: there is no /no/such/"));
}

TEST(Rows, WhatIsForTestsIsListedAndVerifiedButNotMeasured) {
  course c;
  c.enter("honest");
  c.enter_manifest("simulated", {{"name", "simulated"},
                                 {"measured", false},
                                 {"command", {FAKE_CONTENDER, "--name", "simulated"}}});
  EXPECT_THAT(c.regatta({"list"}).out, HasSubstr("for tests, never measured"));
  EXPECT_THAT(c.regatta({"verify", "simulated", "--scenario", "yield"}).out,
              HasSubstr("All is well."));
  EXPECT_EQ(c.measure({"--blocks", "1", "--no-twin"}).code, 0);
  EXPECT_THAT(rows_planned(c), ElementsAre("honest"));
  const told refused = c.regatta({"run", "--contender", "simulated"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("simulated is for tests"));
}

}  // namespace
}  // namespace regatta::end_to_end
