#include "harness/driver/small_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "harness/driver/clock.hpp"
#include "harness/driver/contenders.hpp"

namespace regatta::driver {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr std::uint64_t plenty_ns = 20 * ns_per_s;
constexpr std::uint64_t short_ns = 500 * ns_per_ms;

answer_or<std::vector<life>> run(const std::string& script, std::uint64_t limit_ns = plenty_ns) {
  return run_small_task({"/bin/sh", "-c", script}, 3, limit_ns);
}

bool is_alive(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number;
  std::string name;
  std::string state;
  stat >> number >> name >> state;
  return stat && state != "Z";
}

TEST(SmallTask, IsRunFromItsStartToItsEnd) {
  const auto lives = run("sleep 0.05; echo 42");
  ASSERT_TRUE(lives) << lives.why.reason;
  ASSERT_EQ(lives->size(), 3u);
  for (const life& one : *lives) {
    EXPECT_GE(one.wall_ns, 50 * ns_per_ms);
    EXPECT_LT(one.wall_ns, plenty_ns);
  }
}

TEST(SmallTask, TellsTheProcessorTimeThatItTook) {
  const auto lives = run("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo 42");
  ASSERT_TRUE(lives) << lives.why.reason;
  EXPECT_GT(lives->front().cpu_ns, ns_per_ms);
  EXPECT_LE(lives->front().cpu_ns, lives->front().wall_ns + 20 * ns_per_ms);
}

TEST(SmallTask, ThatPrintsAnythingElseIsWrong) {
  const auto wrong = run("echo 43");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.why.what, outcome::wrong_answer);
  EXPECT_THAT(wrong.why.reason, HasSubstr("43"));
  EXPECT_EQ(run("echo hello; echo 42").why.what, outcome::wrong_answer);
  EXPECT_EQ(run("printf 42").why.what, outcome::wrong_answer);
  EXPECT_EQ(run("exit 0").why.what, outcome::wrong_answer);
}

TEST(SmallTask, ThatFailsSaysWhy) {
  const auto failed = run("echo 42; echo no memory >&2; exit 3");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.why.what, outcome::failed);
  EXPECT_EQ(failed.why.reason, "it ended with exit code 3: no memory");
  const auto crashed = run("kill -SEGV $$");
  ASSERT_FALSE(crashed);
  EXPECT_EQ(crashed.why.what, outcome::crashed);
  EXPECT_THAT(crashed.why.reason, HasSubstr("SIGSEGV"));
}

TEST(SmallTask, ThatCannotIsUnsupported) {
  const auto none = run("echo the kernel is too old >&2; exit 77");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.why.what, outcome::unsupported);
  EXPECT_EQ(none.why.reason, "the kernel is too old");
  EXPECT_EQ(run_small_task({}, 1, plenty_ns).why.what, outcome::unsupported);
}

TEST(SmallTask, ThatDoesNotEndRunsOutOfTime) {
  const std::uint64_t began = now_ns();
  const auto late = run("echo 42; sleep 1000", short_ns);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.why.what, outcome::timeout);
  EXPECT_LT(now_ns() - began, plenty_ns);
}

TEST(SmallTask, IsNotWaitedForAsLongAsWhatItLeavesBehindWhichDies) {
  const fs::path note = testing::TempDir() + "left_behind";
  const auto lives = run("sleep 1000 & echo $! > " + note.string() + "; echo 42");
  ASSERT_TRUE(lives) << lives.why.reason;
  pid_t left = 0;
  std::ifstream(note) >> left;
  fs::remove(note);
  ASSERT_GT(left, 0);
  for (int i = 0; i < 2000 && is_alive(left); ++i) ::usleep(1000);
  EXPECT_FALSE(is_alive(left));
}

TEST(SmallTask, ThatIsNotThereIsAReason) {
  const auto none = run_small_task({"/no/such/small_task"}, 1, plenty_ns);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.why.what, outcome::skipped);
  EXPECT_EQ(none.why.reason, "it has not been built: there is no /no/such/small_task");
  EXPECT_THAT(run_small_task({"no-such-program"}, 1, plenty_ns).why.reason,
              HasSubstr("cannot start no-such-program: No such file"));
}

failure prove(const std::string& kind, std::uint64_t limit_ns = plenty_ns) {
  return prove_small_echo({ECHO_PROGRAM, "--misbehave=" + kind}, limit_ns);
}

TEST(SmallEcho, ThatServesIsProven) {
  const failure how = prove("none");
  EXPECT_EQ(how.what, outcome::ok) << how.reason;
}

TEST(SmallEcho, MustSendBackWhatItWasSent) {
  EXPECT_EQ(prove("corrupts").what, outcome::wrong_answer);
  EXPECT_THAT(prove("loses").reason, HasSubstr("of 16384 bytes"));
}

