#include "runtimes/interface/net.hpp"

#include <gtest/gtest.h>

#include "runtimes/interface/file.hpp"

namespace regatta {
namespace {

TEST(Endpoint, ReadsWhatItPrints) {
  for (auto const* text : {"127.0.0.1:80", "0.0.0.0:0", "[::1]:65535", "[2001:db8::1]:443",
                           "unix:/run/regatta.sock", "unix:@abstract"}) {
    auto const parsed = endpoint::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->text(), text);
  }
}

TEST(Endpoint, RefusesWhatIsNoEndpoint) {
  for (auto const* text :
       {"", ":", "80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:80x", "127.0.0:80", "::1:80", "[::1]", "[::1:80", "[]:80", "localhost:80",
        "unix:", "[::1]:+1", "1234567890123456789012345678901234567890123456789:1"}) {
    EXPECT_FALSE(endpoint::parse(text)) << text;
  }
}

TEST(Endpoint, RefusesAPathThatDoesNotFitInASocketAddress) {
  EXPECT_TRUE(endpoint::unix_path(std::string(107, 'x')));
  EXPECT_FALSE(endpoint::unix_path(std::string(108, 'x')));
  EXPECT_FALSE(endpoint::unix_path(std::string_view("a\0b", 3)));
}

TEST(Endpoint, ComparesByAddressPortAndKind) {
  EXPECT_EQ(endpoint::loopback(80), endpoint::parse("127.0.0.1:80"));
  EXPECT_NE(endpoint::loopback(80), endpoint::loopback(81));
  EXPECT_EQ(endpoint::loopback().with_port(9), endpoint::loopback(9));
  EXPECT_NE(endpoint::loopback(1), endpoint::loopback_v6(1));
}

TEST(IoExpected, HoldsAValueOrAnError) {
  io_expected<std::string> good(std::string("here"));
  EXPECT_TRUE(good);
  EXPECT_EQ(*good, "here");
  EXPECT_EQ(good.error(), 0);
  io_expected<std::string> bad(io_error{ECONNREFUSED});
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error(), ECONNREFUSED);
  EXPECT_EQ(bad.error_text(), "Connection refused");
}

TEST(IoExpected, ToTakeAValueThatIsNotThereEndsTheProgramWithASentence) {
  io_expected<int> bad(io_error{EIO});
  EXPECT_DEATH((void)*bad, "ask has_value");
}

TEST(IoResult, TellsTheEndFromAnError) {
  EXPECT_TRUE((io_result{0, 0}).is_end());
  EXPECT_FALSE((io_result{1, 0}).is_end());
  EXPECT_FALSE((io_result{0, EIO}).is_end());
  EXPECT_FALSE((io_result{0, EIO}).ok());
}

}  // namespace
}  // namespace regatta
