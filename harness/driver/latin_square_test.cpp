#include "harness/driver/latin_square.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace regatta::driver {
namespace {

TEST(LatinSquare, EachRowTakesEachTurnOnceAndEachRoundHoldsAllRows) {
  for (std::size_t n = 1; n <= 9; ++n) {
    random_source random(n);
    const auto square = latin_square(n, random);
    ASSERT_EQ(square.size(), n);
    for (std::size_t i = 0; i < n; ++i) {
      std::set<std::size_t> in_round;
      std::set<std::size_t> in_turn;
      for (std::size_t j = 0; j < n; ++j) {
        in_round.insert(square[i][j]);
        in_turn.insert(square[j][i]);
      }
      EXPECT_EQ(in_round.size(), n);
      EXPECT_EQ(in_turn.size(), n);
    }
  }
}

TEST(LatinSquare, WithAnEvenNumberEachRowFollowsEachOtherEquallyOften) {
  for (const std::size_t n : {2u, 4u, 6u, 8u}) {
    random_source random(n);
    std::map<std::pair<std::size_t, std::size_t>, int> follows;
    for (const auto& round : latin_square(n, random)) {
      for (std::size_t turn = 1; turn < n; ++turn) ++follows[{round[turn - 1], round[turn]}];
    }
    EXPECT_EQ(follows.size(), n * (n - 1));
    for (const auto& [pair, times] : follows) EXPECT_EQ(times, 1);
  }
}

TEST(LatinSquare, TheSameSeedGivesTheSameSquareAndAnotherAnother) {
  random_source a(7);
  random_source b(7);
  random_source c(8);
  const auto square = latin_square(6, a);
  EXPECT_EQ(square, latin_square(6, b));
  EXPECT_NE(square, latin_square(6, c));
}

TEST(RandomSource, IsTheSameEverywhere) {
  // The first outputs of splitmix64 from state 0, as published with it.
  random_source random(0);
  EXPECT_EQ(random.next(), 0xe220a8397b1dcdafu);
  EXPECT_EQ(random.next(), 0x6e789e6aa1b965f4u);
}

TEST(RandomSource, StaysBelowItsBoundAndReachesAllOfIt) {
  random_source random(3);
  std::map<std::uint64_t, int> seen;
  for (int i = 0; i < 3000; ++i) ++seen[random.below(3)];
  ASSERT_EQ(seen.size(), 3u);
  for (const auto& [value, times] : seen) EXPECT_NEAR(times, 1000, 150);
}

}  // namespace
}  // namespace regatta::driver
