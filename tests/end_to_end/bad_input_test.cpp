// Bad input gets one sentence (what was wrong, what was expected) and an exit code of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tests/end_to_end/course.hpp"

namespace regatta::end_to_end {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct mistake {
  std::string name;
  std::vector<std::string> arguments;
  int code;
  std::string sentence;
};

void PrintTo(const mistake& m, std::ostream* out) { *out << m.name; }

class Mistake : public ::testing::TestWithParam<mistake> {};

TEST_P(Mistake, GetsOneSentenceAndItsExitCode) {
  course c;
  c.enter("honest");
  const told result = c.regatta(GetParam().arguments);
  EXPECT_EQ(result.code, GetParam().code);
  EXPECT_THAT(result.err, HasSubstr(GetParam().sentence));
  EXPECT_THAT(result.err, StartsWith("regatta: "));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_EQ(result.out, "");
}

INSTANTIATE_TEST_SUITE_P(
    EndToEnd, Mistake,
    ::testing::Values(
        mistake{"UnknownScenario", {"run", "--scenario", "skynt"}, 2, "did you mean skynet?"},
        mistake{"UnknownParameter", {"run", "--set", "leafs=8"}, 2, "did you mean leaves"},
        mistake{"BadParameter",
                {"run", "--scenario", "skynet", "--set", "leaves=many"},
                2,
                "leaves of skynet cannot be 'many'; expected a whole number"},
        mistake{"BadSetting", {"run", "--set", "leaves"}, 2, "expected key=value"},
        mistake{"BadThreads", {"run", "--set", "threads=0"}, 2, "threads cannot be '0'"},
        mistake{"UnknownContender", {"run", "--contender", "honst"}, 2, "did you mean honest?"},
        mistake{"UnknownProfile",
                {"choose", "--for", "wbe"},
                2,
                "there are: web, proxy, pipeline, cli, compute, embedded"},
        mistake{"NoProfile", {"choose"}, 2, "--for needs one of: web, proxy"},
        mistake{"NoWeights",
                {"choose", "--for", "web", "--weights", "nowhere.json"},
                2,
                "the weights nowhere.json cannot be read"},
        mistake{"UnknownClaim", {"claims", "--only", "2,99"}, 2, "there is no claim 99"},
        mistake{"NoNumberOfAClaim", {"claims", "--only", "two"}, 2, "'two' is no number"},
        mistake{
            "ClaimsBothWays", {"claims", "results/latest", "--measure"}, 2, "exclude each other"},
        mistake{"UnknownVariant",
                {"run", "--contender", "honest/slo"},
                2,
                "honest has no variant 'slo'; did you mean slow?"},
        mistake{"MissingProgram", {"run", "--contender", "./nobody"}, 2, "there is no program"},
        mistake{"NoProgram", {"run", "--contender", "/etc/passwd"}, 2, "is not executable"},
        mistake{"NoFolder", {"run", "--contenders", "nowhere"}, 2, "cannot read the folder"},
        mistake{"UnwritableFolder",
                {"run", "--out", "/proc/run"},
                3,
                "cannot make the folder /proc/run"},
        mistake{"QuickAndFull", {"run", "--quick", "--full"}, 2, "exclude each other"},
        mistake{"BadSystemCalls", {"run", "--system-calls", "some"}, 2, "some not in"},
        mistake{"DryResume", {"run", "--dry-run", "--resume"}, 2, "exclude each other"},
        mistake{"BadTime", {"run", "--time-limit", "soon"}, 2, "is no duration"},
        mistake{"BadMemory", {"run", "--memory-limit", "lots"}, 2, "is no amount of memory"},
        mistake{"UnknownTwin", {"run", "--twin", "tokio"}, 2, "there is no row 'tokio' to twin"},
        mistake{"UnknownOption", {"run", "--fast"}, 2, "--fast"},
        mistake{"NoCommand", {}, 2, "for help: regatta --help"},
        mistake{"NothingToResume", {"run", "--resume"}, 2, "there is no run under results/"},
        mistake{"NothingToReport", {"report", "nowhere"}, 2, "holds no run"},
        mistake{"VerifyNobody", {"verify", "tokio"}, 2, "there is no contender 'tokio'"}),
    [](const auto& one) { return one.param.name; });

TEST(BadInput, NobodyToMeasureIsNoUsageError) {
  course c;
  c.enter_skipped("tokio", "cargo was not found");
  const told result = c.measure({});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("there is nobody to measure: tokio: skipped: cargo was not"));
}

