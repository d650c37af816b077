#include "harness/stats/quantities.hpp"

#include <gtest/gtest.h>

namespace regatta::stats {
namespace {

TEST(Quantities, DurationsHaveThreeDigitsAndAUnit) {
  EXPECT_EQ(duration_text(0.0), "0.00 ns");
  EXPECT_EQ(duration_text(0.4231), "0.42 ns");
  EXPECT_EQ(duration_text(123.4), "123 ns");
  EXPECT_EQ(duration_text(999.4), "999 ns");
  EXPECT_EQ(duration_text(999.6), "1.00 µs");
  EXPECT_EQ(duration_text(1'234.0), "1.23 µs");
  EXPECT_EQ(duration_text(45'600'000.0), "45.6 ms");
  EXPECT_EQ(duration_text(123e9), "123 s");
}

TEST(Quantities, BytesCountInPowersOfTwo) {
  EXPECT_EQ(bytes_text(512), "512 B");
  EXPECT_EQ(bytes_text(1'536), "1.50 KiB");
  EXPECT_EQ(bytes_text(24.0 * 1024 * 1024), "24.0 MiB");
}

TEST(Quantities, NumbersKeepThreeSignificantDigits) {
  EXPECT_EQ(number_text(0.0), "0");
  EXPECT_EQ(number_text(0.001234), "0.00123");
  EXPECT_EQ(number_text(1.0), "1.00");
  EXPECT_EQ(number_text(12'345.0), "12345");
  EXPECT_EQ(percent_text(0.0213), "2.1 %");
  EXPECT_EQ(percent_text(0.3), "30 %");
}

TEST(Quantities, IntervalsShareTheUnitOfTheirMedian) {
  EXPECT_EQ(interval_text({{"median", 990.0}, {"low", 900.0}, {"high", 1'100.0}}, "ns"),
            "990 ns [900, 1100]");
  EXPECT_EQ(ratio_text({{"median", 1.341}, {"low", 1.3}, {"high", 1.384}}), "1.34 [1.30, 1.38]");
  EXPECT_EQ(ratio_text({{"median", 0.5}, {"low", 0.4}, {"high", 0.6}}), "0.50 [0.40, 0.60]");
}

TEST(Quantities, PaddingCountsCharactersAndNotBytes) {
  EXPECT_EQ(columns_of("1.23 µs ≈"), 9u);
  EXPECT_EQ(left("µs", 4), "µs  ");
  EXPECT_EQ(right("≈", 3), "  ≈");
  EXPECT_EQ(right("longer", 3), "longer");
}

}  // namespace
}  // namespace regatta::stats
