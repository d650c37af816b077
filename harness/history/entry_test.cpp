#include "harness/history/entry.hpp"

#include <gtest/gtest.h>

#include "harness/stats/benchmark_json.hpp"
#include "harness/stats/summary.hpp"

namespace regatta::history {
namespace {

using json = nlohmann::ordered_json;

json machine() {
  return {{"date", "2026-11-28T17:37:13Z"},
          {"label", "quiet"},
          {"cpu", {{"model", "A CPU"}, {"logical", 2}}},
          {"git", {{"commit", "0123abcdef"}, {"dirty", false}}}};
}

stats::measurements small_run() {
  stats::measurements all;
  for (std::uint64_t block = 0; block != 6; ++block) {
    for (char const* row : {"a", "a#twin", "b/threads=1"}) {
      stats::sample s;
      s.block = block;
      s.row = row;
      s.twin = s.row.ends_with("#twin");
      s.scenario = "skynet";
      s.params = {{"leaves", 8}, {"style", "join"}};
      s.cell = "skynet leaves=8 style=join";
      s.iterations = 1;
      s.operations = 1'000;
      s.ns = 123'456'000 + block;
      all.add(s);
    }
  }
  return all;
}

json plan() {
  return {{"rows",
           {{{"row", "a"}, {"hello", {{"version", "1.2"}}}},
            {{"row", "a#twin"}, {"twin", true}, {"hello", {{"version", "1.2"}}}},
            {{"row", "b/threads=1"}},
            {{"row", "c"}, {"skipped", "no cargo"}}}}};
}

TEST(HistoryEntry, OfASummaryKeepsOneNumberForEachRowAndCell) {
  auto const summary =
      stats::summarise(small_run(), {.run = "a run", .machine = machine(), .plan = plan()});
  auto const entry = entry_of(summary);
  EXPECT_EQ(entry["run"], "a run");
  EXPECT_EQ(entry["commit"], "0123abcdef");
  EXPECT_EQ(entry["kind"]["cpu.model"], "A CPU");
  EXPECT_EQ(entry["spread"], summary["noise"]["spread"]);
  EXPECT_EQ(entry["versions"], json({{"a", "1.2"}}));
  EXPECT_EQ(
      entry["cells"].dump(),
      R"({"skynet leaves=8 style=join":{"unit":"ns","rows":{"a":123460.0,"b/threads=1":123460.0}}})");
  EXPECT_EQ(entry_of(entry), entry) << "an entry is one already";
}

TEST(HistoryEntry, OfOurBenchmarksFindsRowsAndCellsAgain) {
  auto const entry = entry_of(stats::benchmark_json(small_run(), machine()));
  EXPECT_EQ(
      entry["cells"].dump(),
      R"({"skynet leaves=8 style=join":{"unit":"ns","rows":{"a":123460.0,"b/threads=1":123460.0}}})");
  EXPECT_EQ(entry["date"], "2026-11-28T17:37:13Z");
  EXPECT_EQ(entry["commit"], "0123abcdef");
}

TEST(HistoryEntry, OfSomebodyElsesBenchmarksIsARowOfItsOwnName) {
  auto const entry = entry_of(json::parse(R"({"context":{"date":"2026-01-01","num_cpus":4},
    "benchmarks":[{"name":"BM_memcpy/8","run_type":"iteration","real_time":2.5,"time_unit":"us"},
                  {"name":"BM_sort","real_time":7,"time_unit":"ns"},
                  {"name":"BM_bad","error_occurred":true,"real_time":0},
                  {"name":"BM_sort_mean","run_type":"aggregate","real_time":9}]})"));
  EXPECT_EQ(
      entry["cells"].dump(),
      R"({"8":{"unit":"ns","rows":{"BM_memcpy":2500.0}},"BM_sort":{"unit":"ns","rows":{"BM_sort":7.0}}})");
}

TEST(HistoryEntry, OfAnythingElseIsNone) {
  for (char const* text : {"null", "[]", "{}", "3", R"({"what":"claims"})"}) {
    EXPECT_TRUE(entry_of(json::parse(text)).is_null()) << text;
  }
}

TEST(HistoryEntry, IsFiledByDateAndCommit) {
  json entry{{"run", "x"}, {"date", "2026-11-28T17:37:13Z"}, {"commit", "0123abcdef"}};
  EXPECT_EQ(file_name_of(entry), "2026-11-28T17-37-13Z-0123abcd.json");
  entry["date"] = "../../etc";
  EXPECT_EQ(file_name_of(entry), ".._.._etc-0123abcd.json");
  entry["date"] = entry["commit"] = nullptr;
  EXPECT_EQ(file_name_of(entry), "x.json");
}

}  // namespace
}  // namespace regatta::history
