#include "harness/stats/run_label.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace regatta::stats {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

nlohmann::ordered_json machine_with(std::string const& label, double steal_after) {
  return {{"label", label},
          {"noise",
           {{"reasons", label == "quiet" ? nlohmann::ordered_json::array()
                                         : nlohmann::ordered_json{"Before."}}}},
          {"load", {{"cpu_ticks", {{"total", 1'000}, {"steal", 100}}}}},
          {"load_after", {{"cpu_ticks", {{"total", 3'000}, {"steal", steal_after}}}}}};
}

TEST(RunLabel, IsTheMachinesWhereTheRunShowsNothingElse) {
  session_noise calm;
  calm.spread = 0.05;
  auto const quiet = label_of_run(machine_with("quiet", 120), &calm);
  EXPECT_EQ(quiet.label, "quiet");
  EXPECT_THAT(quiet.reasons, IsEmpty());
  auto const noisy = label_of_run(machine_with("noisy", 100), nullptr);
  EXPECT_EQ(noisy.label, "noisy");
  EXPECT_THAT(noisy.reasons, ElementsAre("Before."));
}

TEST(RunLabel, TimeThatTheHypervisorTookDuringTheRunMakesItShared) {
  auto const label = label_of_run(machine_with("quiet", 121), nullptr);
  EXPECT_EQ(label.label, "shared");
  EXPECT_THAT(label.reasons, ElementsAre(HasSubstr("took 1.1 % of the CPU time")));
}

TEST(RunLabel, APairThatCameApartMakesItNoisyButNeverLessThanShared) {
  session_noise wide;
  wide.spread = 0.051;
  EXPECT_EQ(label_of_run(machine_with("quiet", 100), &wide).label, "noisy");
  EXPECT_THAT(label_of_run(machine_with("quiet", 100), &wide).reasons,
              ElementsAre(HasSubstr("differed by 5.1 %")));
  EXPECT_EQ(label_of_run(machine_with("shared", 100), &wide).label, "shared");
  session_noise apart;
  apart.separated = true;
  EXPECT_EQ(label_of_run(machine_with("quiet", 100), &apart).label, "noisy");
  EXPECT_EQ(label_of_run(machine_with("shared", 100), &apart).label, "shared");
}

TEST(RunLabel, OldAndIncompleteMachineFilesAreNoObstacle) {
  EXPECT_EQ(label_of_run({}, nullptr).label, "");
  EXPECT_EQ(label_of_run({{"label", "quiet"}}, nullptr).label, "quiet");
  auto restarted = machine_with("quiet", 200);
  restarted["load_after"]["cpu_ticks"]["total"] = 900;
  EXPECT_EQ(label_of_run(restarted, nullptr).label, "quiet");
  auto unended = machine_with("quiet", 200);
  unended.erase("load_after");
  EXPECT_EQ(label_of_run(unended, nullptr).label, "quiet");
}

}  // namespace
}  // namespace regatta::stats
