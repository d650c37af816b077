// Stored runs in a row: kept by `regatta history add`, judged by `regatta history`.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/end_to_end/course.hpp"

namespace regatta::end_to_end {
namespace {

using ::testing::HasSubstr;

/// Makes a run in the course's folder look like one of day `day`, in which the row `slow` took
/// `times` as long.
void pretend(const course& c, const json& measured, int day, const std::string& slow,
             double times) {
  json summary = measured;
  summary["machine"]["date"] = fmt::format("2026-10-{}T03:00:00Z", 10 + day);
  summary["machine"]["git"] = {{"commit", fmt::format("{:08x}", day)}, {"dirty", false}};
  summary["noise"]["spread"] = 0.01;
  for (json& cell : summary["cells"]) {
    for (json& result : cell["results"]) {
      json& cost = result["ns_per_operation"]["median"];
      cost = cost.get<double>() * (1.0 + 0.001 * ((day * 7) % 5)) *
             (result["row"] == slow ? times : 1.0);
    }
  }
  std::filesystem::create_directories(c.folder() / "day");
  std::ofstream(c.folder() / "day/plan.json") << "{}";
  std::ofstream(c.folder() / "day/summary.json") << summary.dump();
}

TEST(History, OfRealRunsFindsAPlantedStepAndNoOther) {
  course c;
  c.enter("steady");
  c.enter("slowed");
  ASSERT_EQ(c.measure({"--blocks", "1"}).code, 0);
  const json measured = c.read_json("summary.json");
  for (int day = 0; day < 14; ++day) {
    pretend(c, measured, day, "slowed", day >= 7 ? 1.5 : 1.0);
    const told kept = c.regatta({"history", "add", "day", "baselines"});
    ASSERT_EQ(kept.code, 0) << kept.err;
    pretend(c, measured, day, "", 1.0);
    ASSERT_EQ(c.regatta({"history", "add", "day/summary.json", "quiet"}).code, 0);
  }
  const told worse = c.regatta({"history", "baselines", "--markdown", "pull_request.md"});
  EXPECT_EQ(worse.code, 1) << worse.err;
  EXPECT_THAT(worse.out, HasSubstr("slowed yield tasks=2 yields=2: worse since run 00000007"));
  EXPECT_THAT(worse.out, testing::Not(HasSubstr("steady ")));
  EXPECT_TRUE(std::filesystem::exists(c.folder() / "pull_request.md"));
  EXPECT_EQ(c.regatta({"history", "baselines", "--since", "00000009"}).code, 0);

  const told unchanged = c.regatta({"history", "quiet", "--json"});
  EXPECT_EQ(unchanged.code, 0) << unchanged.out;
  EXPECT_EQ(json::parse(unchanged.out).at("verdict"), "unchanged");
}

TEST(History, OfTooFewRunsCouldNotBeMeasured) {
  course c;
  c.enter("steady");
  ASSERT_EQ(c.measure({"--blocks", "1"}).code, 0);
  const told result = c.regatta({"history", "run/summary.json", "run/benchmark.json"});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.out, HasSubstr("10 are the least"));
}

TEST(History, OfWhatIsNoRunIsAUsageError) {
  course c;
  std::ofstream(c.folder() / "bad.json") << "{";
  std::ofstream(c.folder() / "other.json") << R"({"what":"claims"})";
  for (const char* source : {"nowhere", "bad.json", "other.json"}) {
    const told result = c.regatta({"history", source});
    EXPECT_EQ(result.code, 2) << source;
    EXPECT_THAT(result.err, HasSubstr("expected")) << source;
  }
  EXPECT_EQ(c.regatta({"history"}).code, 2);
  EXPECT_EQ(c.regatta({"history", "add", "nowhere", "baselines"}).code, 2);
}

}  // namespace
}  // namespace regatta::end_to_end
