// Tests of everything that is printed or written from a summary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/stats/benchmark_json.hpp"
#include "harness/stats/quantities.hpp"
#include "harness/stats/summary.hpp"
#include "harness/stats/summary_markdown.hpp"
#include "harness/stats/terminal_table.hpp"

namespace regatta::stats {
namespace {

using json = nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

sample visit(std::string row, std::string scenario, std::uint64_t block, double ns_per_operation) {
  sample s;
  s.block = block;
  s.row = std::move(row);
  s.twin = s.row.ends_with("#twin");
  s.scenario = std::move(scenario);
  s.params = {{"leaves", 1'000}, {"style", "join"}};
  s.cell = s.scenario + " leaves=1000 style=join";
  s.operations = 1'000;
  s.ns = static_cast<std::uint64_t>(ns_per_operation * 1'000.0);
  s.cpu_ns = s.ns;
  return s;
}

// alpha and beta tie, gamma is slower, delta crashes; a fifth row was never built.
measurements some_run() {
  measurements all;
  for (std::uint64_t block = 0; block != 6; ++block) {
    double const wind = 1.0 + 0.1 * static_cast<double>(block);
    double const own = block % 2 == 0 ? 1.01 : 0.99;
    auto alpha = visit("alpha", "skynet", block, 1'000 * wind);
    alpha.threads_used = block == 3 ? 3 : 1;
    all.add(alpha);
    all.add(visit("alpha#twin", "skynet", block, 1'000 * wind * own));
    all.add(visit("beta/threads=1", "skynet", block, 1'001 * wind * own));
    auto gamma = visit("gamma", "skynet", block, 1'500 * wind);
    gamma.latency_ns = {{1'000, 900}, {20'000, 100}};
    all.add(gamma);
    auto delta = visit("delta|1", "skynet", block, 1);
    delta.outcome = outcome::crashed;
    delta.reason =
        "the contender died of signal 11 (segmentation fault); its last words stand in the log of "
        "this row, and they are far too long for a line of a terminal";
    all.add(delta);
  }
  return all;
}

json some_summary() {
  auto const plan = json::parse(R"({"blocks":6,"seed":1,"rows":[
    {"row":"alpha","hello":{"language":"c++","version":"1.2","scheduling":"work-stealing","io":"epoll",
     "allocator":"glibc malloc","track":"default","threads":2}},{"row":"alpha#twin","twin":true},{"row":"beta/threads=1"},{"row":"gamma"},
    {"row":"delta|1"},{"row":"tokio","skipped":"cargo was not found"}]})");
  auto const machine = json::parse(
      R"({"label":"shared","cpu":{"model":"A CPU","cores":2},"kernel":{"release":"6.1"}})");
  return summarise(some_run(), {.run = "today", .machine = machine, .plan = plan});
}

std::vector<std::string> lines_of(std::string const& text) {
  std::vector<std::string> lines(1);
  for (char const c : text) {
    if (c == '\n')
      lines.emplace_back();
    else
      lines.back() += c;
  }
  return lines;
}

TEST(TerminalTable, NoLineIsLongerThanThePage) {
  for (std::size_t columns : {60u, 80u, 100u, 200u}) {
    for (auto const& line : lines_of(terminal_table(some_summary(), {.columns = columns}))) {
      EXPECT_LE(columns_of(line), columns) << line;
    }
  }
}

TEST(TerminalTable, ShowsTheBestTimeRatiosTiesAndFailures) {
  auto const text = terminal_table(some_summary(), {.columns = 200});
  EXPECT_THAT(text, HasSubstr("skynet  leaves=1000 style=join\n"));
  EXPECT_THAT(text, HasSubstr("alpha          beta/threads=1"));
  EXPECT_THAT(text, HasSubstr("1.25 µs 1.0c   ≈ 1.00 [0.99, 1.01] 1.0c   1.50 [1.50, 1.50] 1.0c"));
  EXPECT_THAT(text, HasSubstr("crashed\n"));
  EXPECT_THAT(text, HasSubstr("latency p50 / p99"));
  EXPECT_THAT(text, HasSubstr("1.00 µs / 20.0 µs"));
  EXPECT_THAT(text, HasSubstr("delta|1: crashed: the contender died of signal 11"));
  EXPECT_THAT(text, HasSubstr("(skynet leaves=1000 style=join)"));
  EXPECT_THAT(text, HasSubstr("tokio takes no part: cargo was not found\n"));
}

TEST(TerminalTable, OnlyParametersThatDifferStandInTheLines) {
  measurements all;
  for (int width : {3, 10}) {
    auto s = visit("alpha", "join", 0, 10);
    s.params = {{"style", "spawn"}, {"width", width}};
    s.cell = "join style=spawn width=" + std::to_string(width);
    all.add(s);
  }
  auto const text = terminal_table(summarise(all, {}));
  EXPECT_THAT(text, HasSubstr("join  style=spawn\n"));
  EXPECT_THAT(text, HasSubstr("\n  width=3 "));
  EXPECT_THAT(text, HasSubstr("\n  width=10 "));
}

TEST(TerminalTable, NamesTheNoiseFloorTheEvidenceAndTheMachine) {
  auto const text = terminal_table(some_summary(), {.columns = 300});
  EXPECT_THAT(text, HasSubstr("Noise floor "));
  EXPECT_THAT(text, HasSubstr("machine: shared"));
  EXPECT_THAT(text, HasSubstr("96.9 %"));
  EXPECT_THAT(text, HasSubstr("A CPU, 2 cores, Linux 6.1"));
  EXPECT_THAT(text, Not(HasSubstr("alpha#twin")));
}

TEST(TerminalTable, NamesEachRowsVersionBackEndAndThreads) {
  auto const text = terminal_table(some_summary(), {.columns = 200});
  EXPECT_THAT(text, HasSubstr("\nalpha: c++ 1.2, work-stealing, epoll, glibc malloc; 2 threads set "
                              "up, 3 seen at work\n"));
  auto const page = summary_markdown(some_summary());
  EXPECT_THAT(page, HasSubstr("\n| alpha | c++ 1.2, work-stealing, epoll, glibc malloc; 2 threads "
                              "set up, 3 seen at work |\n"));
}

TEST(TerminalTable, PaintsOnlyWhenAskedTo) {
  EXPECT_THAT(terminal_table(some_summary()), Not(HasSubstr("\x1b[")));
  EXPECT_THAT(terminal_table(some_summary(), {.color = true}), HasSubstr("\x1b[32m"));
}

TEST(TerminalTable, AnEmptyRunStillSaysThatItKnowsNothing) {
  EXPECT_THAT(terminal_table(summarise({}, {})), HasSubstr("Noise floor unknown"));
}

TEST(SummaryMarkdown, HoldsEveryRowOfEveryCell) {
  auto const text = summary_markdown(some_summary());
  EXPECT_THAT(text, HasSubstr("# Run today"));
  EXPECT_THAT(text, HasSubstr("### skynet leaves=1000 style=join"));
  EXPECT_THAT(text, HasSubstr("| alpha | 1 | **best** |"));
  EXPECT_THAT(text, HasSubstr("| alpha#twin |  | (A/A twin) |"));
  EXPECT_THAT(text, HasSubstr("| delta\\|1 | | crashed: the contender died"));
  EXPECT_THAT(text, HasSubstr("| tokio | | skipped: cargo was not found"));
  EXPECT_THAT(text, HasSubstr("| gamma | 1.00 µs |"));
}

TEST(BenchmarkJson, HasARepetitionForEachBlockAndTheFourAggregates) {
  auto const document = benchmark_json(some_run(), {});
  std::vector<json> gamma;
  for (auto const& entry : document["benchmarks"]) {
    if (entry["run_name"] == "gamma/skynet/leaves:1000/style:join") gamma.push_back(entry);
  }
  ASSERT_EQ(gamma.size(), 6u + 4u);
  EXPECT_EQ(gamma[0]["run_type"], "iteration");
  EXPECT_EQ(gamma[0]["name"], gamma[0]["run_name"]);
  EXPECT_EQ(gamma[0]["real_time"], 1'500.0);
  EXPECT_EQ(gamma[0]["time_unit"], "ns");
  EXPECT_EQ(gamma[5]["repetition_index"], 5);
  EXPECT_EQ(gamma[6]["name"], "gamma/skynet/leaves:1000/style:join_mean");
  EXPECT_EQ(gamma[6]["aggregate_name"], "mean");
  EXPECT_NEAR(gamma[6]["real_time"].get<double>(), 1'500.0 * 1.25, 1e-6);
  EXPECT_NEAR(gamma[7]["real_time"].get<double>(), 1'500.0 * 1.25, 1e-6);
  // The standard deviation of 0, 0.1, …, 0.5 is 0.18708.
  EXPECT_NEAR(gamma[8]["real_time"].get<double>(), 1'500.0 * 0.18708, 0.1);
  EXPECT_EQ(gamma[9]["aggregate_unit"], "percentage");
  EXPECT_NEAR(gamma[9]["real_time"].get<double>(), 0.18708 / 1.25, 1e-4);
}

TEST(BenchmarkJson, AFailureIsAnErrorAndNotANumber) {
  auto const document = benchmark_json(some_run(), {});
  int errors = 0;
  for (auto const& entry : document["benchmarks"]) {
    if (!entry.contains("error_occurred")) continue;
    ++errors;
    EXPECT_EQ(entry["run_name"], "delta|1/skynet/leaves:1000/style:join");
    EXPECT_THAT(entry["error_message"].get<std::string>(), HasSubstr("crashed: "));
  }
  EXPECT_EQ(errors, 1);
}

TEST(BenchmarkJson, TakesItsContextFromTheMachine) {
  auto const machine = json::parse(
      R"({"date":"2026-11-22T12:00:00+00:00","cpu":{"logical":2,"mhz":2600.0},"load":{"average":[0.1,0.2,0.3]}})");
  auto const context = benchmark_json({}, machine)["context"];
  EXPECT_EQ(context["num_cpus"], 2);
  EXPECT_EQ(context["mhz_per_cpu"], 2600.0);
  EXPECT_EQ(context["load_avg"].size(), 3u);
  EXPECT_EQ(benchmark_json({}, {})["context"]["num_cpus"], 0);
}

}  // namespace
}  // namespace regatta::stats
