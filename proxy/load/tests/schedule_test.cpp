#include "proxy/load/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace regatta::load {
namespace {

std::vector<u64> first_arrivals(schedule due, int count) {
  std::vector<u64> all;
  for (int i = 0; i != count; ++i, due.advance()) all.push_back(due.due_ns());
  return all;
}

TEST(Schedule, IsConstantFromTheVeryStart) {
  EXPECT_EQ(first_arrivals(schedule(arrivals::constant, 1000, 0, 1, 1), 4),
            (std::vector<u64>{0, 1'000'000, 2'000'000, 3'000'000}));
}

TEST(Schedule, DoesNotDriftWhereTheIntervalIsNoWholeNumber) {
  schedule due(arrivals::constant, 3'000'000, 0, 1, 1);
  for (int i = 0; i != 3'000'000; ++i) due.advance();
  EXPECT_NEAR(static_cast<double>(due.due_ns()), 1e9, 1);
}

TEST(Schedule, IsConstantOverAllThreadsTogether) {
  std::vector<u64> all;
  for (u32 part = 0; part != 4; ++part) {
    auto const own = first_arrivals(schedule(arrivals::constant, 1000, part, 4, 1), 25);
    all.insert(all.end(), own.begin(), own.end());
  }
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i != all.size(); ++i) EXPECT_EQ(all[i], i * 1'000'000);
}

TEST(Schedule, OfPoissonArrivalsHasTheMeanAndTheSpreadOfChance) {
  constexpr int count = 200'000;
  for (u32 parts : {1u, 4u}) {
    auto const due = first_arrivals(schedule(arrivals::poisson, 1000, parts - 1, parts, 5), count);
    double const mean = static_cast<double>(due.back()) / count;
    EXPECT_NEAR(mean, 1e6 * parts, 1e6 * parts * 0.01);
    double squares = 0;
    for (std::size_t i = 1; i != due.size(); ++i) {
      double const gap = static_cast<double>(due[i] - due[i - 1]) - mean;
      squares += gap * gap;
    }
    // Of an exponential distribution the deviation is the mean.
    EXPECT_NEAR(std::sqrt(squares / count), mean, mean * 0.02);
  }
}

TEST(Schedule, IsReplayedByItsSeed) {
  auto const once = first_arrivals(schedule(arrivals::poisson, 1000, 1, 2, 5), 100);
  EXPECT_EQ(once, first_arrivals(schedule(arrivals::poisson, 1000, 1, 2, 5), 100));
  EXPECT_NE(once, first_arrivals(schedule(arrivals::poisson, 1000, 1, 2, 6), 100));
  EXPECT_NE(once, first_arrivals(schedule(arrivals::poisson, 1000, 0, 2, 5), 100));
}

}  // namespace
}  // namespace regatta::load
