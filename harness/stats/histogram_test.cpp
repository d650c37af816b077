#include "harness/stats/histogram.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace regatta::stats {
namespace {

// The exact answer that quantile() approximates.
std::uint64_t exact_quantile(std::vector<std::uint64_t> values, double q) {
  std::sort(values.begin(), values.end());
  auto const rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
  return values[rank == 0 ? 0 : rank - 1];
}

std::vector<std::uint64_t> log_uniform(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> exponent(0.0, 40.0);
  std::vector<std::uint64_t> values(n);
  for (auto& v : values) v = static_cast<std::uint64_t>(std::exp2(exponent(random)));
  return values;
}

TEST(Histogram, AnEmptyOneAnswersZeroAndHasNoBuckets) {
  histogram h;
  EXPECT_TRUE(h.empty());
  EXPECT_EQ(h.quantile(0.5), 0u);
  EXPECT_EQ(h.min(), 0u);
  EXPECT_EQ(h.max(), 0u);
  EXPECT_EQ(h.mean(), 0.0);
  EXPECT_TRUE(h.buckets().empty());
}

TEST(Histogram, SmallValuesAreExact) {
  histogram h;
  for (std::uint64_t v = 0; v != 256; ++v) h.record(v);
  for (std::uint64_t v = 0; v != 255; ++v) {
    EXPECT_EQ(h.quantile(static_cast<double>(v + 1) / 256.0), v);
  }
}

TEST(Histogram, EveryQuantileIsWithinOnePercentOfTheExactOne) {
  auto const values = log_uniform(20'000, 1);
  histogram h;
  for (auto v : values) h.record(v);
  for (double q : {0.0, 0.001, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    auto const exact = static_cast<double>(exact_quantile(values, q));
    EXPECT_NEAR(static_cast<double>(h.quantile(q)), exact, exact * 0.01) << "q = " << q;
  }
}

TEST(Histogram, EveryValueOfTheRangeComesBackWithinOnePercent) {
  for (unsigned shift = 0; shift != 64; ++shift) {
    for (std::uint64_t low : {0u, 1u, 77u}) {
      std::uint64_t const value = (std::uint64_t{1} << shift) + low;
      histogram h;
      h.record(value);
      h.record(0);
      h.record(std::numeric_limits<std::uint64_t>::max());
      auto const seen = static_cast<double>(h.quantile(0.5));
      EXPECT_NEAR(seen, static_cast<double>(value), static_cast<double>(value) * 0.01);
    }
  }
}

TEST(Histogram, MinimumAndMaximumAreExact) {
  histogram h;
  h.record(1'000'003);
  h.record(123'456'789);
  h.record(999'999'937);
  EXPECT_EQ(h.min(), 1'000'003u);
  EXPECT_EQ(h.max(), 999'999'937u);
  EXPECT_EQ(h.quantile(0.0), 1'000'003u);
  EXPECT_EQ(h.quantile(1.0), 999'999'937u);
}

TEST(Histogram, ASingleSlowCallAmongAThousandIsTheMaximumButNotTheP999) {
  histogram h;
  h.record(1'000, 999);
  h.record(5'000'000);
  EXPECT_NEAR(static_cast<double>(h.quantile(0.999)), 1'000.0, 10.0);
  EXPECT_EQ(h.max(), 5'000'000u);
}

TEST(Histogram, MergingPartsEqualsRecordingTheWhole) {
  auto const values = log_uniform(5'000, 2);
  histogram whole;
  histogram parts[3];
  for (std::size_t i = 0; i != values.size(); ++i) {
    whole.record(values[i]);
    parts[i % 3].record(values[i]);
  }
  histogram merged;
  for (auto const& part : parts) merged.merge(part);
  EXPECT_EQ(merged.buckets(), whole.buckets());
  EXPECT_EQ(merged.count(), whole.count());
}

// Lists of values of every size and shape: many magnitudes, one narrow hump, few distinct values.
std::vector<std::uint64_t> any_values(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::uint64_t> values(1 + random() % 400);
  std::uint64_t const shift = random() % 57;
  for (auto& v : values) {
    switch (seed % 3) {
      case 0:
        v = random() >> (random() % 64);
        break;
      case 1:
        v = (1'000 + random() % 50) << (shift % 40);
        break;
      default:
        v = std::uint64_t{7} << (random() % 3 + shift);
        break;
    }
  }
  return values;
}

TEST(Histogram, MergingInAnyOrderAndGroupingEqualsRecordingTheWhole) {
  for (std::uint64_t seed = 0; seed != 60; ++seed) {
    auto const a = any_values(seed), b = any_values(seed + 1), c = any_values(seed + 2);
    histogram ha, hb, hc, whole;
    for (auto const& [list, h] : {std::pair{&a, &ha}, std::pair{&b, &hb}, std::pair{&c, &hc}}) {
      for (auto v : *list) {
        h->record(v);
        whole.record(v);
      }
    }
    histogram left = ha;  // (a + b) + c
    left.merge(hb);
    left.merge(hc);
    histogram right = hc;  // c + (b + a), and nothing
    hb.merge(ha);
    right.merge(hb);
    right.merge(histogram());
    EXPECT_EQ(left.buckets(), whole.buckets()) << seed;
    EXPECT_EQ(right.buckets(), whole.buckets()) << seed;
    EXPECT_EQ(left.min(), whole.min());
    EXPECT_EQ(right.max(), whole.max());
    EXPECT_EQ(right.count(), a.size() + b.size() + c.size());
  }
}

TEST(Histogram, QuantilesOfMergedPartsAreWithinOnePercentOfTheExactOnes) {
  for (std::uint64_t seed = 0; seed != 120; ++seed) {
    auto values = any_values(seed);
    histogram merged;
    for (std::size_t from = 0; from < values.size(); from += 37) {
      histogram part;
      for (std::size_t i = from; i != std::min(from + 37, values.size()); ++i) {
        part.record(values[i]);
      }
      merged.merge(part);
    }
    for (double const q : {0.0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0}) {
      auto const exact = static_cast<double>(exact_quantile(values, q));
      EXPECT_NEAR(static_cast<double>(merged.quantile(q)), exact, exact * 0.01) << seed << " " << q;
    }
  }
}

TEST(Histogram, ListsSurviveTheJourneyThroughBuckets) {
  histogram h;
  for (auto v : log_uniform(5'000, 3)) h.record(v);
  auto const copy = histogram::from_buckets(h.buckets());
  EXPECT_EQ(copy.buckets(), h.buckets());
  EXPECT_EQ(copy.min(), h.min());
  EXPECT_EQ(copy.max(), h.max());
  EXPECT_EQ(copy.quantile(0.99), h.quantile(0.99));
}

TEST(Histogram, ListsAreJsonPairs) {
  histogram h;
  h.record(7, 3);
  h.record(100);
  nlohmann::json const json = h.buckets();
  EXPECT_EQ(json.dump(), "[[7,3],[100,1]]");
  EXPECT_EQ(json.get<std::vector<bucket>>(), h.buckets());
}

TEST(Histogram, TheMeanIsWithinOnePercent) {
  auto const values = log_uniform(10'000, 4);
  histogram h;
  double sum = 0.0;
  for (auto v : values) {
    h.record(v);
    sum += static_cast<double>(v);
  }
  double const exact = sum / static_cast<double>(values.size());
  EXPECT_NEAR(h.mean(), exact, exact * 0.01);
}

TEST(Histogram, TheShareUpToAValueCountsItsBucket) {
  histogram h;
  h.record(10, 3);
  h.record(20, 1);
  EXPECT_DOUBLE_EQ(h.share_up_to(9), 0.0);
  EXPECT_DOUBLE_EQ(h.share_up_to(10), 0.75);
  EXPECT_DOUBLE_EQ(h.share_up_to(20), 1.0);
}

TEST(Histogram, ClearingForgetsEverything) {
  histogram h;
  h.record(5);
  h.clear();
  EXPECT_EQ(h.buckets(), histogram().buckets());
  h.record(9);
  EXPECT_EQ(h.min(), 9u);
}

}  // namespace
}  // namespace regatta::stats