TEST(BadInput, ACorruptManifestIsNamed) {
  course c;
  std::ofstream(c.folder() / "contenders" / "broken.json") << "{";
  const told result = c.regatta({"list"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("broken.json"));
}

TEST(BadInput, AFolderThatHoldsARunIsNotOverwritten) {
  course c;
  c.enter("honest");
  ASSERT_EQ(c.measure({"--blocks", "1", "--no-twin"}).code, 0);
  const auto before = c.samples();
  const told again = c.measure({"--blocks", "1", "--no-twin"});
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("already holds a run"));
  EXPECT_EQ(c.samples(), before);
}

TEST(BadInput, ACorruptSamplesLineIsNumberedPassedOverAndFailsTheReport) {
  course c;
  c.enter("a");
  c.enter("b");
  ASSERT_EQ(c.measure({"--blocks", "6", "--no-twin"}).code, 0);
  const auto lines = c.samples();
  {
    std::ofstream out(c.run_folder() / "samples.jsonl");
    for (std::size_t i = 0; i < lines.size(); ++i) {
      out << (i == 2 ? "{\"block\":0,\"ro" : lines[i].dump()) << "\n";
    }
  }
  const told report = c.regatta({"report", c.run_folder().string(), "--no-charts"});
  EXPECT_EQ(report.code, 1);
  EXPECT_THAT(report.err, HasSubstr("samples.jsonl: line 3 is corrupt"));
  EXPECT_EQ(c.read_json("summary.json").at("cells").size(), 2u);
}

TEST(BadInput, WithoutSamplesTheTablesThatWereThereRemain) {
  course c;
  c.enter("a");
  ASSERT_EQ(c.measure({"--blocks", "1", "--no-twin"}).code, 0);
  const auto before = c.read_json("summary.json");
  std::filesystem::remove(c.run_folder() / "samples.jsonl");
  const told report = c.regatta({"report", c.run_folder().string(), "--no-charts"});
  EXPECT_EQ(report.code, 1);
  EXPECT_THAT(report.err, HasSubstr("samples.jsonl is missing"));
  EXPECT_EQ(c.read_json("summary.json"), before);
}

TEST(BadInput, WithoutPythonTheTablesRemain) {
  course c;
  c.enter("a");
  ASSERT_EQ(c.measure({"--blocks", "1", "--no-twin"}).code, 0);
  std::filesystem::remove(c.run_folder() / "summary.md");
  // Scripts that find no Python stand in for a machine that has none.
  std::filesystem::create_directory(c.folder() / "scripts");
  std::ofstream(c.folder() / "scripts" / "report.py") << "";
  std::ofstream(c.folder() / "scripts" / "find_python") << "#!/bin/sh\nexit 1\n";
  std::filesystem::permissions(c.folder() / "scripts" / "find_python",
                               std::filesystem::perms::owner_all);
  c.environment("REGATTA_SCRIPTS", (c.folder() / "scripts").string());
  const told report = c.regatta({"report", c.run_folder().string()});
  EXPECT_EQ(report.code, 1);
  EXPECT_THAT(report.err, HasSubstr("install with: apt-get install python3-matplotlib"));
  EXPECT_TRUE(std::filesystem::exists(c.run_folder() / "summary.md"));
}

}  // namespace
}  // namespace regatta::end_to_end
