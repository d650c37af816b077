// list and verify, and the help of every command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/course.hpp"

namespace regatta::end_to_end {
namespace {

using ::testing::HasSubstr;

TEST(Commands, HelpTeachesWithExamplesAndExitCodes) {
  course c;
  for (const char* command : {"list", "doctor", "verify", "run", "report", "choose", "claims"}) {
    const told help = c.regatta({command, "--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out, HasSubstr("Examples:")) << command;
    EXPECT_THAT(help.out, HasSubstr("Exit codes:")) << command;
  }
}

TEST(Commands, DoctorSaysWhatItSawWhatThatSpoilsAndWhichLabelARunWouldHave) {
  course c;
  // Whether this machine and build are fit is another matter: 0 or 1.
  const told answer = c.regatta({"doctor", "--json"});
  EXPECT_LE(answer.code, 1);
  const json seen = json::parse(answer.out);
  EXPECT_THAT(seen.at("label").get<std::string>(), ::testing::AnyOf("quiet", "noisy", "shared"));
  EXPECT_EQ(seen.at("label") == "quiet", seen.at("reasons").empty());
  bool any_bad = false;
  for (const json& check : seen.at("checks")) {
    any_bad = any_bad || check.at("verdict") == "bad";
    EXPECT_FALSE(check.at("why").get<std::string>().empty()) << check.at("name");
  }
  EXPECT_EQ(answer.code == 1, any_bad);
  EXPECT_THAT(c.regatta({"doctor"}).out, HasSubstr("A run that began now would be labelled"));
}

TEST(Commands, ListShowsContendersVariantsScenariosAndWhySomebodyIsMissing) {
  course c;
  c.enter("honest");
  c.enter_skipped("tokio", "cargo was not found");
  const told text = c.regatta({"list"});
  EXPECT_EQ(text.code, 0);
  EXPECT_THAT(text.out, HasSubstr("honest/slow"));
  EXPECT_THAT(text.out, HasSubstr("skipped: cargo was not found"));
  EXPECT_THAT(text.out, HasSubstr("skynet"));
  const json list = json::parse(c.regatta({"list", "--json"}).out);
  EXPECT_EQ(list.at("contenders").at(0).at("hello").at("runtime"), "honest");
  EXPECT_EQ(list.at("contenders").at(2).at("outcome"), "skipped");
  EXPECT_FALSE(list.at("scenarios").empty());
}

TEST(Commands, VerifyPassesAnHonestContenderInEveryVariant) {
  course c;
  c.enter("honest");
  const told result = c.regatta({"verify"});
  EXPECT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("honest/slow"));
  EXPECT_THAT(result.out, HasSubstr("All is well."));
}

TEST(Commands, VerifySaysMessageByMessageWhatWasWrongInEachVariant) {
  course c;
  c.enter("bad", {"--misbehave", "wrong_answer", "--only", "yield"});
  const told result = c.regatta({"verify", "bad"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("WRONG        yield"));
  EXPECT_THAT(result.out, HasSubstr("the oracle says"));
  EXPECT_THAT(result.out, HasSubstr(R"(→ {"run":{"iterations":1}})"));
  EXPECT_THAT(result.out, HasSubstr(R"(← {"sample":{)"));
  EXPECT_THAT(result.out, HasSubstr("2 checks went wrong."));
}

class VerifyRefuses : public ::testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(VerifyRefuses, AMisbehavingContender) {
  const auto& [kind, said] = GetParam();
  course c;
  c.enter("bad", {"--misbehave", kind});
  const told result = c.regatta(
      {"verify", "bad", "--scenario", "yield", "--time-limit", "1", "--memory-limit", "200M"});
  EXPECT_EQ(result.code, 1) << result.out;
  EXPECT_THAT(result.out, HasSubstr(said));
}

INSTANTIATE_TEST_SUITE_P(EndToEnd, VerifyRefuses,
                         ::testing::Values(std::pair{"hang_in_run", "no answer to run"},
                                           std::pair{"segfault_in_run", "SIGSEGV"},
                                           std::pair{"noise", "debug: about to take a sample"},
                                           std::pair{"lies_about_time", "the whole exchange took"},
                                           std::pair{"eats_memory", "the limit is 200 MiB"},
                                           std::pair{"ignores_quit",
                                                     "ignored quit for 2 s and was killed"},
                                           std::pair{"wrong_protocol", "speaks protocol 2"}),
                         [](const auto& one) { return one.param.first; });

TEST(Commands, VerifyRunsTheLawsThatAManifestNames) {
  for (const bool obeyed : {true, false}) {
    course c;
    c.enter_with_laws("lawful",
                      {"/bin/sh", "-c", obeyed ? "exit 0" : "echo law 7 is broken; exit 1"});
    const told result = c.regatta({"verify", "--scenario", "yield"});
    EXPECT_EQ(result.code, obeyed ? 0 : 1) << result.out;
    EXPECT_THAT(result.out, HasSubstr(obeyed ? "ok           laws" : "law 7 is broken"));
  }
}

TEST(Commands, VerifySaysWhichLawsHaveNotBeenBuilt) {
  course c;
  c.enter_with_laws("unbuilt", {"/no/such/laws"});
  const told result = c.regatta({"verify", "--scenario", "yield"});
  EXPECT_EQ(result.code, 0) << result.out;
  EXPECT_THAT(result.out, HasSubstr("skipped      laws: they have not been built"));
}

}  // namespace
}  // namespace regatta::end_to_end
