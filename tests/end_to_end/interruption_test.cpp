// Whatever stops a run, its samples stay, and --resume takes exactly what is missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "tests/end_to_end/course.hpp"

namespace regatta::end_to_end {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t whole_run = 6 * 2 * 3;  // blocks, cells, rows

/// A run of about a second, long enough to stop it in the middle.
std::vector<std::string> slow_run(const course& c) {
  std::vector<std::string> arguments = {
      "run",    "--out", c.run_folder().string(), "--target-time", "20", "--blocks", "6",
      "--seed", "3"};
  arguments.insert(arguments.end(), two_cells.begin(), two_cells.end());
  return arguments;
}

void enter_two(course& c) {
  c.enter("a");
  c.enter("b", {"--slow-percent", "30"});
}

void expect_whole_run(const course& c) {
  std::set<std::string> seen;
  const auto lines = c.samples();
  for (const json& line : lines) {
    EXPECT_EQ(line.at("outcome"), "ok") << line;
    const json place = {line.at("block"), line.at("row"), line.at("cell")};
    EXPECT_TRUE(seen.insert(place.dump()).second) << "taken twice: " << place;
  }
  EXPECT_EQ(lines.size(), whole_run);
}

std::vector<json> order_of_an_uninterrupted_run() {
  course c;
  enter_two(c);
  EXPECT_EQ(c.regatta(slow_run(c)).code, 0);
  std::vector<json> order;
  for (const json& line : c.samples()) {
    order.push_back({line.at("block"), line.at("round"), line.at("turn"), line.at("row")});
  }
  return order;
}

TEST(Interruption, CtrlCKeepsWhatIsDoneAndResumeTakesTheRest) {
  for (const int signal : {SIGINT, SIGTERM}) {
    course c;
    enter_two(c);
    const pid_t run = c.start(slow_run(c));
    c.wait_for_samples(7);
    ::kill(run, signal);
    const told stopped = c.collect(run);
    EXPECT_EQ(stopped.code, 130);
    EXPECT_THAT(stopped.err, HasSubstr("--resume " + c.run_folder().string()));
    const auto kept = c.samples();
    EXPECT_GE(kept.size(), 7u);
    EXPECT_LT(kept.size(), whole_run);

    const told resumed = c.regatta({"run", "--resume", c.run_folder().string()});
    EXPECT_EQ(resumed.code, 0) << resumed.err;
    expect_whole_run(c);
    const auto all = c.samples();
    EXPECT_TRUE(std::equal(kept.begin(), kept.end(), all.begin())) << "a kept sample changed";
    std::vector<json> order;
    for (const json& line : all) {
      order.push_back({line.at("block"), line.at("round"), line.at("turn"), line.at("row")});
    }
    EXPECT_EQ(order, order_of_an_uninterrupted_run());
  }
}

TEST(Interruption, EvenAKilledDriverLeavesNoContenderAndCanBeResumed) {
  course c;
  const std::string name = "orphan-of-" + std::to_string(::getpid());
  c.enter(name, {"--misbehave", "ignores_quit"});
  c.enter("b");
  const pid_t run = c.start(slow_run(c));
  c.wait_for_samples(5);
  EXPECT_FALSE(processes_with(name).empty());
  ::kill(run, SIGKILL);
  EXPECT_EQ(c.collect(run).code, 128 + SIGKILL);
  for (int i = 0; i < 5000 && !processes_with(name).empty(); ++i) ::usleep(1000);
  EXPECT_TRUE(processes_with(name).empty());
}

TEST(Interruption, ATornLastLineIsCutAndTakenAgain) {
  course c;
  enter_two(c);
  const pid_t run = c.start(slow_run(c));
  c.wait_for_samples(5);
  ::kill(run, SIGINT);
  c.collect(run);
  std::ofstream(c.run_folder() / "samples.jsonl", std::ios::app) << R"({"block":0,"round":1,"tu)";
  const told resumed = c.regatta({"run", "--resume", c.run_folder().string()});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("was cut off in the middle"));
  expect_whole_run(c);
}

TEST(Interruption, AChangedProgramCannotBeResumed) {
  course c;
  std::filesystem::copy_file(FAKE_CONTENDER, c.folder() / "fake");
  auto arguments = slow_run(c);
  arguments.insert(arguments.end(), {"--contender", (c.folder() / "fake").string()});
  const pid_t run = c.start(arguments);
  c.wait_for_samples(3);
  ::kill(run, SIGINT);
  c.collect(run);
  std::ofstream(c.folder() / "fake", std::ios::app) << "another build";
  const told resumed = c.regatta({"run", "--resume", c.run_folder().string()});
  EXPECT_EQ(resumed.code, 2);
  EXPECT_THAT(resumed.err, HasSubstr("has changed since this run began"));
}

TEST(Interruption, AFullDiskIsSaidOnceAndLosesNothing) {
  course c;
  enter_two(c);
  // A limit on the size of files stands in for the end of the disk.
  c.before_exec([] {
    const rlimit small = {12 * 1024, 12 * 1024};
    ::setrlimit(RLIMIT_FSIZE, &small);
  });
  const told full = c.regatta(slow_run(c));
  EXPECT_EQ(full.code, 3);
  EXPECT_THAT(full.err,
              HasSubstr("samples.jsonl: File too large; every sample taken before is kept"));
  const auto kept = c.samples();
  EXPECT_GT(kept.size(), 3u);
  c.before_exec({});
  const told resumed = c.regatta({"run", "--resume", c.run_folder().string()});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  expect_whole_run(c);
}

TEST(Interruption, ADeviceWithoutRoomIsSaidInOneSentence) {
  course c;
  enter_two(c);
  std::filesystem::create_directory(c.run_folder());
  std::filesystem::create_symlink("/dev/full", c.run_folder() / "samples.jsonl");
  const told full = c.regatta(slow_run(c));
  EXPECT_EQ(full.code, 3);
  EXPECT_THAT(full.err, HasSubstr("No space left on device"));
}

}  // namespace
}  // namespace regatta::end_to_end
