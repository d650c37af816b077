// What is measured otherwise than by the time of a whole run: in fresh processes, by bytes, from
// outside, of the machine, and in a traced pass.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "tests/end_to_end/course.hpp"

namespace regatta::end_to_end {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string> once = {"run", "--blocks",      "1", "--no-twin",      "--out",
                                       "run", "--target-time", "1", "--system-calls", "none"};

told run(const course& c, std::vector<std::string> more, std::vector<std::string> all = once) {
  all.insert(all.end(), more.begin(), more.end());
  return c.regatta(all);
}

/// A contender whose small program "task" is this shell script, and "echo" as well.
json with_small_programs(const std::string& name, const std::string& script) {
  const json command = {"/bin/sh", "-c", script};
  return {{"name", name},
          {"command", {FAKE_CONTENDER, "--name", name}},
          {"small_programs", {{"task", command}, {"echo", command}}}};
}

TEST(Measuring, EachSampleOfMemoryHasAProcessOfItsOwn) {
  course c;
  c.enter("honest");
  const told result = run(c, {"--scenario", "memory", "--set", "tasks=0,10,20"});
  EXPECT_EQ(result.code, 0) << result.err;
  std::set<std::uint64_t> processes;
  std::size_t lines = 0;
  for (const json& line : c.samples()) {
    ++lines;
    processes.insert(line.at("bytes").get<std::uint64_t>());
    EXPECT_EQ(line.at("iterations"), 1);
    EXPECT_EQ(line.at("warmup"), 0);
  }
  EXPECT_GE(lines, 6u);
  EXPECT_EQ(processes.size(), lines);
  EXPECT_THAT(result.out, ContainsRegex("tasks=0 +[0-9.]+ (B|KiB|MiB) "))
      << "as bytes, not as a time";
}

TEST(Measuring, WhoTellsNoBytesHasFailed) {
  course c;
  c.enter("bad", {"--misbehave", "tells_no_bytes"});
  const told result = run(c, {"--scenario", "memory", "--set", "tasks=0", "--set", "kind=sleep"});
  EXPECT_EQ(result.code, 1);
  const json line = c.line_of("bad", "memory");
  EXPECT_EQ(line.at("outcome"), "failed");
  EXPECT_THAT(line.at("reason").get<std::string>(), HasSubstr("does not tell the bytes"));
}

TEST(Measuring, SmallProgramsAreRunAndWeighedFromOutside) {
  course c;
  c.enter_manifest("small", with_small_programs("small", "echo 42"));
  c.enter("none");
  c.enter_manifest("wrong", with_small_programs("wrong", "echo 41"));
  const told result = run(c, {"--scenario", "startup", "--set", "of=process", "--scenario",
                              "binary_size", "--set", "program=task"});
  EXPECT_EQ(result.code, 1) << result.err;
  EXPECT_EQ(c.line_of("small", "startup").at("outcome"), "ok");
  EXPECT_GT(c.line_of("small", "startup").at("ns"), 0);
  const json weighed = c.line_of("small", "binary_size");
  EXPECT_EQ(weighed.at("outcome"), "ok");
  EXPECT_GE(weighed.at("bytes"), std::filesystem::file_size("/bin/sh"));
  for (const char* scenario : {"startup", "binary_size"}) {
    EXPECT_EQ(c.line_of("none", scenario).at("outcome"), "unsupported");
    EXPECT_EQ(c.line_of("wrong", scenario).at("outcome"), "wrong_answer");
  }
}

TEST(Measuring, VerifyProvesSmallPrograms) {
  course c;
  c.enter_manifest("small", with_small_programs("small", "echo 42"));
  const told result = c.regatta({"verify", "--scenario", "yield", "--no-laws"});
  EXPECT_EQ(result.code, 1);
  // A shell that says 42 is no echo server.
  EXPECT_THAT(result.out, HasSubstr("small small programs"));
  EXPECT_THAT(result.out, HasSubstr("echo: failed: cannot connect to port 42"));
}

TEST(Measuring, TheMachineIsAskedForTheFloorAndRuntimesForTheRest) {
  course c;
  c.enter("honest");
  c.enter_manifest(
      "iron",
      {{"name", "iron"}, {"subject", "machine"}, {"command", {FAKE_CONTENDER, "--name", "iron"}}});
  const told result = run(c, {"--scenario", "floor", "--set", "what=system_call", "--set",
                              "operations=20", "--scenario", "yield", "--set", "tasks=2"});
  EXPECT_EQ(result.code, 0) << result.err;
  for (const json& line : c.samples()) {
    EXPECT_EQ(line.at("row") == "iron", line.at("scenario") == "floor") << line;
  }
  EXPECT_EQ(c.line_of("iron", "floor").at("outcome"), "ok");
  EXPECT_EQ(c.line_of("honest", "yield").at("outcome"), "ok");
}

TEST(Measuring, PathsRunTheScenariosOfPathsAndHaveATwinOfTheirOwn) {
  course c;
  c.enter("honest");
  c.enter_manifest(
      "way",
      {{"name", "way"}, {"subject", "path"}, {"command", {FAKE_CONTENDER, "--name", "way"}}});
  const told result = c.regatta({"run", "--blocks", "1", "--out", "run", "--target-time", "1",
                                 "--system-calls", "none", "--scenario", "path_bulk", "--set",
                                 "mebibytes=1", "--scenario", "yield", "--set", "tasks=2"});
  EXPECT_EQ(result.code, 0) << result.err;
  std::set<std::string> rows;
  for (const json& line : c.samples()) {
    const std::string row = line.at("row");
    rows.insert(row);
    EXPECT_EQ(row.starts_with("way"), line.at("scenario") == "path_bulk") << line;
  }
  EXPECT_EQ(rows, (std::set<std::string>{"honest", "honest#twin", "way", "way#twin", "way/slow"}))
      << "ways are compared with each other, and so all of them take part";
}

TEST(Measuring, WhomNoCellAsksTakesNoPartUnlessItIsNamed) {
  course c;
  c.enter("honest");
  c.enter_manifest(
      "way",
      {{"name", "way"}, {"subject", "path"}, {"command", {FAKE_CONTENDER, "--name", "way"}}});
  const told result = run(c, {"--scenario", "yield", "--set", "tasks=2"});
  EXPECT_EQ(result.code, 0) << result.err;
  const json planned = c.read_json("plan.json");
  ASSERT_EQ(planned.at("rows").size(), 1u);
  EXPECT_EQ(planned.at("rows")[0].at("row"), "honest");
}

TEST(Measuring, ADryRunSaysWhatAndHowLongAndLeavesNothing) {
  course c;
  c.enter("honest");
  const told result = run(c, {"--full", "--scenario", "yield", "--dry-run"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("yield tasks="));
  EXPECT_THAT(result.err, HasSubstr("this may take"));
  EXPECT_FALSE(std::filesystem::exists(c.run_folder()));
}

TEST(Measuring, SaysBeforehandHowLongItWillTake) {
  course c;
  c.enter("honest");
  const told result = run(c, {"--scenario", "yield", "--set", "tasks=2"});
  EXPECT_THAT(result.err, HasSubstr("this may take"));
  EXPECT_THAT(result.err, HasSubstr("will take about"));
}

TEST(Measuring, SystemCallsAreCountedAfterTheLastBlockOrItIsSaidWhyNot) {
  course c;
  c.enter("honest");
  c.environment("PATH", "/nowhere");
  auto counting = once;
  counting.back() = "everywhere";
  const told result = run(c, {"--scenario", "yield", "--set", "tasks=2"}, counting);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("system calls were not counted"));
}

TEST(Measuring, SystemCallsStandInLinesOfTheirOwnAndInTheTable) {
  course c;
  c.enter("honest");
  auto counting = once;
  counting.back() = "everywhere";
  const told result = run(c, {"--scenario", "yield", "--set", "tasks=2"}, counting);
  if (result.err.find("system calls were not counted") != std::string::npos) {
    GTEST_SKIP() << result.err;
  }
  EXPECT_EQ(result.code, 0) << result.err;
  std::vector<json> traced;
  for (const json& line : c.samples()) {
    if (line.value("phase", "") == "system_calls") traced.push_back(line);
  }
  ASSERT_EQ(traced.size(), 1u);
  EXPECT_EQ(traced.front().at("outcome"), "ok") << traced.front();
  EXPECT_EQ(traced.front().at("operations"), 2'000 * traced.front().at("iterations").get<int>());
  // What a fake calls does not grow with its work, and so is the cost of taking a sample.
  EXPECT_TRUE(traced.front().at("system_calls").empty()) << traced.front();
  EXPECT_FALSE(traced.front().contains("ns"));
  EXPECT_THAT(result.out, HasSubstr("system calls"));
}

}  // namespace
}  // namespace regatta::end_to_end
