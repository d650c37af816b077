// What ran is what is believed: a runtime that claims one thread and runs tasks on two is caught by
// what its harness saw the threads do, and not by what the runtime says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/course.hpp"

namespace regatta::end_to_end {
namespace {

using ::testing::HasSubstr;

constexpr const char* caught = "ran tasks on 2 threads; it was set up with 1";

void enter_second_thread(course& c) {
  c.enter_manifest("second_thread", {{"name", "second_thread"},
                                     {"command", {SECOND_THREAD_CONTENDER, "--serve"}},
                                     {"kind", "c++"}});
}

TEST(Threads, ASecondThreadThatRunsTasksFailsTheRowThatIsSetUpWithOne) {
  course c;
  c.enter("honest");
  enter_second_thread(c);
  const told result = c.measure({"--blocks", "1", "--no-twin", "--set", "threads=1"});
  EXPECT_EQ(result.code, 1) << result.err;
  const json line = c.line_of("second_thread@threads=1", "yield");
  ASSERT_FALSE(line.is_null()) << result.err;
  EXPECT_EQ(line.at("outcome"), "failed") << line;
  EXPECT_EQ(line.at("reason"), caught);
  EXPECT_FALSE(line.contains("ns")) << line;
  EXPECT_EQ(c.line_of("honest@threads=1", "yield").at("outcome"), "ok");
}

TEST(Threads, VerifyNamesIt) {
  course c;
  enter_second_thread(c);
  const told result = c.regatta({"verify", "second_thread", "--scenario", "yield"});
  EXPECT_EQ(result.code, 1) << result.err;
  EXPECT_THAT(result.out, HasSubstr(caught));
}

}  // namespace
}  // namespace regatta::end_to_end
