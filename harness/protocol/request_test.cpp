#include "harness/protocol/request.hpp"

#include <gtest/gtest.h>

namespace regatta::protocol {
namespace {

TEST(Request, AHelloSurvivesTheWire) {
  const auto back = parse_request(format(hello{"threads=1", 2, 42, 30}));
  ASSERT_TRUE(back) << back.error;
  const auto& message = std::get<hello>(*back);
  EXPECT_EQ(message.variant, "threads=1");
  EXPECT_EQ(message.threads, 2u);
  EXPECT_EQ(message.seed, 42u);
  EXPECT_EQ(message.slowdown_percent, 30u);
}

TEST(Request, AHelloNeedsOnlyItsVersion) {
  const auto back = parse_request(R"({"hello":1})");
  ASSERT_TRUE(back) << back.error;
  EXPECT_EQ(std::get<hello>(*back).threads, 0u);
}

TEST(Request, AHelloOfAnotherVersionIsRefusedInWords) {
  const auto back = parse_request(R"({"hello":2})");
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error, "the driver speaks protocol 2; this contender speaks protocol 1");
}

TEST(Request, APrepareKeepsTheOrderAndTypesOfItsParameters) {
  const std::string line =
      R"({"prepare":{"scenario":"join","params":{"width":3,"style":"spawn","delay_us":0}}})";
  const auto back = parse_request(line);
  ASSERT_TRUE(back) << back.error;
  EXPECT_EQ(format(*back), line);
}

TEST(Request, UnknownKeysAreIgnored) {
  const auto back = parse_request(R"({"run":{"iterations":5,"later":[1]},"and":null})");
  ASSERT_TRUE(back) << back.error;
  EXPECT_EQ(std::get<run>(*back).iterations, 5u);
  EXPECT_EQ(std::get<run>(*back).samples, 1u);
}

TEST(Request, ListAndQuitSurviveTheWire) {
  EXPECT_TRUE(std::holds_alternative<list>(*parse_request(format(list{}))));
  EXPECT_TRUE(std::holds_alternative<quit>(*parse_request(format(quit{}))));
}

TEST(Request, AnErrorSaysWhatWasExpectedAndWhatCame) {
  EXPECT_EQ(parse_request(R"({"run":{"iterations":-1}})").error,
            "run.iterations must be a whole number, 0 or more; got -1");
  EXPECT_EQ(parse_request(R"({"run":{"iterations":0}})").error,
            "run.iterations must be 1 or more; got 0");
  EXPECT_EQ(parse_request(R"({"run":{}})").error,
            "run.iterations must be a whole number, 0 or more; it is missing");
  EXPECT_EQ(parse_request(R"({"prepare":{"scenario":"x","params":{"n":1.5}}})").error,
            "prepare: params.n must be a whole number (0 or more) or a string; got 1.5");
  EXPECT_EQ(parse_request(R"({"prepare":7})").error, "request.prepare must be an object; got 7");
  EXPECT_EQ(parse_request("{}").error,
            "a request is one of hello, list, prepare, run, quit; got: {}");
}

}  // namespace
}  // namespace regatta::protocol
