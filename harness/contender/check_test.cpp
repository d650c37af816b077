#include "harness/contender/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "harness/contender/registry.hpp"

namespace regatta::contender {
namespace {

using ::testing::HasSubstr;

// Answers wrong with one seed, and counts how often it is asked.
class fragile_cell final : public cell {
 public:
  fragile_cell(std::uint64_t seed, std::uint64_t& runs) : seed_(seed), runs_(runs) {}
  std::uint64_t run(scenarios::recorder&) override {
    ++runs_;
    return seed_ == wrong_seed ? 8 : 7;
  }
  counters read_counters() const override { return {}; }

  static constexpr std::uint64_t wrong_seed = 5;

 private:
  std::uint64_t seed_;
  std::uint64_t& runs_;
};

class Check : public testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("REGATTA_SEED");
    ::unsetenv("REGATTA_SEEDS");
    pair only;
    only.scenario.name = "fragile";
    only.scenario.smoke = [] { return scenarios::parameter_list{}; };
    only.scenario.invalid = [](auto const&) { return std::string(); };
    only.scenario.expected = [](auto const&) { return std::uint64_t{7}; };
    only.prepare = [this](setup const& how, auto const&) {
      return std::make_unique<fragile_cell>(how.seed, runs_);
    };
    program_.add(std::move(only));
  }
  void TearDown() override { ::unsetenv("REGATTA_SEEDS"); }

  static setup with_seed(std::uint64_t seed) {
    setup how;
    how.seed = seed;
    return how;
  }
  int check_it(bool is_simulated, setup const& how = {}) {
    subject described;
    described.is_simulated = is_simulated;
    program_.set_subject(std::move(described));
    testing::internal::CaptureStdout();
    int const exit_code = check(program_, how, "fragile");
    said_ = testing::internal::GetCapturedStdout();
    return exit_code;
  }

  registry program_;
  std::uint64_t runs_ = 0;
  std::string said_;
};

TEST_F(Check, ARuntimeIsTriedOnce) {
  EXPECT_EQ(check_it(false), exit_ok);
  EXPECT_EQ(runs_, 2u);
}

TEST_F(Check, ASimulatedRuntimeIsTriedUntilASeedFailsAndNamesIt) {
  EXPECT_EQ(check_it(true), exit_wrong);
  EXPECT_EQ(runs_, 2 * 4 + 1u);
  EXPECT_THAT(said_, HasSubstr("answered 8 instead of 7; this was seed 5; run it again with: "
                               "REGATTA_SEED=5 "));
  EXPECT_THAT(said_, HasSubstr(" --check=fragile"));
}

TEST_F(Check, ASimulatedRuntimeIsTriedWithAsManySeedsAsAreAskedFor) {
  ::setenv("REGATTA_SEEDS", "6-25", 1);
  EXPECT_EQ(check_it(true), exit_ok);
  EXPECT_EQ(runs_, 40u);
  EXPECT_THAT(said_, HasSubstr("ok with 20 seeds"));
}

TEST_F(Check, ASimulatedRuntimeIsTriedWithTheSeedOfItsSetupOnly) {
  EXPECT_EQ(check_it(true, with_seed(9)), exit_ok);
  EXPECT_EQ(runs_, 2u);
  EXPECT_EQ(check_it(true, with_seed(5)), exit_wrong);
}

}  // namespace
}  // namespace regatta::contender
