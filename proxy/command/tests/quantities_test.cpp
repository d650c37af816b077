#include "proxy/command/quantities.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace regatta::proxy::command {
namespace {

using std::chrono::milliseconds;

TEST(Durations, AreReadInEveryUnit) {
  EXPECT_EQ(parse_duration("0"), milliseconds(0));
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("10s"), milliseconds(10'000));
  EXPECT_EQ(parse_duration("2m"), milliseconds(120'000));
  EXPECT_EQ(parse_duration("1h"), milliseconds(3'600'000));
}

TEST(Durations, WhatIsNoneIsRefused) {
  // A number alone might be seconds or milliseconds: it is asked which.
  for (auto const text : {"", "10", "ms", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ", "1S", "1d",
                          "99999999999999999999s", "99999999999h", "0x1s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Durations, TheirTextIsReadAsTheSame) {
  for (auto const length : {0, 1, 999, 1'000, 1'500, 60'000, 90'000, 3'600'000, 5'400'000}) {
    EXPECT_EQ(parse_duration(duration_text(milliseconds(length))), milliseconds(length));
  }
  EXPECT_EQ(duration_text(milliseconds(120'000)), "2m");
}

TEST(Sizes, AreReadInPowersOf1024) {
  EXPECT_EQ(parse_bytes("0"), 0u);
  EXPECT_EQ(parse_bytes("16384"), 16'384u);
  EXPECT_EQ(parse_bytes("1B"), 1u);
  EXPECT_EQ(parse_bytes("64K"), 65'536u);
  EXPECT_EQ(parse_bytes("64KiB"), 65'536u);
  EXPECT_EQ(parse_bytes("1M"), 1'048'576u);
  EXPECT_EQ(parse_bytes("2G"), 2'147'483'648u);
  EXPECT_EQ(parse_bytes("18446744073709551615"), std::numeric_limits<u64>::max());
}

TEST(Sizes, WhatIsNoneIsRefused) {
  for (auto const text :
       {"", "K", "-1", "1k", "1.5K", "1 K", "1T", "18446744073709551616", "18014398509481984K"}) {
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace regatta::proxy::command
