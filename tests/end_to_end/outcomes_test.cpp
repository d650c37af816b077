// Each way to misbehave has its outcome and a reason that says what happened, and costs the cell in
// which it happens: neither the contender's other cell nor another contender.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/course.hpp"

namespace regatta::end_to_end {
namespace {

using ::testing::HasSubstr;

struct misbehaviour {
  std::string kind;
  std::string outcome;
  std::string reason;
};

void PrintTo(const misbehaviour& m, std::ostream* out) { *out << m.kind; }

class Misbehaviour : public ::testing::TestWithParam<misbehaviour> {};

const std::vector<std::string> one_block = {"--blocks", "1", "--no-twin", "--memory-limit", "200M"};

/// Only who hangs is to meet the limit: a busy machine makes others slow as well.
std::string time_limit_for(const misbehaviour& bad) {
  return bad.outcome == "timeout" ? "2" : "20";
}

TEST_P(Misbehaviour, HasItsOutcomeAndCostsOnlyItsCell) {
  const misbehaviour& bad = GetParam();
  course c;
  c.enter("honest");
  c.enter("bad", {"--misbehave", bad.kind, "--only", "yield"});
  const told result = c.measure(one_block, time_limit_for(bad));
  EXPECT_EQ(result.code, bad.outcome == "unsupported" ? 0 : 1) << result.err;

  const json line = c.line_of("bad", "yield");
  ASSERT_FALSE(line.is_null()) << result.err;
  EXPECT_EQ(line.at("outcome"), bad.outcome) << line;
  EXPECT_THAT(line.at("reason").get<std::string>(), HasSubstr(bad.reason));
  EXPECT_FALSE(line.contains("ns")) << "a cell that is not ok has no time: " << line;

  for (const auto& [row, scenario] :
       {std::pair{"bad", "skynet"}, {"honest", "yield"}, {"honest", "skynet"}}) {
    const json other = c.line_of(row, scenario);
    ASSERT_FALSE(other.is_null()) << row << " " << scenario << result.err;
    EXPECT_EQ(other.at("outcome"), "ok") << other;
  }
}

INSTANTIATE_TEST_SUITE_P(
    EndToEnd, Misbehaviour,
    ::testing::Values(misbehaviour{"wrong_answer", "wrong_answer", "the oracle says"},
                      misbehaviour{"differing_answers", "wrong_answer", "not the same in each run"},
                      misbehaviour{"hang_in_prepare", "timeout", "no answer to prepare within"},
                      misbehaviour{"hang_in_run", "timeout", "no answer to run within"},
                      misbehaviour{"exit_in_run", "crashed", "exit code 3"},
                      misbehaviour{"segfault_in_run", "crashed", "SIGSEGV"},
                      misbehaviour{"noise", "failed", "got: debug: about to take a sample"},
                      misbehaviour{"garbage", "failed", "expected one JSON object"},
                      misbehaviour{"lies_about_time", "failed", "the whole exchange took"},
                      misbehaviour{"no_time", "failed", "took no time at all"},
                      misbehaviour{"miscounts", "failed", "operations"},
                      misbehaviour{"eats_memory", "out_of_memory", "the limit is 200 MiB"},
                      misbehaviour{"closes_stdout", "failed", "closed its stdout during run"},
                      misbehaviour{"torn_line", "crashed", "exit code 0"},
                      misbehaviour{"endless_line", "failed", "a line of more than 64 KiB"},
                      misbehaviour{"two_threads", "failed",
                                   "ran tasks on 2 threads; it was set up with 1"},
                      misbehaviour{"leaves_a_child", "crashed", "exit code 4"},
                      misbehaviour{"wrong_reply", "failed", "answered ready to run"},
                      misbehaviour{"fails", "failed", "this fake does not feel well"},
                      misbehaviour{"unsupported", "unsupported", "this fake does not want to"}),
    [](const auto& one) { return one.param.kind; });

class BadBeginning : public ::testing::TestWithParam<misbehaviour> {};

TEST_P(BadBeginning, CostsItsRowAndNoOther) {
  const misbehaviour& bad = GetParam();
  course c;
  c.enter("honest");
  c.enter("bad", {"--misbehave", bad.kind});
  const told result = c.measure(one_block, time_limit_for(bad));
  EXPECT_EQ(result.code, 1) << result.err;
  for (const char* scenario : {"yield", "skynet"}) {
    EXPECT_EQ(c.line_of("honest", scenario).at("outcome"), "ok");
    const json line = c.line_of("bad", scenario);
    ASSERT_FALSE(line.is_null());
    EXPECT_EQ(line.at("outcome"), bad.outcome);
    EXPECT_THAT(line.at("reason").get<std::string>(), HasSubstr(bad.reason));
  }
}

INSTANTIATE_TEST_SUITE_P(
    EndToEnd, BadBeginning,
    ::testing::Values(misbehaviour{"hang_in_hello", "timeout", "no answer to hello within"},
                      misbehaviour{"exit_in_hello", "crashed", "exit code 7"},
                      misbehaviour{"wrong_protocol", "failed", "speaks protocol 2"}),
    [](const auto& one) { return one.param.kind; });

TEST(Outcomes, MoreThreadsThanAskedForAreSeenAlreadyInTheHello) {
  course c;
  c.enter("honest");
  c.enter("bad", {"--misbehave", "too_many_threads"});
  std::vector<std::string> more = one_block;
  more.insert(more.end(), {"--set", "threads=1"});
  EXPECT_EQ(c.measure(more).code, 1);
  EXPECT_EQ(c.line_of("honest@threads=1", "yield").at("outcome"), "ok");
  const json line = c.line_of("bad@threads=1", "yield");
  EXPECT_EQ(line.at("outcome"), "failed");
  EXPECT_EQ(line.at("reason"), "it was asked for 1 threads and set up 2");
}

TEST(Outcomes, WhoIgnoresQuitIsKilledAndKeepsItsSamples) {
  course c;
  c.enter("stubborn", {"--misbehave", "ignores_quit"});
  const told result = c.measure(one_block);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(c.line_of("stubborn", "yield").at("outcome"), "ok");
  EXPECT_THAT(result.err, HasSubstr("ignored quit"));
}

TEST(Outcomes, WhoBurnsACpuWhileOthersWorkIsNamed) {
  course c;
  c.enter("restless", {"--misbehave", "spins_when_idle"});
  // Turns long enough that even a busy machine lets the restless one burn something meanwhile.
  c.enter("quiet", {"--iteration-ns", "20000000"});
  const told result = c.measure({"--blocks", "10", "--no-twin", "--set", "leaves=8,16,32,64,128"});
  EXPECT_THAT(result.err, HasSubstr("note: restless used "));
  EXPECT_THAT(result.err, ::testing::Not(HasSubstr("note: quiet used ")));
}

TEST(Outcomes, NoiseAfterASampleDoesNotReachTheNextCell) {
  course c;
  c.enter("bad", {"--misbehave", "noise_after", "--only", "yield"});
  c.measure(one_block);
  EXPECT_EQ(c.line_of("bad", "skynet").at("outcome"), "ok");
}

TEST(Outcomes, ASkippedContenderIsInEveryTableWithItsReason) {
  course c;
  c.enter("honest");
  c.enter_skipped("tokio", "cargo was not found; install with: apt-get install cargo");
  const told result = c.measure(one_block);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(c.line_of("tokio", "yield").at("outcome"), "skipped");
  EXPECT_THAT(result.out, HasSubstr("cargo was not found"));
}

}  // namespace
}  // namespace regatta::end_to_end
