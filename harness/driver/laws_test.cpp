#include "harness/driver/laws.hpp"

#include <gtest/gtest.h>

#include "harness/driver/clock.hpp"

namespace regatta::driver {
namespace {

law_answer answer_to(const std::string& script, std::uint64_t limit_ns = 20 * ns_per_s) {
  const interrupt stop;
  return answer_of(run_laws({"/bin/sh", "-c", script}, "*", limit_ns, stop));
}

TEST(Laws, AreObeyedOrBrokenOnlyWhereTheProgramItselfSaysSo) {
  EXPECT_EQ(answer_to("echo '[  PASSED  ] 1 test.'").passed, true);
  EXPECT_EQ(answer_to("echo '[  FAILED  ] Laws.Some'; exit 1").passed, false);
}

TEST(Laws, AProgramThatSaysNothingHasBrokenNone) {
  EXPECT_FALSE(answer_to("kill -9 $$").passed);
  EXPECT_FALSE(answer_to("exit 3").passed);
  EXPECT_FALSE(answer_to("exec sleep 100", 50 * ns_per_ms).passed);
  EXPECT_FALSE(answer_to("echo '[  PASSED  ] 0 tests.'").passed);
  const interrupt stop;
  const law_answer absent = answer_of(run_laws({"/nowhere/laws"}, "*", ns_per_s, stop));
  EXPECT_FALSE(absent.passed);
  EXPECT_FALSE(absent.why.empty());
}

}  // namespace
}  // namespace regatta::driver
