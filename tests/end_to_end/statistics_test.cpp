// What a run says about differences. Over fakes, whose times are invented, these are no timed
// tests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/end_to_end/course.hpp"

namespace regatta::end_to_end {
namespace {

using ::testing::HasSubstr;

json result_of(const json& summary, const std::string& row, std::size_t cell = 0) {
  for (const json& result : summary.at("cells").at(cell).at("results")) {
    if (result.at("row") == row) return result;
  }
  return {};
}

TEST(Statistics, TheSameContenderTwiceIsATie) {
  course c;
  c.enter("a");
  c.enter("b");
  const told result = c.measure({"--blocks", "10", "--seed", "1"});
  ASSERT_EQ(result.code, 0) << result.err;
  const json summary = c.read_json("summary.json");
  EXPECT_FALSE(summary.at("noise").at("separated").get<bool>());
  EXPECT_FALSE(result_of(summary, "a").at("ratio_to_best").at("separated").get<bool>());
  EXPECT_FALSE(result_of(summary, "b").at("ratio_to_best").at("separated").get<bool>());
  EXPECT_THAT(result.out, HasSubstr("≈ "));
  EXPECT_THAT(result.out, HasSubstr("the A/A pair (a entered twice)"));
}

TEST(Statistics, AContenderThatIs30PercentSlowerIsSeparated) {
  course c;
  c.enter("fast");
  c.enter("slow", {"--slow-percent", "30"});
  ASSERT_EQ(c.measure({"--blocks", "10", "--seed", "1"}).code, 0);
  const json ratio = result_of(c.read_json("summary.json"), "slow").at("ratio_to_best");
  EXPECT_TRUE(ratio.at("separated").get<bool>()) << ratio;
  EXPECT_NEAR(ratio.at("median").get<double>(), 1.3, 0.05);
}

TEST(Statistics, APlantedSlowdownReachesTheContender) {
  course c;
  c.enter("fake");
  ASSERT_EQ(c.measure({"--blocks", "2", "--slowdown-percent", "100", "--no-twin"}).code, 0);
  const json line = c.samples().front();
  EXPECT_NEAR(line.at("ns").get<double>() / line.at("iterations").get<double>(), 40'000, 4'000);
}

TEST(Statistics, EveryRowDoesTheSameWorkInEveryBlock) {
  course c;
  c.enter("fast");
  c.enter("slow", {"--slow-percent", "200"});
  ASSERT_EQ(c.measure({"--blocks", "3"}).code, 0);
  std::map<std::string, std::uint64_t> iterations;
  for (const json& line : c.samples()) {
    const auto [place, fresh] = iterations.emplace(line.at("cell").get<std::string>(),
                                                   line.at("iterations").get<std::uint64_t>());
    EXPECT_EQ(place->second, line.at("iterations").get<std::uint64_t>()) << line;
  }
  EXPECT_EQ(iterations.size(), 2u);
}

/// (block, round, turn, row, cell) of every line.
std::vector<json> order_of(const course& c) {
  std::vector<json> order;
  for (const json& line : c.samples()) {
    order.push_back(
        {line.at("block"), line.at("round"), line.at("turn"), line.at("row"), line.at("cell")});
  }
  return order;
}

std::vector<json> order_with_seed(const std::string& seed) {
  course c;
  for (const char* name : {"a", "b", "c"}) c.enter(name);
  EXPECT_EQ(c.measure({"--blocks", "3", "--seed", seed}).code, 0);
  return order_of(c);
}

TEST(Statistics, TheSeedReplaysTheOrder) {
  const auto first = order_with_seed("7");
  EXPECT_EQ(first.size(), 3u * 2u * 4u);
  EXPECT_EQ(first, order_with_seed("7"));
  EXPECT_NE(first, order_with_seed("8"));
}

TEST(Statistics, TheRunHoldsEverythingThatIsMadeFromIt) {
  course c;
  c.enter("a");
  const told result = c.measure({"--blocks", "2", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(json::parse(result.out), c.read_json("summary.json"));
  const json benchmarks = c.read_json("benchmark.json");
  const auto repetitions =
      std::count_if(benchmarks.at("benchmarks").begin(), benchmarks.at("benchmarks").end(),
                    [](const json& entry) { return entry.at("run_type") == "iteration"; });
  EXPECT_EQ(static_cast<std::size_t>(repetitions), c.samples().size());
  EXPECT_TRUE(c.read_json("machine.json").is_object());
  EXPECT_TRUE(std::filesystem::exists(c.run_folder() / "summary.md"));
  EXPECT_TRUE(std::filesystem::exists(c.run_folder() / "log" / "a.0.log"));
  EXPECT_EQ(result.out.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace regatta::end_to_end
