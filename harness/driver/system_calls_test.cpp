#include "harness/driver/system_calls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/driver/clock.hpp"

namespace regatta::driver {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::vector<calls_by_name> samples_in(std::initializer_list<std::string_view> lines) {
  system_call_counter counter;
  for (const std::string_view line : lines) counter.read(line);
  return counter.samples();
}

constexpr std::string_view run =
    R"(11    read(0, "{\"run\":{\"iterations\":1,\"samples\":1}}\n", 65536) = 37)";
constexpr std::string_view sample =
    R"(11    write(3, "{\"sample\":{\"iterations\":1,\"ns\":9876,\"cpu_ns\":9000,\"oper"..., 131) = 131)";

TEST(SystemCalls, CountWhatLiesBetweenRequestAndReply) {
  const auto samples = samples_in({
      R"(11    read(0, "{\"prepare\":{\"scenario\":\"echo\"}}\n", 65536) = 33)",
      R"(11    write(3, "{\"ready\":true}\n", 15) = 15)",
      run,
      R"(11    getppid()                         = 1)",
      R"(12    getppid()                         = 1)",
      R"(12    futex(0x55f, FUTEX_WAKE_PRIVATE, 1) = 1)",
      sample,
      R"(11    write(3, "{\"done\":true}\n", 14) = 14)",
  });
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_THAT(samples[0], UnorderedElementsAre(Pair("getppid", 2), Pair("futex", 1)));
}

TEST(SystemCalls, OneThatIsReportedInTwoPartsCountsOnce) {
  const auto samples = samples_in({
      R"(12    futex(0x55f, FUTEX_WAIT_PRIVATE, 1, NULL <unfinished ...>)",
      R"(11    read(0,  <unfinished ...>)",
      R"(13    epoll_wait(5,  <unfinished ...>)",
      R"(11    <... read resumed>"{\"run\":{\"iterations\":1,\"samples\":1}}\n", 65536) = 37)",
      R"(11    futex(0x55f, FUTEX_WAKE_PRIVATE, 1 <unfinished ...>)",
      R"(12    <... futex resumed>)              = 0)",
      R"(11    <... futex resumed>)              = 1)",
      R"(13    <... epoll_wait resumed>[], 128, 5) = 0)",
      R"(11    write(3, "{\"sample\":{\"iterations\":1,\"ns\":9876,\"cpu_ns\":9000,\"oper"..., 131 <unfinished ...>)",
      R"(12    futex(0x55f, FUTEX_WAIT_PRIVATE, 1, NULL <unfinished ...>)",
      R"(11    <... write resumed>)              = 131)",
  });
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_THAT(samples[0], UnorderedElementsAre(Pair("futex", 1)));
}

TEST(SystemCalls, EndsSignalsAndRestartsAreNoCalls) {
  const auto samples = samples_in({
      run,
      R"(12    exit(0)                           = ?)",
      R"(12    +++ exited with 0 +++)",
      R"(13    --- SIGURG {si_signo=SIGURG, si_code=SI_TKILL, si_pid=11, si_uid=0} ---)",
      R"(13    restart_syscall(<... resuming interrupted nanosleep ...> <unfinished ...>)",
      R"(14    ???( <unfinished ...>)",
      R"(15    <... exit resumed>)               = ?)",
      "",
      "strace: Process 12 attached",
      sample,
  });
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_THAT(samples[0], UnorderedElementsAre(Pair("exit", 1)));
}

TEST(SystemCalls, KnowARequestInAnyWordingAndAnyCall) {
  const auto samples = samples_in({
      R"(11    readv(0, [{iov_base=" {\t\"run\" :{}}\n", iov_len=9}, {iov_base="", iov_len=8}], 2) = 9)",
      R"(11    getppid() = 1)",
      R"(11    writev(1, [{iov_base="{ \"sample\": {\"ns\"", iov_len=131}], 1) = 131)",
  });
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_THAT(samples[0], UnorderedElementsAre(Pair("getppid", 1)));
}

