#include "harness/stats/measurements.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "harness/stats/benchmark_json.hpp"
#include "harness/stats/summary.hpp"

namespace regatta::stats {
namespace {

TEST(ReadSamples, PassesOverBadLinesAndKeepsTheGoodOnesOnBothSides) {
  std::istringstream in(
      "{\"block\":0,\"row\":\"a\",\"cell\":\"c\",\"outcome\":\"ok\",\"ns\":10,\"operations\":1}\n"
      "{\"block\":0,\"row\":\"a\",\"ce\n"
      "\n"
      "{\"block\":1,\"row\":\"a\",\"cell\":\"c\",\"outcome\":\"ok\",\"ns\":30,\"operations\":1}\n"
      "{\"block\":2,\"row\"");
  auto const file = read_samples(in);
  EXPECT_EQ(file.samples.samples(), 2u);
  EXPECT_EQ(file.samples.blocks(), 2u);
  ASSERT_EQ(file.bad_lines.size(), 2u);
  EXPECT_EQ(file.bad_lines[0].number, 2u);
  EXPECT_EQ(file.bad_lines[1].number, 5u);
  auto const ns = file.samples.find("c")->find("a")->ns_per_operation();
  EXPECT_EQ(ns, (block_values{{0, 10.0}, {1, 30.0}}));
}

TEST(Measurements, RowsAndCellsKeepTheOrderOfTheirFirstAppearance) {
  measurements all;
  for (auto const* row : {"z", "a", "z"}) {
    sample s;
    s.row = row;
    s.cell = std::string("cell of ") + row;
    all.add(s);
  }
  ASSERT_EQ(all.rows().size(), 2u);
  EXPECT_EQ(all.rows()[0].row, "z");
  EXPECT_EQ(all.cells()[1].cell, "cell of a");
  EXPECT_EQ(all.find("no such cell"), nullptr);
  EXPECT_EQ(all.find("cell of a")->find("z"), nullptr);
}

TEST(Measurements, ASampleWithoutTimeOrOperationsIsNoEvidence) {
  measurements all;
  sample s;
  s.row = "a";
  s.cell = "c";
  s.ns = 5;  // but no operations
  all.add(s);
  EXPECT_FALSE(all.find("c")->find("a")->measured());
}

// A file of samples in which much goes wrong, and everything that is counted occurs.
class SamplesOnDisk : public ::testing::Test {
 protected:
  SamplesOnDisk() {
    std::ofstream out(path_);
    for (unsigned i = 0; i != 400; ++i) {
      sample s;
      s.block = i / 80;
      s.round = i / 8 % 10;
      s.row = i % 4 == 0 ? "one" : i % 4 == 1 ? "two" : "three";
      s.cell = i % 8 < 5 || i < 200 ? "spawn tasks=10" : "join width=3";
      s.params = {{"tasks", i % 8}};
      s.iterations = 3 + i;
      s.ns = 1'000 + 7 * i;
      s.operations = 30;
      s.cpu_ns = 900 + i;
      s.allocations = i % 3;
      s.peak_rss_bytes = 1'000'000 + i % 17;
      s.voluntary_switches = i % 5;
      s.involuntary_switches = 1;
      s.threads_used = 1 + i % 2;
      s.counters = {{"polls", i}, {"parks", 2}};
      if (i % 3 == 0) s.latency_ns = {{90 + i, 5}, {100 + i, 80}, {5'000, 1}};
      if (i % 7 == 0) s.recording_ns = 20 + i % 11;
      if (i % 11 == 0) s.bytes = 300 + i;
      if (i % 13 == 0) s.compared_ns = 100 + i;
      if (i % 97 == 5) s.phase = "system_calls", s.system_calls = {{"read", i}};
      if (i % 89 == 7) s.outcome = outcome::timeout, s.reason = "visit " + std::to_string(i);
      out << format_sample(s) << '\n';
      if (i % 50 == 3) out << "{\"block\":" << i << ",\n";
      if (i % 50 == 9) out << "\n";
    }
    out << R"({"block":9,"row":"one","cell":"a last line without an end","outcome":"ok"})";
  }
  ~SamplesOnDisk() override { std::filesystem::remove(path_); }

  std::filesystem::path path_ = std::filesystem::path(::testing::TempDir()) /
                                ("samples_on_disk_" + std::to_string(::getpid()) + ".jsonl");
};

std::string everything_of(samples_file const& file) {
  nlohmann::ordered_json machine = nlohmann::ordered_json::object();
  auto document = summarise(file.samples, {.run = "r", .machine = machine, .plan = {}});
  for (bad_line const& bad : file.bad_lines) {
    document["bad"].push_back({bad.number, bad.reason});
  }
  document["benchmarks"] = benchmark_json(file.samples, machine);
  return document.dump();
}

TEST_F(SamplesOnDisk, AreTheSameHoweverManyThreadsReadThem) {
  std::ifstream in(path_);
  auto const streamed = read_samples(in);
  EXPECT_EQ(streamed.samples.samples(), 401u);
  ASSERT_EQ(streamed.bad_lines.size(), 8u);
  // The sixtieth or so: behind three bad lines, one empty one, and itself.
  EXPECT_EQ(streamed.bad_lines[1].number, 57u);
  for (std::size_t const threads : {1u, 2u, 3u, 7u, 64u, 2'000u}) {
    EXPECT_EQ(everything_of(read_samples(path_, threads)), everything_of(streamed)) << threads;
  }
  EXPECT_EQ(everything_of(read_samples(path_)), everything_of(streamed));
}

TEST(ReadSamples, AFileThatIsNotThereIsEmpty) {
  EXPECT_EQ(read_samples(std::filesystem::path("/no/such/file")).samples.samples(), 0u);
}

TEST(ReadSamples, ALineMayBeLongerThanWhatIsReadAtOnce) {
  sample s;
  s.row = "a";
  s.cell = "c";
  s.ns = s.operations = 1;
  s.reason = std::string(3u << 20, 'x');
  std::stringstream in(format_sample(s) + "\n" + format_sample(s) + "\n");
  auto const file = read_samples(in);
  EXPECT_EQ(file.samples.samples(), 2u);
  EXPECT_TRUE(file.bad_lines.empty());
}

TEST(Measurements, QuantilesAreThoseOfAHistogramWhateverTheOrderOfTheList) {
  measurements all;
  sample s;
  s.row = "a";
  s.cell = "c";
  s.ns = s.operations = 1;
  s.latency_ns = {{70'000, 1}, {100, 50}, {1'003, 49}, {1'004, 0}};
  all.add(s);
  auto const whole = histogram::from_buckets(s.latency_ns);
  auto const seen = all.find("c")->find("a")->blocks.at(0).latency_ns.at(0);
  EXPECT_EQ(seen.p50, static_cast<double>(whole.quantile(0.5)));
  EXPECT_EQ(seen.p90, static_cast<double>(whole.quantile(0.9)));
  EXPECT_EQ(seen.p99, static_cast<double>(whole.quantile(0.99)));
  EXPECT_EQ(seen.p999, static_cast<double>(whole.quantile(0.999)));
}

}  // namespace
}  // namespace regatta::stats
