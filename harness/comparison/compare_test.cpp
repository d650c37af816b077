#include "harness/comparison/compare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/comparison/synthetic_session.hpp"

namespace regatta::comparison {
namespace {

using stats::outcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Compare, NothingChangedWhereNothingChanged) {
  synthetic_session s;
  s.measure_all("spawn", 100, 100);
  s.measure_all("yield", 10, 10);
  auto const document = compare(s.input());
  EXPECT_EQ(document.at("verdict"), "unchanged") << document.at("why");
  EXPECT_EQ(document.at("cells").size(), 2u);
  EXPECT_THAT(suspicious_places(document), IsEmpty());
  EXPECT_TRUE(document.at("confirmation").is_null());
  EXPECT_NEAR(cell_of(document, "spawn").at("base_cost").get<double>(), 100, 3);
}

TEST(Compare, ASlowerHeadIsSuspiciousFirstAndWorseOnceItIsConfirmed) {
  synthetic_session s;
  s.measure_all("spawn", 100, 115);
  s.measure_all("yield", 10, 10);
  auto input = s.input();
  auto document = compare(input);
  EXPECT_EQ(document.at("verdict"), "could_not_measure");
  EXPECT_THAT(suspicious_places(document), ElementsAre(place{"it", "spawn n=1"}));

  synthetic_session again;
  again.measure_all("spawn", 100, 114);
  input.confirmation = {&again.samples, 8};
  document = compare(input);
  EXPECT_EQ(document.at("verdict"), "worse");
  EXPECT_THAT(document.at("why").get<std::string>(), HasSubstr("it in spawn"));
  EXPECT_EQ(document.at("confirmation").at("seed"), 8);
  EXPECT_EQ(document.at("confirmation").at("cells").size(), 1u);
  EXPECT_EQ(cell_of(document, "spawn").at("confirmed"), true);
  EXPECT_EQ(cell_of(document, "yield").at("verdict"), "unchanged");
}

TEST(Compare, WhatAConfirmationDoesNotShowIsNotWorse) {
  synthetic_session s;
  s.measure_all("spawn", 100, 115);
  synthetic_session again;
  again.measure_all("spawn", 100, 100);
  auto input = s.input();
  input.confirmation = {&again.samples, 8};
  auto const document = compare(input);
  EXPECT_EQ(document.at("verdict"), "unchanged") << document.at("why");
  EXPECT_EQ(cell_of(document, "spawn").at("confirmed"), false);
}

TEST(Compare, ANoisyTwinRaisesTheFloor) {
  synthetic_session s;
  s.measure("it@base", "spawn", 100, 0.02);
  s.measure("it@base#twin", "spawn", 100, 0.2);
  s.measure("it@head", "spawn", 112, 0.02);
  auto const document = compare(s.input());
  EXPECT_EQ(document.at("verdict"), "could_not_measure");
  EXPECT_GT(cell_of(document, "spawn").at("floor").get<double>(), 0.12);
  // It says what to do about it.
  EXPECT_THAT(document.at("why").get<std::string>(), HasSubstr("more blocks"));
  EXPECT_THAT(document.at("why").get<std::string>(), HasSubstr("noisy: Others take 40 %"));
}

TEST(Compare, WithoutATwinNobodyKnowsTheNoise) {
  synthetic_session s;
  s.measure("it@base", "spawn", 100);
  s.measure("it@head", "spawn", 130);
  EXPECT_EQ(compare(s.input()).at("verdict"), "could_not_measure");
}

TEST(Compare, OneLuckyCellOfManyDoesNotSurviveTheCorrection) {
  // Six of six blocks are slower: p is 1/32, which one cell of one may be called by, and one of
  // twenty may not.
  synthetic_session one;
  for (char const* row : {"it@base", "it@base#twin"}) one.measure(row, "spawn", 100, 0.001, 6);
  one.measure("it@head", "spawn", 120, 0.001, 6);
  EXPECT_EQ(suspicious_places(compare(one.input())).size(), 1u);
  for (int i = 0; i < 20; ++i) one.measure_all("other" + std::to_string(i), 100, 100);
  auto const document = compare(one.input());
  EXPECT_THAT(suspicious_places(document), IsEmpty());
  EXPECT_FALSE(cell_of(document, "spawn").at("discovery").get<bool>());
}

TEST(Compare, ACrashAtHeadIsWorseWithoutAnyTime) {
  synthetic_session s;
  s.measure_all("spawn", 100, 100);
  s.fail("it@head", "spawn", outcome::crashed, "it died of SIGSEGV");
  auto const document = compare(s.input());
  EXPECT_EQ(document.at("verdict"), "worse");
  EXPECT_THAT(cell_of(document, "spawn").at("why").get<std::string>(),
              HasSubstr("at head it is crashed: it died of SIGSEGV"));
  EXPECT_THAT(document.at("why").get<std::string>(), HasSubstr("ok → crashed"));
  EXPECT_EQ(suspicious_places(document).size(), 1u);
}

TEST(Compare, ATimeoutAtHeadMayBeTheMachineUntilItIsConfirmed) {
  synthetic_session s;
  s.measure_all("spawn", 100, 100);
  s.fail("it@head", "spawn", outcome::timeout, "no answer");
  auto input = s.input();
  EXPECT_EQ(compare(input).at("verdict"), "could_not_measure");
  synthetic_session quiet;
  quiet.measure_all("spawn", 100, 100);
  input.confirmation = {&quiet.samples, 8};
  EXPECT_EQ(compare(input).at("verdict"), "could_not_measure");
  input.confirmation = {&s.samples, 8};
  EXPECT_EQ(compare(input).at("verdict"), "worse");
}

TEST(Compare, ATimeoutThatOnlyShowsWhereTheBaseFailsAsWellIsNotConfirmed) {
  synthetic_session s;
  s.measure_all("spawn", 100, 100);
  s.fail("it@head", "spawn", outcome::timeout, "no answer");
  synthetic_session loaded;
  loaded.measure_all("spawn", 100, 100);
  for (char const* row : {"it@base", "it@head"}) {
    loaded.fail(row, "spawn", outcome::timeout, "no answer");
  }
  auto input = s.input();
  input.confirmation = {&loaded.samples, 8};
  auto document = compare(input);
  EXPECT_EQ(document.at("verdict"), "could_not_measure");
  EXPECT_EQ(cell_of(document, "spawn").at("confirmed"), false);
  // Nor is what was not started in the second run.
  synthetic_session not_there;
  not_there.measure("it@base", "spawn", 100);
  not_there.measure("it@base#twin", "spawn", 100);
  not_there.fail("it@head", "spawn", outcome::skipped, "it is not there");
  input.confirmation = {&not_there.samples, 8};
  document = compare(input);
  EXPECT_EQ(document.at("verdict"), "could_not_measure");
}

TEST(Compare, ACrashThatOnlyTheSecondRunShowsIsWorse) {
  synthetic_session s;
  s.measure_all("spawn", 100, 80);
  synthetic_session again;
  again.measure_all("spawn", 100, 80);
  again.fail("it@head", "spawn", outcome::crashed, "it died of SIGSEGV");
  auto input = s.input();
  input.confirmation = {&again.samples, 8};
  auto document = compare(input);
  EXPECT_EQ(document.at("verdict"), "worse");
  EXPECT_THAT(document.at("why").get<std::string>(), HasSubstr("crashed in the second run"));
  EXPECT_THAT(cell_of(document, "spawn").at("why").get<std::string>(),
              HasSubstr("in the second run head is crashed: it died of SIGSEGV"));
  // If base fails there as well, head is not to blame.
  again.fail("it@base", "spawn", outcome::crashed, "it died too");
  EXPECT_NE(compare(input).at("verdict"), "worse");
}

TEST(Compare, WhatTheBaseCouldNotDoIsBetterOnceItIsConfirmed) {
  for (outcome const how : {outcome::wrong_answer, outcome::crashed}) {
    synthetic_session s;
    s.measure_all("spawn", 100, 100);
    s.fail("it@base", "spawn", how, "7 instead of 8");
    auto input = s.input();
    auto const document = compare(input);
    EXPECT_EQ(document.at("verdict"), "could_not_measure");
    EXPECT_EQ(suspicious_places(document).size(), 1u);
    input.confirmation = {&s.samples, 8};
    EXPECT_EQ(compare(input).at("verdict"), "better");
    synthetic_session well;
    well.measure_all("spawn", 100, 100);
    input.confirmation = {&well.samples, 8};
    EXPECT_EQ(compare(input).at("verdict"), "could_not_measure");
  }
}

TEST(Compare, ATimeoutOfTheBaseMakesNobodyBetter) {
  for (char const* row : {"it@base", "it@base#twin"}) {
    synthetic_session s;
    s.measure_all("spawn", 100, 100);
    s.fail(row, "spawn", outcome::timeout, "no answer");
    auto input = s.input();
    EXPECT_EQ(compare(input).at("verdict"), "could_not_measure") << row;
    input.confirmation = {&s.samples, 8};
    EXPECT_EQ(compare(input).at("verdict"), "could_not_measure") << row;
  }
}

TEST(Compare, AFailureOfTheBaseDoesNotHideASlowerHead) {
  for (outcome const how : {outcome::timeout, outcome::out_of_memory, outcome::crashed}) {
    synthetic_session s;
    s.measure_all("spawn", 100, 130);
    s.fail("it@base#twin", "spawn", how, "no answer");
    auto input = s.input();
    EXPECT_EQ(compare(input).at("verdict"), "could_not_measure");
    EXPECT_EQ(suspicious_places(compare(input)).size(), 1u);
    input.confirmation = {&s.samples, 8};
    auto const document = compare(input);
    EXPECT_EQ(document.at("verdict"), "worse");
    EXPECT_THAT(document.at("why").get<std::string>(), HasSubstr("1.3"));
  }
}

TEST(Compare, WhereLoadMayHaveStoppedASideTheCellIsNotLeftOut) {
  auto const compared = [](outcome base, outcome head) {
    synthetic_session s;
    s.measure_all("yield", 10, 10);
    s.fail("it@base", "spawn", base, "at base");
    s.fail("it@head", "spawn", head, "at head");
    auto const document = compare(s.input());
    EXPECT_THAT(document.at("left_out"), IsEmpty());
    return document.at("verdict").get<std::string>();
  };
  EXPECT_EQ(compared(outcome::timeout, outcome::timeout), "could_not_measure");
  EXPECT_EQ(compared(outcome::crashed, outcome::timeout), "could_not_measure");
  EXPECT_EQ(compared(outcome::timeout, outcome::unsupported), "could_not_measure");
  EXPECT_EQ(compared(outcome::timeout, outcome::crashed), "worse");
  EXPECT_EQ(compared(outcome::out_of_memory, outcome::wrong_answer), "worse");
}

TEST(Compare, ATwinThatFailsIsABaseThatFails) {
  synthetic_session s;
  s.measure_all("spawn", 100, 100);
  s.fail("it@base#twin", "spawn", outcome::crashed, "it died");
  s.fail("it@head", "spawn", outcome::crashed, "it died");
  auto const document = compare(s.input());
  EXPECT_THAT(document.at("cells"), IsEmpty());
  EXPECT_EQ(document.at("left_out").size(), 1u);
  EXPECT_EQ(document.at("verdict"), "could_not_measure");
}

TEST(Compare, WhatNeitherSideSupportsIsLeftOut) {
  synthetic_session s;
  s.measure_all("spawn", 100, 100);
  for (char const* row : {"it@base", "it@base#twin", "it@head"}) {
    s.fail(row, "echo", outcome::unsupported, "no sockets");
  }
  auto const document = compare(s.input());
  EXPECT_EQ(document.at("verdict"), "unchanged");
  EXPECT_EQ(document.at("left_out").size(), 1u);
}

TEST(Compare, IdenticalProgramsAreUnchangedWhateverTheClockSays) {
  synthetic_session s;
  s.measure_all("spawn", 100, 150);
  auto input = s.input();
  input.pairs.front().identical = true;
  EXPECT_EQ(compare(input).at("verdict"), "unchanged");
  EXPECT_THAT(suspicious_places(compare(input)), IsEmpty());
  // And where nobody measured them at all.
  stats::measurements const none;
  input.samples = &none;
  auto const document = compare(input);
  EXPECT_EQ(document.at("verdict"), "unchanged");
  EXPECT_EQ(document.at("cells").size(), 1u);
}

// Rows of one run: there is nothing to confirm them with.
TEST(Compare, TwoContendersOfOneRunAreJudgedByTheOtherThreeConditions) {
  synthetic_session s;
  s.measure("a", "spawn", 100);
  s.measure("b", "spawn", 120);
  s.measure("c", "spawn", 100);
  s.measure("c#twin", "spawn", 100);
  auto input = s.input();
  input.pairs = {{.contender = "b", .base = "a", .head = "b", .twin = ""}};
  input.limits.wants_confirmation = false;
  auto const document = compare(input);
  EXPECT_EQ(document.at("verdict"), "worse");
  // The noise is that of the A/A pair of the run, whoever that is.
  EXPECT_TRUE(cell_of(document, "spawn").at("spread").is_number());
}

TEST(Compare, TwoRunsThatWereNotInterleavedAreComparedInGroups) {
  synthetic_session before;
  before.measure("it", "spawn", 100);
  before.measure("it", "yield", 10);
  before.measure("it", "gone", 10);
  synthetic_session after;
  after.measure("it", "spawn", 120, 0.02, 17);
  after.measure("it", "yield", 10, 0.02, 17);
  auto input = before.input();
  input.pairs = {{.contender = "it", .base = "it", .head = "it", .twin = ""}};
  input.head_samples = &after.samples;
  input.limits.wants_confirmation = false;
  auto const document = compare(input);
  EXPECT_EQ(document.at("verdict"), "worse");
  EXPECT_FALSE(document.at("interleaved").get<bool>());
  EXPECT_EQ(document.at("cells").size(), 2u);
  EXPECT_EQ(cell_of(document, "yield").at("verdict"), "unchanged");
  EXPECT_NEAR(cell_of(document, "spawn").at("ratio").at("median").get<double>(), 1.2, 0.03);
  EXPECT_LT(cell_of(document, "spawn").at("p_value").get<double>(), 1e-6);
  EXPECT_TRUE(document.at("geometric_mean").is_null());
}

}  // namespace
}  // namespace regatta::comparison