TEST(SystemCalls, ASampleThatDoesNotEndIsNone) {
  EXPECT_THAT(samples_in({run, "11    getppid() = 1"}), IsEmpty());
  EXPECT_THAT(samples_in({"11    getppid() = 1", sample}), IsEmpty());
}

TEST(SystemCalls, EachSampleBeginsAtNothing) {
  const auto samples = samples_in({run, "11    getppid() = 1", sample, run, sample});
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_THAT(samples[1], IsEmpty());
}

TEST(SystemCalls, TheDifferenceIsNeverBelowNothing) {
  EXPECT_THAT(
      difference({{"read", 9}, {"mmap", 1}, {"brk", 2}}, {{"read", 4}, {"mmap", 3}, {"brk", 2}}),
      UnorderedElementsAre(Pair("read", 5)));
}

class TracedContender : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_no_tracer(); !why.empty()) GTEST_SKIP() << why;
  }
  answer_or<traced_calls> trace(std::vector<std::string> arguments, std::uint64_t iterations,
                                std::uint64_t time_limit_ns = 60 * ns_per_s) {
    row who;
    who.command = {COUNTED_CONTENDER};
    who.command.insert(who.command.end(), arguments.begin(), arguments.end());
    cell what;
    what.scenario = "counted";
    what.params = parameters::object();
    what.expected = expected_;
    what.operations = 10;
    tracing wishes;
    wishes.iterations = iterations;
    wishes.time_limit_ns = time_limit_ns;
    const interrupt stop;
    return trace_system_calls(who, what, wishes, stop);
  }
  std::uint64_t expected_ = 42;
};

TEST_F(TracedContender, IsCountedOverAllItsThreadsWithoutWhatASampleCosts) {
  const auto traced = trace({}, 4);
  ASSERT_TRUE(traced) << traced.why.reason;
  EXPECT_EQ(traced->iterations, 4u);
  EXPECT_EQ(traced->operations, 40u);
  // One of its threads may have to wait for another, in a futex.
  EXPECT_THAT(traced->calls,
              IsSupersetOf({Pair("getppid", 20), Pair("read", 8), Pair("write", 8)}));
}

TEST_F(TracedContender, ThatDiesIsToldAsSuch) {
  const auto traced = trace({"--misbehave=exit"}, 4);
  ASSERT_FALSE(traced);
  EXPECT_EQ(traced.why.what, outcome::crashed);
  EXPECT_THAT(traced.why.reason, HasSubstr("exit code 3"));
}

TEST_F(TracedContender, ThatHangsRunsOutOfTime) {
  const auto traced = trace({"--misbehave=hang"}, 4, ns_per_s);
  ASSERT_FALSE(traced);
  EXPECT_EQ(traced.why.what, outcome::timeout);
}

TEST_F(TracedContender, ThatAnswersWrongIsNotCounted) {
  expected_ = 43;
  const auto traced = trace({}, 4);
  ASSERT_FALSE(traced);
  EXPECT_EQ(traced.why.what, outcome::wrong_answer);
}

TEST(Tracer, ThatIsMissingIsAReason) {
  const std::string why = why_no_tracer("no-such-strace");
  EXPECT_THAT(why, HasSubstr("cannot start no-such-strace: No such file"));
  EXPECT_THAT(why, HasSubstr("apt-get install strace"));
}

TEST(Tracer, ThatMayNotTraceIsAReason) {
  const std::string tracer = testing::TempDir() + "forbidden_tracer";
  std::ofstream(tracer)
      << "#!/bin/sh\necho 'strace: attach: Operation not permitted' >&2; exit 1\n";
  std::filesystem::permissions(tracer, std::filesystem::perms::owner_all);
  const std::string why = why_no_tracer(tracer);
  std::filesystem::remove(tracer);
  EXPECT_THAT(why, HasSubstr("may not trace here (strace: attach: Operation not permitted)"));
  EXPECT_THAT(why, HasSubstr("SYS_PTRACE"));
}

}  // namespace
}  // namespace regatta::driver
