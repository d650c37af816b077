#include "harness/stats/noise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace regatta::stats {
namespace {

std::vector<twin_values> session(std::uint64_t seed, std::size_t cells, std::size_t blocks,
                                 double twin_over_original, double own_noise) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> gust(0.0, 0.4);
  std::normal_distribution<double> own(0.0, own_noise);
  std::vector<twin_values> list;
  for (std::size_t c = 0; c != cells; ++c) {
    twin_values values{.cell = "cell " + std::to_string(c), .original = {}, .twin = {}};
    for (std::size_t block = 0; block != blocks; ++block) {
      double const shared = 500.0 * std::exp(gust(random));
      values.original[block] = shared * std::exp(own(random));
      values.twin[block] = twin_over_original * shared * std::exp(own(random));
    }
    list.push_back(values);
  }
  return list;
}

TEST(Noise, APairThatIsTrulyTheSameIsNotSeparatedMoreOftenThanTheIntervalSays) {
  int separated = 0;
  constexpr int sessions = 2'000;
  for (std::uint64_t seed = 0; seed != sessions; ++seed) {
    if (judge_noise(session(seed, 20, 10, 1.0, 0.1))->separated) ++separated;
  }
  EXPECT_NEAR(separated / static_cast<double>(sessions), 0.0215, 0.01);
}

TEST(Noise, AHandicappedTwinIsSeparated) {
  auto const judged = judge_noise(session(1, 20, 6, 1.3, 0.05)).value();
  EXPECT_TRUE(judged.separated);
  EXPECT_NEAR(judged.ratio.value.median, 1.3, 0.05);
  EXPECT_NEAR(judged.spread, 0.3, 0.06);
}

TEST(Noise, TheFloorGrowsWithTheNoise) {
  auto const calm = judge_noise(session(2, 30, 10, 1.0, 0.01)).value();
  auto const rough = judge_noise(session(2, 30, 10, 1.0, 0.10)).value();
  // The ratio of two rows with own noise s has the noise s√2; its median over 10 blocks has about
  // 1.25 s√2 / √10 = 0.56 s.
  EXPECT_NEAR(calm.spread, 0.0056, 0.002);
  EXPECT_NEAR(rough.spread, 0.056, 0.02);
}

TEST(Noise, NoCellHasAFloorBelowTheSessionsSpread) {
  auto const judged = judge_noise(session(3, 12, 6, 1.0, 0.05)).value();
  for (auto const& cell : judged.cells) EXPECT_GE(cell.floor, judged.spread);
  EXPECT_EQ(judged.floor_of("cell 3"), judged.cells[3].floor);
  EXPECT_EQ(judged.floor_of("a cell without a pair"), judged.spread);
}

TEST(Noise, SeparatedCellsAreCorrectedForTheirNumber) {
  int sessions_with_alarm = 0;
  constexpr int sessions = 500;
  for (std::uint64_t seed = 0; seed != sessions; ++seed) {
    auto const judged = judge_noise(session(seed, 40, 12, 1.0, 0.05)).value();
    for (auto const& cell : judged.cells) {
      if (cell.separated) {
        ++sessions_with_alarm;
        break;
      }
    }
  }
  EXPECT_LT(sessions_with_alarm / static_cast<double>(sessions), 0.05);
}

TEST(Noise, OneBlockIsNoEvidence) {
  auto const judged = judge_noise(session(4, 5, 1, 1.5, 0.01)).value();
  EXPECT_FALSE(judged.separated);
  EXPECT_EQ(judged.ratio.value.confidence, 0.0);
}

TEST(Noise, AnInterruptedBlockIsLeftOutAsLongAsAnyIsComplete) {
  auto cells = session(5, 3, 6, 1.0, 0.05);
  cells[2].twin.erase(5);
  EXPECT_EQ(judge_noise(cells)->ratio.blocks, 5u);
  EXPECT_EQ(judge_noise(cells)->cells[0].ratio.blocks, 6u);
}

TEST(Noise, WithoutAPairThereIsNoJudgement) {
  EXPECT_FALSE(judge_noise({}).has_value());
  EXPECT_FALSE(
      judge_noise({{.cell = "x", .original = {{0, 1.0}}, .twin = {{1, 1.0}}}}).has_value());
}

}  // namespace
}  // namespace regatta::stats