TEST(SmallEcho, MustServeTwoAtOnce) {
  EXPECT_EQ(prove("one_at_a_time", short_ns).what, outcome::wrong_answer);
}

TEST(SmallEcho, MustEndWhatItsClientHasFinished) {
  EXPECT_THAT(prove("keeps_connections", short_ns).reason, HasSubstr("does not end a connection"));
}

TEST(SmallEcho, MustPrintItsPort) {
  EXPECT_EQ(prove("prints_nothing", short_ns).what, outcome::timeout);
  EXPECT_EQ(prove("prints_words").reason.substr(0, 17), "it printed 'port ");
}

TEST(SmallEcho, MustEndWithItsStdin) {
  EXPECT_EQ(prove("goes_on", short_ns).what, outcome::timeout);
  EXPECT_EQ(prove("fails").reason, "it ended with exit code 5");
}

TEST(SmallEcho, ThatCannotIsUnsupported) {
  const failure none = prove_small_echo(
      {"/bin/sh", "-c", "echo this runtime has no sockets >&2; exit 77"}, plenty_ns);
  EXPECT_EQ(none.what, outcome::unsupported);
  EXPECT_EQ(none.reason, "this runtime has no sockets");
}

TEST(ProgramSize, CountsWhatTheLoaderNames) {
  const auto libraries = parse_ldd(
      "\tlinux-vdso.so.1 (0x00007ffd4f1f2000)\n"
      "\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f2a)\n"
      "\tlibodd.so => /opt/with blank/libodd.so (0x00007f2b)\n"
      "\tlibgone.so.2 => not found\n"
      "\t/lib64/ld-linux-x86-64.so.2 (0x00007f2c)\n");
  EXPECT_THAT(libraries.found,
              ElementsAre("/lib/x86_64-linux-gnu/libm.so.6", "/opt/with blank/libodd.so",
                          "/lib64/ld-linux-x86-64.so.2"));
  EXPECT_THAT(libraries.missing, ElementsAre("libgone.so.2"));
  EXPECT_THAT(parse_ldd("\tstatically linked\n").found, IsEmpty());
}

TEST(ProgramSize, IsThatOfTheFileAndOfItsLibraries) {
  const auto size = size_of_program(ECHO_PROGRAM);
  if (!size && size.why.what == outcome::skipped) GTEST_SKIP() << size.why.reason;
  ASSERT_TRUE(size) << size.why.reason;
  EXPECT_EQ(size->program_bytes, fs::file_size(ECHO_PROGRAM));
  std::uint64_t sum = 0;
  bool has_libc = false;
  for (const fs::path& library : size->libraries) {
    EXPECT_EQ(library, fs::canonical(library));
    sum += fs::file_size(library);
    has_libc = has_libc || library.filename().string().starts_with("libc");
  }
  EXPECT_TRUE(has_libc);
  EXPECT_EQ(size->library_bytes, sum);
}

TEST(ProgramSize, OneThatLoadsNothingHasNoLibraries) {
  const fs::path script = testing::TempDir() + "no_libraries";
  std::ofstream(script) << "#!/bin/sh\n";
  fs::permissions(script, fs::perms::owner_all);
  const auto size = size_of_program(script);
  fs::remove(script);
  if (!size && size.why.what == outcome::skipped) GTEST_SKIP() << size.why.reason;
  ASSERT_TRUE(size) << size.why.reason;
  EXPECT_EQ(size->program_bytes, 10u);
  EXPECT_THAT(size->libraries, IsEmpty());
  EXPECT_EQ(size->library_bytes, 0u);
}

TEST(ProgramSize, OfWhatIsNotThereIsAReason) {
  const auto none = size_of_program("/no/such/program");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.why.what, outcome::skipped);
}

TEST(Manifests, NameSmallPrograms) {
  const fs::path folder = testing::TempDir() + "small_manifests";
  fs::create_directories(folder);
  std::ofstream(folder / "tiny.json") << R"({"name": "tiny", "kind": "c++", "programs": [
    {"variant": "", "command": ["/bin/true"],
     "small_programs": {"task": ["../bin/small_task", "--variant=one"], "echo": []}}]})";
  const auto known = read_manifests(folder);
  fs::remove_all(folder);
  ASSERT_EQ(known.size(), 1u);
  EXPECT_THAT(
      known[0].programs[0].small_programs,
      ElementsAre(Pair(
          "task", ElementsAre((folder.parent_path() / "bin/small_task").lexically_normal().string(),
                              "--variant=one"))));
}

}  // namespace
}  // namespace regatta::driver
