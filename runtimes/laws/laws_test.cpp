// Proves the negative: each law that is meant to catch a flaw fails on the runtime that has it, and
// passes on the one that has none.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

namespace regatta::laws {
namespace {

struct verdict {
  bool passed;
  std::string output;
};

// Runs the law named so in the program of broken runtimes, in a process of its own, with a small
// stack.
verdict judge(std::string const& law, int seconds) {
  std::string const command = "ulimit -s 1024; REGATTA_LAW_SECONDS=" + std::to_string(seconds) +
                              " " REGATTA_BROKEN_RUNTIMES " --gtest_filter='" + law + "' 2>&1";
  verdict answer{.passed = false, .output = {}};
  FILE* const program = ::popen(command.c_str(), "r");
  if (program == nullptr) return answer;
  std::array<char, 4096> part;
  while (auto const count = std::fread(part.data(), 1, part.size(), program)) {
    answer.output.append(part.data(), count);
  }
  answer.passed = ::pclose(program) == 0;
  return answer;
}

void expect_caught(std::string const& law) {
  auto const answer = judge(law, 3);
  EXPECT_NE(answer.output.find("[ RUN      ]"), std::string::npos) << "there is no law " << law;
  EXPECT_FALSE(answer.passed) << answer.output;
}

TEST(Laws, PassOnARuntimeWithoutAFlaw) {
  auto const answer = judge("none/*", 60);
  EXPECT_TRUE(answer.passed) << answer.output;
  EXPECT_NE(answer.output.find("[  PASSED  ]"), std::string::npos) << answer.output;
}

TEST(Laws, CatchALostWake) {
  expect_caught("loses_a_wake/*AWakeFromAForeignThreadReachesARuntimeOnItsWayToSleep");
}

TEST(Laws, CatchAForgottenTask) {
  expect_caught("forgets_a_task/*EachTaskRunsExactlyOnce");
  expect_caught("forgets_a_task/*TasksSpawnedByTasksRunExactlyOnce");
}

TEST(Laws, CatchATaskThatRunsTwice) { expect_caught("runs_twice/*ManyTasksThatYieldAllEnd"); }

TEST(Laws, CatchLeakedFrames) {
  expect_caught("leaks_frames/*ADestroyedRuntimeDestroysFramesThatWait");
  expect_caught("leaks_frames/*ADestroyedRuntimeDestroysFramesThatNeverBegan");
}

TEST(Laws, CatchASleepThatEndsEarly) { expect_caught("sleeps_early/*ASleepNeverEndsEarly"); }

TEST(Laws, CatchStarvation) {
  expect_caught("starves/*YieldLetsEveryReadyTaskRunWithinABound");
  expect_caught("starves/*NobodyWaitsForATurnWhileOthersHaveMany");
}

TEST(Laws, CatchAStackThatDeepens) {
  expect_caught("resumes_inline/*AMillionLinkedSpawnsDoNotDeepenTheStack");
}

}  // namespace
}  // namespace regatta::laws
