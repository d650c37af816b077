#include "proxy/paths/child.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

#include "proxy/paths/process_tree.hpp"
#include "proxy/paths/tests/fake_program.hpp"

namespace regatta::paths {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using clock = std::chrono::steady_clock;

struct Child : ::testing::Test {
  static clock::time_point in(std::chrono::milliseconds time) { return clock::now() + time; }
  child start(std::string const& script) {
    return child({.command = {programs.make("fake", script)}, .processors = {}});
  }
  // Whether a process is gone, or nothing but a name that nobody has reaped yet.
  static bool is_gone(pid_t pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(stat, line);
    auto const bracket = line.rfind(')');
    return line.empty() || bracket == line.npos || line[bracket + 2] == 'Z';
  }
  static bool goes_within(pid_t pid, std::chrono::milliseconds limit) {
    for (auto const deadline = in(limit); !is_gone(pid); std::this_thread::sleep_for(1ms)) {
      if (clock::now() > deadline) return false;
    }
    return true;
  }
  fake_programs programs;
};

TEST_F(Child, TellsItsLinesOneByOne) {
  auto fake = start("echo one; echo two; exec sleep 60");
  EXPECT_EQ(fake.next_line(in(5s)), "one");
  EXPECT_EQ(fake.next_line(in(5s)), "two");
  EXPECT_TRUE(fake.is_alive());
}

TEST_F(Child, WhichNeverSaysALineIsGivenUpInTime) {
  auto fake = start("echo 'no port is free' >&2; exec sleep 60");
  auto const begin = clock::now();
  EXPECT_THAT([&] { fake.next_line(in(300ms)); },
              ThrowsMessage<std::runtime_error>(HasSubstr("is not ready in time")));
  EXPECT_LT(clock::now() - begin, 5s);
}

TEST_F(Child, WhichEndsBeforeItIsReadyIsQuoted) {
  auto fake = start("echo 'port 80 is not for you' >&2; exit 3");
  EXPECT_THAT([&] { fake.next_line(in(5s)); },
              ThrowsMessage<std::runtime_error>(HasSubstr(
                  "has ended before it was ready (exit code 3): port 80 is not for you")));
}

TEST_F(Child, WhichDiesInTheMiddleIsQuotedAsWell) {
  auto fake = start("echo 'out of luck' >&2; echo ready; read never < /dev/zero; kill -9 $$");
  fake.next_line(in(5s));
  ::kill(fake.pid(), SIGKILL);
  ASSERT_TRUE(fake.wait(in(5s)).has_value());
  EXPECT_THAT(
      [&] { fake.expect_alive(); },
      ThrowsMessage<std::runtime_error>(HasSubstr("has died (killed by signal 9): out of")));
}

TEST_F(Child, WhichCannotBeExecutedIsSaidAtOnce) {
  EXPECT_THAT([] { child({.command = {"/nowhere/nginx"}, .processors = {}}); },
              ThrowsMessage<std::runtime_error>(HasSubstr("cannot start /nowhere/nginx")));
}

TEST_F(Child, DiesWithAllThatItHasStarted) {
  pid_t grandchild = -1;
  {
    auto fake = start("sleep 60 & echo $!; wait");
    grandchild = std::stoi(fake.next_line(in(5s)));
    EXPECT_FALSE(is_gone(grandchild));
  }
  EXPECT_TRUE(goes_within(grandchild, 5s));
}

TEST_F(Child, RunsWhereItWasPut) {
  auto fake = child({.command = {programs.make("fake", "grep Cpus_allowed_list /proc/self/status")},
                     .processors = {0}});
  EXPECT_THAT(fake.next_line(in(5s)), HasSubstr("\t0"));
}

// A process of our own that has a child, as a contender; answers the child's number.
struct owner {
  owner(std::string const& program, std::string const& note) {
    pid = ::fork();
    if (pid != 0) return;
    child const fake({.command = {program}, .processors = {}});
    std::ofstream(note) << fake.pid() << std::endl;
    for (;;) ::pause();
  }
  pid_t pid;
};

struct Ending : Child, ::testing::WithParamInterface<int> {};

TEST_P(Ending, OfItsOwnerEndsAChild) {
  auto const note = (programs.folder() / "note").string();
  owner const contender(programs.make("fake", "exec sleep 60"), note);
  pid_t proxy = 0;
  for (auto const deadline = in(5s); proxy == 0 && clock::now() < deadline;) {
    std::ifstream(note) >> proxy;
    std::this_thread::sleep_for(1ms);
  }
  ASSERT_NE(proxy, 0);
  ::kill(contender.pid, GetParam());
  int status = 0;
  ASSERT_EQ(::waitpid(contender.pid, &status, 0), contender.pid);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), GetParam());
  EXPECT_TRUE(goes_within(proxy, 5s));
}
INSTANTIATE_TEST_SUITE_P(Child, Ending, ::testing::Values(SIGTERM, SIGINT, SIGKILL));

TEST_F(Child, AnswersAQuestionOnBothOfItsOutputs) {
  auto const program = programs.make("fake", "echo out; echo err $1 >&2");
  EXPECT_EQ(output_of({program, "-v"}), "out\nerr -v");
  EXPECT_EQ(output_of({programs.make("fails", "exit 1")}), std::nullopt);
  EXPECT_EQ(output_of({programs.make("hangs", "exec sleep 60")}, 50ms), std::nullopt);
}

TEST_F(Child, AndWhatItHasStartedAreOneTree) {
  auto fake = start("sleep 60 & echo $!; exec sleep 60");
  pid_t const grandchild = std::stoi(fake.next_line(in(5s)));
  EXPECT_THAT(tree_of(fake.pid()), ::testing::UnorderedElementsAre(fake.pid(), grandchild));
  EXPECT_GT(private_bytes_of(tree_of(fake.pid())), 0u);
}

TEST_F(Child, WhichComputesIsSeenToTakeProcessorTime) {
  auto fake = start("i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; echo done; exec sleep 60");
  fake.next_line(in(30s));
  EXPECT_GT(cpu_ns_of({fake.pid()}), 1'000'000u);
}

}  // namespace
}  // namespace regatta::paths
