// Two builds against each other: regatta ab, gate and compare. The builds are folders of fakes,
// whose times are invented, or commits of a toy that is built like Regatta.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/end_to_end/course.hpp"

namespace regatta::end_to_end {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ab_course : public course {
 public:
  /// Enters the fake `it` in the build `side`.
  void enter_at(const std::string& side, const std::vector<std::string>& flags = {},
                const std::string& name = "it") {
    std::vector<std::string> command = {FAKE_CONTENDER, "--name", name};
    command.insert(command.end(), flags.begin(), flags.end());
    fs::create_directories(folder() / side / "contenders");
    const json manifest = {{"name", name}, {"command", command}, {"kind", "fake"}};
    std::ofstream(folder() / side / "contenders" / (name + ".json")) << manifest.dump();
  }

  told ab(const std::vector<std::string>& more = {}, const std::string& base = "base",
          const std::string& head = "head", const std::string& command = "ab") const {
    std::vector<std::string> arguments = {
        command,         base, head,     "--out", run_folder().string(), "--blocks", "7",
        "--target-time", "1",  "--seed", "3"};
    arguments.insert(arguments.end(), two_cells.begin(), two_cells.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    return regatta(arguments);
  }

  std::string text_of(const fs::path& file) const {
    std::ifstream in(folder() / file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

std::vector<std::string> verdicts_of(const json& document) {
  std::vector<std::string> verdicts;
  for (const json& cell : document.at("cells")) verdicts.push_back(cell.at("verdict"));
  return verdicts;
}

TEST(Ab, AHeadThatIsSlowerIsWorseConfirmedAndNamed) {
  ab_course c;
  c.enter_at("base");
  c.enter_at("head", {"--slow-percent", "30"});
  const told result = c.ab({"--markdown", "summary.md", "--junit", "junit.xml"});
  EXPECT_EQ(result.code, 1) << result.err;
  EXPECT_THAT(result.out, HasSubstr("worse: 2 of 2 cells are worse: it in skynet"));
  const json document = c.read_json("comparison.json");
  EXPECT_THAT(verdicts_of(document), ElementsAre("worse", "worse"));
  EXPECT_EQ(document.at("cells").at(0).at("confirmed"), true);
  EXPECT_NEAR(document.at("geometric_mean").at("median").get<double>(), 1.3, 0.05);
  EXPECT_NE(document.at("confirmation").at("seed"), document.at("seed"));
  EXPECT_THAT(c.text_of("summary.md"), HasSubstr("❌ worse"));
  EXPECT_EQ(c.text_of("summary.md"), c.text_of("run/comparison.md"));
  EXPECT_EQ(c.text_of("junit.xml"), c.text_of("run/junit.xml"));
  // The run is one like any other.
  std::vector<std::string> rows;
  const json plan = c.read_json("plan.json");
  for (const json& row : plan.at("rows")) rows.push_back(row.at("row"));
  EXPECT_THAT(rows, ElementsAre("it@base", "it@base#twin", "it@head"));
  EXPECT_EQ(c.samples().size(), 3u * 2u * 7u);
  EXPECT_EQ(c.regatta({"report", "run", "--no-charts"}).code, 0);
  // And the verdict can be had again from what lies there.
  const told again = c.regatta({"compare", "run", "--json"});
  EXPECT_EQ(again.code, 1);
  EXPECT_EQ(json::parse(again.out), document);
}

TEST(Ab, WithoutAConfirmationNothingIsCalledWorse) {
  ab_course c;
  c.enter_at("base");
  c.enter_at("head", {"--slow-percent", "30"});
  const told result = c.ab({"--no-confirm"});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.out, HasSubstr("not confirmed"));
  EXPECT_FALSE(fs::exists(c.run_folder() / "confirmation"));
}

TEST(Ab, TheSameProgramIsUnchangedWithoutAMeasurement) {
  ab_course c;
  c.enter_at("base");
  c.enter_at("head");
  const told result = c.ab({"--all-cells"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("byte for byte"));
  EXPECT_FALSE(fs::exists(c.run_folder() / "samples.jsonl"));
  EXPECT_THAT(verdicts_of(c.read_json("comparison.json")), ElementsAre("unchanged", "unchanged"));
}

TEST(Ab, MeasuredAllTheSameItIsUnchanged) {
  ab_course c;
  c.enter_at("base");
  c.enter_at("head");
  const told result = c.ab({"--measure-identical"});
  EXPECT_EQ(result.code, 0) << result.out;
  EXPECT_THAT(verdicts_of(c.read_json("comparison.json")), ElementsAre("unchanged", "unchanged"));
  EXPECT_FALSE(fs::exists(c.run_folder() / "confirmation"));
}

TEST(Ab, ASlowdownIsPlantedInHeadAlone) {
  ab_course c;
  c.enter_at("base");
  c.enter_at("head");
  EXPECT_EQ(c.ab({"--plant-slowdown", "50"}).code, 1);
  for (const json& cell : c.read_json("comparison.json").at("cells")) {
    EXPECT_NEAR(cell.at("base_cost").get<double>() * 1.5, cell.at("head_cost").get<double>(),
                cell.at("head_cost").get<double>() / 20);
  }
}

TEST(Ab, ACellThatCrashesAtHeadIsWorseAndTheOthersAreJudged) {
  ab_course c;
  c.enter_at("base");
  c.enter_at("head", {"--misbehave", "segfault_in_run", "--only", "yield"});
  const told result = c.ab();
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("it in yield (ok → crashed)"));
  EXPECT_THAT(verdicts_of(c.read_json("comparison.json")), ElementsAre("unchanged", "worse"));
}

TEST(Ab, AContenderOfOneSideIsNamedAndLeftOut) {
  ab_course c;
  c.enter_at("base");
  c.enter_at("base", {}, "dropped");
  c.enter_at("head");
  c.enter_at("head", {}, "newcomer");
  const auto told_by = [&](const std::vector<std::string>& more, const std::string& command) {
    fs::remove_all(c.run_folder());
    const told result = c.ab(more, "base", "head", command);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out;
  };
  for (const std::string command : {"ab", "gate"}) {
    EXPECT_THAT(told_by({}, command), HasSubstr("newcomer is in head only"));
    EXPECT_THAT(c.text_of("run/comparison.md"), HasSubstr("dropped is in base only"));
    EXPECT_THAT(c.text_of("run/junit.xml"), HasSubstr("dropped is in base only"));
  }
  EXPECT_THAT(told_by({"--contender", "*"}, "ab"), HasSubstr("dropped is in base only"));
  EXPECT_THAT(told_by({"--contender", "it"}, "ab"), Not(HasSubstr("only")));
}

TEST(Ab, AHeadThatDoesNotSayHelloIsAskedAgainBeforeItIsCalledWorse) {
  ab_course c;
  c.enter_at("base");
  c.enter_at("head");
  // The first start sleeps.
  const fs::path script = c.folder() / "sleepy";
  std::ofstream(script) << "[ -e slept ] || { touch slept; exec sleep 60; }\nexec "
                        << FAKE_CONTENDER << " --name it\n";
  std::ofstream(c.folder() / "head" / "contenders" / "it.json")
      << json{{"name", "it"}, {"command", {"sh", script.string()}}, {"kind", "fake"}}.dump();
  const told result = c.ab({"--time-limit", "1"});
  EXPECT_EQ(result.code, 3) << result.out << result.err;
  const json document = c.read_json("comparison.json");
  EXPECT_EQ(document.at("cells").at(0).at("head_outcome"), "timeout");
  EXPECT_EQ(document.at("cells").at(0).at("confirmed"), false);
}

TEST(Ab, TheCommandThatDoesTheSameAgainIsWhole) {
  ab_course c;
  c.enter_at("it's base");
  c.enter_at("head");
  const told result =
      c.ab({"--time-limit", "20", "--memory-limit", "1G", "--measure-identical", "--no-confirm"},
           "it's base");
  EXPECT_THAT(c.read_json("comparison.json").at("reproduce").get<std::string>(),
              ::testing::AllOf(HasSubstr(R"(regatta ab 'it'\''s base' head )"),
                               HasSubstr("--time-limit 20"), HasSubstr("--memory-limit 1G"),
                               HasSubstr("--measure-identical"), HasSubstr("--no-confirm")))
      << result.err;
}

TEST(Ab, WhatCannotBeComparedIsSaidInASentence) {
  ab_course c;
  c.enter_at("base");
  c.enter_at("other", {}, "else");
  fs::create_directory(c.folder() / "empty");
  c.environment("GIT_CEILING_DIRECTORIES", c.folder().parent_path().string());
  const auto complaint = [&](const std::string& base, const std::string& head) {
    const told result = c.ab({}, base, head);
    EXPECT_EQ(result.code, 2) << result.err;
    return result.err;
  };
  EXPECT_THAT(complaint("base", "nowhere"), HasSubstr("nowhere is no folder"));
  EXPECT_THAT(complaint("base", "empty"), HasSubstr("empty holds no contenders"));
  EXPECT_THAT(complaint("base", "other"),
              HasSubstr("no contender in common: base has it, head has else"));
  EXPECT_THAT(c.ab({"--contender", "ti"}, "base", "base").err, HasSubstr("did you mean it?"));
  EXPECT_THAT(c.regatta({"ab", "base"}).err, HasSubstr("HEAD is required"));
}

TEST(Gate, SaysLittleAndAppendsToTheSummaryOfTheStep) {
  ab_course c;
  c.enter_at("base");
  c.enter_at("head", {"--slow-percent", "30"});
  std::ofstream(c.folder() / "step.md") << "before\n";
  c.environment("GITHUB_STEP_SUMMARY", (c.folder() / "step.md").string());
  const told result = c.ab({}, "base", "head", "gate");
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, Not(HasSubstr("The run lies in")));
  EXPECT_THAT(c.text_of("step.md"), ::testing::StartsWith("before\n### Regatta: ❌ worse"));
}

TEST(Compare, TwoRowsOfOneRun) {
  course c;
  c.enter("fast");
  c.enter("slow", {"--slow-percent", "30"});
  ASSERT_EQ(c.measure({"--blocks", "8", "--seed", "1"}).code, 0);
  const told result = c.regatta({"compare", "run", "--rows", "fast", "slow"});
  EXPECT_EQ(result.code, 1) << result.out << result.err;
  EXPECT_EQ(c.regatta({"compare", "run", "--rows", "slow", "fast"}).code, 0);
  const told unknown = c.regatta({"compare", "run", "--rows", "fast", "slwo"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean slow?"));
  const told alone = c.regatta({"compare", "run"});
  EXPECT_EQ(alone.code, 2);
  EXPECT_THAT(alone.err, HasSubstr("is an ordinary run"));

  // The same run twice does not differ from itself, and it is said that two runs prove little.
  const told twice = c.regatta({"compare", "run", "run"});
  EXPECT_EQ(twice.code, 0) << twice.out;
  EXPECT_THAT(twice.out, HasSubstr("were not interleaved"));
  fs::copy(c.run_folder(), c.folder() / "elsewhere");
  json machine = c.read_json("machine.json");
  machine["cpu"]["model"] = "another";
  std::ofstream(c.folder() / "elsewhere" / "machine.json") << machine.dump();
  const told apart = c.regatta({"compare", "run", "elsewhere"});
  EXPECT_EQ(apart.code, 2);
  EXPECT_THAT(apart.err, HasSubstr("cpu/model"));
  // What only one of them has is counted.
  json plan = c.read_json("plan.json");
  plan["rows"].erase(0);
  plan["cells"].erase(1);
  std::ofstream(c.folder() / "elsewhere" / "plan.json") << plan.dump();
  const told forced = c.regatta({"compare", "run", "elsewhere", "--force"});
  EXPECT_EQ(forced.code, 0);
  EXPECT_THAT(forced.out, HasSubstr("1 row is in base only and was not compared: fast"));
  EXPECT_THAT(forced.out, HasSubstr("1 cell is in base only and was not compared: "));
}

/// A repository whose commits build a fake instead of Regatta.
class toy_repository : public ab_course {
 public:
  toy_repository() {
    environment("GIT_CONFIG_GLOBAL", "/dev/null");
    do_it("git init -q .");
    std::ofstream(folder() / ".gitignore") << "build/\nrun*/\nout\nerr\ncontenders/\n";
  }

  void commit(const std::string& message, const std::string& flags) {
    std::ofstream(folder() / "CMakeLists.txt")
        << "cmake_minimum_required(VERSION 3.22)\nproject(toy NONE)\n"
        << "file(WRITE ${CMAKE_BINARY_DIR}/contenders/work_stealing.json [==[{\"name\": "
           "\"work_stealing\", \"command\": [\""
        << FAKE_CONTENDER << "\"" << flags
        << "]}]==])\n"
        // A script needs no building, so that it is there whatever was asked for.
        << "file(WRITE ${CMAKE_BINARY_DIR}/contenders/script.json [==[{\"name\": \"script\", "
           "\"command\": [\""
        << FAKE_CONTENDER << "\"" << flags << "]}]==])\n"
        << "add_custom_target(contender_work_stealing)\n";
    do_it("git add -A && git -c user.name=me -c user.email=me@here commit -q -m '" + message + "'");
  }

  void branch(const std::string& name) { do_it("git branch " + name); }

 private:
  void do_it(const std::string& command) const {
    const std::string line =
        "cd '" + folder().string() + "' && GIT_CONFIG_GLOBAL=/dev/null " + command;
    ASSERT_EQ(std::system(line.c_str()), 0) << line;
  }
};

TEST(Ab, BuildsRefsOnceAndNamesWhatLiesBetween) {
  toy_repository c;
  c.commit("Be quick", "");
  c.commit("Slow the queue \xff", R"(, "--slow-percent", "30")");
  const told result = c.ab({"--no-confirm"}, "HEAD~1", "HEAD");
  EXPECT_EQ(result.code, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("1 commits and 1 files between HEAD~1 and HEAD"));
  EXPECT_THAT(result.out, HasSubstr("Slow the queue"));
  const json changes = c.read_json("comparison.json").at("changes");
  EXPECT_THAT(changes.at("commits").at(0).get<std::string>(), HasSubstr("Slow the queue"));
  EXPECT_EQ(changes.at("files").at(0), "CMakeLists.txt");
  EXPECT_THAT(result.err, HasSubstr("taking the sources of"));
  EXPECT_THAT(result.out, Not(HasSubstr("script"))) << "only what was built is compared";
  for (const json& row : c.read_json("plan.json").at("rows")) {
    EXPECT_EQ(row.at("contender"), "work_stealing");
  }
  fs::remove_all(c.run_folder());
  EXPECT_THAT(c.ab({}, "HEAD", "HEAD").err, Not(HasSubstr("taking the sources of")));
  // What other flags made is another build.
  fs::remove_all(c.run_folder());
  c.environment("CXXFLAGS", "-O1");
  EXPECT_THAT(c.ab({}, "HEAD", "HEAD").err, HasSubstr("taking the sources of"));

  // A branch that is called like a folder without contenders.
  fs::remove_all(c.run_folder());
  fs::create_directory(c.folder() / "docs");
  EXPECT_THAT(c.ab({}, "docs", "HEAD").err, HasSubstr("docs holds no contenders"));
  c.branch("docs");
  const told branch = c.ab({}, "docs", "HEAD");
  EXPECT_EQ(branch.code, 0) << branch.err;

  fs::remove_all(c.run_folder());
  const told unknown = c.ab({}, "HEAD~1", "no_such_branch");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("no_such_branch is neither a folder nor a git ref"));
}

}  // namespace
}  // namespace regatta::end_to_end
