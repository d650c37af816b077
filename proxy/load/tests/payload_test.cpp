#include "proxy/load/payload.hpp"

#include <gtest/gtest.h>

#include <set>

namespace regatta::load {
namespace {

TEST(Payload, IsTheSameForWhoeverHasTheSeed) {
  payload const one(7), same(7), other(8);
  EXPECT_TRUE(same.holds(3, one.at(3), 1000));
  EXPECT_FALSE(other.holds(3, one.at(3), 1000));
}

TEST(Payload, NoticesEachByteThatChanges) {
  payload const stream(1);
  std::vector<u8> message(stream.at(100), stream.at(100) + 512);
  for (auto& byte : message) {
    byte ^= 1;
    EXPECT_FALSE(stream.holds(100, message.data(), message.size()));
    byte ^= 1;
  }
  EXPECT_TRUE(stream.holds(100, message.data(), message.size()));
}

TEST(Payload, GoesRoundAtItsPeriod) {
  payload const stream(1);
  u32 const near_the_end = payload::period - 10;
  EXPECT_EQ(payload::advanced(near_the_end, 15), 5u);
  EXPECT_TRUE(stream.holds(5, stream.at(near_the_end) + 15, 100));
}

TEST(Payload, ChecksMoreThanOnePieceHolds) {
  payload const stream(1);
  std::vector<u8> long_message;
  for (u32 position = 9; long_message.size() < 3 * payload::longest_piece;) {
    long_message.insert(long_message.end(), stream.at(position), stream.at(position) + 1000);
    position = payload::advanced(position, 1000);
  }
  EXPECT_TRUE(stream.holds(9, long_message.data(), long_message.size()));
  long_message.back() ^= 0x80;
  EXPECT_FALSE(stream.holds(9, long_message.data(), long_message.size()));
}

TEST(Payload, NoticesABufferOfAUsualSizeThatWasLostOrSentTwice) {
  payload const stream(1);
  for (u64 size = 64; size <= (u64{1} << 40); size *= 2) {
    EXPECT_FALSE(stream.holds(0, stream.at(payload::advanced(0, size)), 64)) << size;
  }
}

TEST(Payload, StartsElsewhereForEachConnection) {
  std::set<u32> starts;
  for (u64 connection = 0; connection != payload::period; ++connection) {
    starts.insert(payload::start_of(connection));
  }
  EXPECT_EQ(starts.size(), payload::period);
}

}  // namespace
}  // namespace regatta::load
