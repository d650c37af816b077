#include "harness/stats/sample.hpp"

#include <gtest/gtest.h>

namespace regatta::stats {
namespace {

constexpr std::string_view whole_line =
    R"({"block":1,"round":3,"turn":2,"row":"work_stealing/threads=1","contender":"work_stealing",)"
    R"("variant":"threads=1","twin":false,"scenario":"skynet","params":{"leaves":1000,"fan_out":10},)"
    R"("cell":"skynet leaves=1000 fan_out=10","outcome":"ok","reason":"","iterations":12,"ns":123,)"
    R"("cpu_ns":124,"operations":13332,"answer":499500,"expected":499500,"allocations":7,)"
    R"("peak_rss_bytes":4096,"context_switches":{"voluntary":1,"involuntary":2},"threads_used":2,)"
    R"("counters":{"polls":9},"latency":{"unit":"ns","buckets":[[5,1],[9,2]]},"exchange_ns":130})";

// A line with the fields that none may lack, and `more`.
std::string line_with(std::string const& more) {
  return R"({"row":"a","cell":"c","outcome":"ok",)" + more + "}";
}

TEST(Sample, IsReadFromItsLineAndWrittenBackTheSame) {
  auto const parsed = parse_sample(whole_line);
  ASSERT_TRUE(parsed.value) << parsed.error;
  EXPECT_EQ(parsed.value->cell, "skynet leaves=1000 fan_out=10");
  EXPECT_EQ(parsed.value->involuntary_switches, 2u);
  EXPECT_EQ(parsed.value->latency_ns.size(), 2u);
  EXPECT_TRUE(parsed.value->measured());
  EXPECT_EQ(format_sample(*parsed.value), whole_line);
}

TEST(Sample, WhatAContenderDidNotReportIsNothing) {
  auto const parsed = parse_sample(line_with(R"("ns":1,"operations":1,"cpu_ns":null,"more":[])"));
  ASSERT_TRUE(parsed.value) << parsed.error;
  EXPECT_FALSE(parsed.value->cpu_ns.has_value());
  EXPECT_FALSE(parsed.value->threads_used.has_value());
}

TEST(Sample, AnOutcomeThatIsNotOkCarriesNoTime) {
  auto parsed = parse_sample(whole_line);
  parsed.value->outcome = outcome::wrong_answer;
  parsed.value->reason = "answered 1";
  auto const line = format_sample(*parsed.value);
  EXPECT_EQ(line.find("\"ns\""), line.npos);
  EXPECT_NE(line.find("\"answer\":499500"), line.npos);
  EXPECT_FALSE(parse_sample(line).value->measured());
}

TEST(Sample, CalibrationIsNoMeasurement) {
  auto parsed = parse_sample(line_with(R"("ns":1,"operations":1,"phase":"calibration")"));
  ASSERT_TRUE(parsed.value) << parsed.error;
  EXPECT_FALSE(parsed.value->measured());
}

TEST(Sample, AllOutcomesSurviveTheirNames) {
  for (auto const* name : {"ok", "wrong_answer", "unsupported", "skipped", "failed", "timeout",
                           "crashed", "out_of_memory"}) {
    auto const o = outcome_from(name);
    ASSERT_TRUE(o) << name;
    EXPECT_EQ(to_string(*o), name);
  }
  EXPECT_FALSE(outcome_from("great").has_value());
}

TEST(Sample, ABadLineIsASentenceAndNeverAnException) {
  EXPECT_EQ(parse_sample("").error, "it is not JSON (cut off or damaged)");
  EXPECT_EQ(parse_sample(whole_line.substr(0, 200)).error, "it is not JSON (cut off or damaged)");
  EXPECT_EQ(parse_sample("[1]").error, "it is not a JSON object");
  EXPECT_NE(parse_sample("{}").error, "");
  EXPECT_NE(parse_sample(R"({"row":1,"cell":"c","outcome":"ok"})").error, "");
  EXPECT_NE(parse_sample(line_with(R"("ns":"x")")).error, "");
  EXPECT_NE(parse_sample(line_with(R"("latency":{"buckets":[[1]]})")).error, "");
  EXPECT_NE(parse_sample(line_with(R"("latency":7)")).error, "");
  EXPECT_EQ(parse_sample(R"({"row":"a","cell":"c","outcome":"fine"})").error,
            "it has the unknown outcome \"fine\"");
}

TEST(Sample, ANegativeNumberIsNotAGreatOne) {
  EXPECT_NE(parse_sample(line_with(R"("ns":-5,"operations":1)")).error, "");
}

TEST(Sample, ReasonsThatAreNoUtf8AreKeptReadable) {
  sample s;
  s.row = "a";
  s.cell = "c";
  s.outcome = outcome::crashed;
  s.reason = "said \xff\xfe";
  EXPECT_TRUE(parse_sample(format_sample(s)).value.has_value());
}

}  // namespace
}  // namespace regatta::stats
