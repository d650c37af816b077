#include "harness/protocol/reply.hpp"

#include <gtest/gtest.h>

namespace regatta::protocol {
namespace {

TEST(Reply, AHelloSurvivesTheWire) {
  hello_reply sent;
  sent.runtime = "tokio";
  sent.variants = {"", "current_thread"};
  sent.capabilities = {"timer", "net"};
  sent.threads = 2;
  sent.pid = 123;
  const auto back = parse_reply(format(sent));
  ASSERT_TRUE(back) << back.error;
  EXPECT_EQ(to_json(std::get<hello_reply>(*back)), to_json(sent));
}

TEST(Reply, ASampleSurvivesTheWire) {
  sample sent;
  sent.iterations = 3;
  sent.ns = 900;
  sent.cpu_ns = 1800;
  sent.operations = 30;
  sent.answer = 18'446'744'073'709'551'615u;
  sent.answers_differ = true;
  sent.allocations = 0;
  sent.switches = context_switches{1, 2};
  sent.threads_used = 2;
  sent.counters = {{"polls", 30}};
  sent.latencies = latency{{{100, 2}, {200, 1}}};
  const auto back = parse_reply(format(sent));
  ASSERT_TRUE(back) << back.error;
  EXPECT_EQ(to_json(std::get<sample>(*back)), to_json(sent));
  EXPECT_EQ(std::get<sample>(*back).answer, sent.answer);
}

TEST(Reply, WhatASampleDoesNotSayIsAbsentAndNotZero) {
  const auto back = parse_reply(R"({"sample":{"ns":1,"operations":1,"answer":1}})");
  ASSERT_TRUE(back) << back.error;
  EXPECT_FALSE(std::get<sample>(*back).cpu_ns);
  EXPECT_FALSE(std::get<sample>(*back).latencies);
  EXPECT_FALSE(to_json(std::get<sample>(*back)).contains("allocations"));
}

TEST(Reply, SmallMessagesSurviveTheWire) {
  EXPECT_TRUE(std::holds_alternative<ready>(*parse_reply(format(ready{}))));
  EXPECT_TRUE(std::holds_alternative<done>(*parse_reply(format(done{}))));
  EXPECT_TRUE(std::holds_alternative<list_end>(*parse_reply(format(list_end{}))));
  const auto failed = parse_reply(format(error{"unsupported", "no timer"}));
  EXPECT_EQ(std::get<error>(*failed).reason, "no timer");
  const auto entry = parse_reply(format(list_entry{"yield", {{"tasks", 200}}, "why not"}));
  EXPECT_EQ(std::get<list_entry>(*entry).unsupported, "why not");
}

TEST(Reply, AReasonThatIsNoUtf8IsRepairedAndNotLost) {
  const auto back = parse_reply(format(error{"failed", "bad \xff byte"}));
  ASSERT_TRUE(back) << back.error;
  EXPECT_EQ(std::get<error>(*back).reason, "bad \xEF\xBF\xBD byte");
}

TEST(Reply, AnErrorSaysWhatWasExpectedAndWhatCame) {
  EXPECT_EQ(parse_reply("Hello, world").error,
            "expected one JSON object on the line; got: Hello, world");
  EXPECT_EQ(parse_reply("[1]").error, "expected a JSON object; got another JSON value: [1]");
  EXPECT_EQ(parse_reply(R"({"sample":{"operations":1,"answer":1}})").error,
            "sample.ns must be a whole number, 0 or more; it is missing");
  EXPECT_EQ(parse_reply(R"({"sample":{"ns":1.5,"operations":1,"answer":1}})").error,
            "sample.ns must be a whole number, 0 or more; got 1.5");
  EXPECT_EQ(parse_reply(R"({"error":"oops"})").error,
            "error must be \"failed\", \"unsupported\" or \"protocol\"; got oops");
  EXPECT_EQ(parse_reply(R"({"hello":3,"runtime":"x"})").error,
            "the contender speaks protocol 3; this driver speaks protocol 1");
  EXPECT_EQ(
      parse_reply(R"({"sample":{"ns":1,"operations":1,"answer":1,"latency":{"buckets":[[1]]}}})")
          .error,
      "sample.latency.buckets must hold [value, count] pairs of whole numbers; got [1]");
}

TEST(Reply, NamesEveryFieldThatIsWrong) {
  const auto parsed = parse_reply(
      R"({"sample":{"ns":-1,"operations":"9","answer":1,"context_switches":{"voluntary":1.5}}})");
  EXPECT_EQ(
      parsed.errors,
      (std::vector<std::string>{
          "sample.ns must be a whole number, 0 or more; got -1",
          "sample.operations must be a whole number, 0 or more; got \"9\"",
          "sample.context_switches.voluntary must be a whole number, 0 or more; got 1.5",
          "sample.context_switches.involuntary must be a whole number, 0 or more; it is missing",
      }));
  EXPECT_EQ(parsed.error, parsed.errors.front());
}

TEST(Reply, AMessageIsKnownByItsKeyWhateverItsFields) {
  EXPECT_EQ(key_of(R"({"sample":7})"), "sample");
  EXPECT_EQ(key_of(R"({"scenario":[]})"), "scenario");
  EXPECT_EQ(key_of(R"({"error":1,"hello":1})"), "error");
  EXPECT_EQ(key_of(R"({"song":1})"), "");
  EXPECT_EQ(key_of("no JSON"), "");
}

TEST(Reply, AnExcerptIsShortAndPrintable) {
  EXPECT_EQ(excerpt("a\x1b[0m"), "a\\x1b[0m");
  EXPECT_EQ(excerpt(std::string(100, 'x'), 3), "xxx…");
}

}  // namespace
}  // namespace regatta::protocol
