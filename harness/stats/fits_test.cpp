#include "harness/stats/fits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/stats/fit_tables.hpp"
#include "harness/stats/quantities.hpp"
#include "harness/stats/summary.hpp"
#include "harness/stats/summary_markdown.hpp"
#include "harness/stats/terminal_table.hpp"
#include "harness/stats/usl_fit.hpp"

namespace regatta::stats {
namespace {

using json = nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

sample visit(std::string row, std::string scenario, json params, std::uint64_t block) {
  sample s;
  s.block = block;
  s.row = std::move(row);
  s.twin = s.row.ends_with("#twin");
  s.scenario = std::move(scenario);
  s.cell = s.scenario;
  for (auto const& [name, value] : params.items()) s.cell += " " + name + "=" + value.dump();
  s.params = std::move(params);
  s.iterations = 1;
  s.operations = 1;
  s.ns = 1'000'000;
  return s;
}

sample memory_visit(std::string row, std::string kind, std::uint64_t tasks, std::uint64_t block,
                    double bytes) {
  auto s = visit(std::move(row), "memory", {{"kind", std::move(kind)}, {"tasks", tasks}}, block);
  s.counters["bytes"] = static_cast<std::uint64_t>(bytes);
  return s;
}

// Operations are so many that rounding to whole nanoseconds is lost in them.
sample scaling_visit(std::string row, std::uint64_t threads, std::uint64_t block, double rate) {
  auto s = visit(std::move(row), "scaling", {{"work", "fib"}, {"threads", threads}}, block);
  s.operations = 1'000'000'000;
  s.ns = static_cast<std::uint64_t>(1e9 * 1e9 / rate);
  return s;
}

json machine_of(std::size_t processors) {
  json machine{{"cpu", {{"logical", 99}}}};
  for (std::size_t cpu = 0; cpu != processors; ++cpu) machine["cpu"]["allowed"].push_back(cpu);
  return machine;
}

// In each block alpha takes one byte a task more than in the block before.
measurements memory_run() {
  measurements all;
  for (std::uint64_t block = 0; block != 6; ++block) {
    for (std::uint64_t const tasks : {0u, 1'000u, 10'000u, 100'000u}) {
      double const n = static_cast<double>(tasks);
      double const slope = 300.0 + static_cast<double>(block);
      all.add(memory_visit("alpha", "sleep", tasks, block, 4e6 + slope * n));
      all.add(memory_visit("alpha#twin", "sleep", tasks, block, 4e6 + slope * n));
      all.add(memory_visit("alpha", "receive", tasks, block, 4e6 + 2.0 * slope * n));
      if (tasks < 10'000) all.add(memory_visit("be|ta", "sleep", tasks, block, 2e6 + 100.0 * n));
    }
  }
  return all;
}

json plan_on_shards(measurements const& samples, std::uint64_t shard_of_the_last) {
  json plan{{"cells", json::array()}};
  for (auto const& cell : samples.cells())
    plan["cells"].push_back({{"cell", cell.cell}, {"shard", 1}});
  plan["cells"].back()["shard"] = shard_of_the_last;
  return plan;
}

TEST(Fits, CellsOfSeveralMachinesMakeNoCurve) {
  auto const samples = memory_run();
  auto const together = fits_of(samples, {}, plan_on_shards(samples, 1))["lines"];
  auto const apart = fits_of(samples, {}, plan_on_shards(samples, 2))["lines"];
  std::size_t refused = 0;
  for (std::size_t i = 0; i != together.size(); ++i) {
    if (apart[i] == together[i]) continue;
    ++refused;
    EXPECT_THAT(apart[i]["reason"].get<std::string>(), HasSubstr("different machines"));
    EXPECT_FALSE(apart[i].contains("slope"));
    EXPECT_EQ(apart[i]["kind"], "receive");
  }
  EXPECT_EQ(refused, 1u);
}

TEST(Fits, AFurtherTasksMemoryIsASlopeForEachRowAndKind) {
  auto const lines = fits_of(memory_run(), {})["lines"];
  ASSERT_EQ(lines.size(), 3u);
  json const& sleep = lines[0];
  EXPECT_EQ(sleep["row"], "alpha");
  EXPECT_EQ(sleep["kind"], "sleep");
  EXPECT_EQ(sleep["reason"], "");
  EXPECT_EQ(sleep["blocks"], 6);
  EXPECT_EQ(sleep["points"], 24);
  EXPECT_NEAR(sleep["slope"]["median"].get<double>(), 302.5, 1e-3);
  EXPECT_NEAR(sleep["slope"]["low"].get<double>(), 300.0, 1e-3);
  EXPECT_NEAR(sleep["slope"]["high"].get<double>(), 305.0, 1e-3);
  EXPECT_NEAR(sleep["slope"]["confidence"].get<double>(), 0.96875, 1e-9);
  EXPECT_NEAR(sleep["intercept"]["median"].get<double>(), 4e6, 1.0);
  EXPECT_NEAR(sleep["pooled"]["slope"].get<double>(), 302.5, 0.1);
  EXPECT_GT(sleep["pooled"]["slope_error"].get<double>(), 0.1);
  EXPECT_LT(sleep["pooled"]["slope_error"].get<double>(), 1.0);
  EXPECT_TRUE(sleep["straight"]);
  EXPECT_EQ(lines[1]["kind"], "receive");
  EXPECT_NEAR(lines[1]["slope"]["median"].get<double>(), 605.0, 1e-3);
}

TEST(Fits, TooFewSizesAreAReasonAndNotASlope) {
  auto const beta = fits_of(memory_run(), {})["lines"][2];
  EXPECT_EQ(beta["row"], "be|ta");
  EXPECT_THAT(beta["reason"].get<std::string>(), HasSubstr("not enough points"));
  EXPECT_FALSE(beta.contains("slope"));
}

TEST(Fits, BytesAreThoseOfOneRunHoweverManyASampleHolds) {
  measurements all;
  for (std::uint64_t const tasks : {0u, 100u, 1'000u}) {
    auto s =
        memory_visit("alpha", "sleep", tasks, 0, 3.0 * (1e6 + 50.0 * static_cast<double>(tasks)));
    s.iterations = 3;
    all.add(s);
  }
  EXPECT_NEAR(fits_of(all, {})["lines"][0]["slope"]["median"].get<double>(), 50.0, 1e-3);
}

TEST(Fits, ACellThatFailedIsNoPoint) {
  auto all = memory_run();
  auto failed = memory_visit("alpha", "sleep", 100'000, 3, 9e9);
  failed.outcome = outcome::out_of_memory;
  all.add(failed);
  EXPECT_EQ(fits_of(all, {})["lines"][0]["points"], 18);
}

measurements scaling_run() {
  usl const curve{.lambda = 1e6, .sigma = 0.05, .kappa = 0.01};
  measurements all;
  for (std::uint64_t block = 0; block != 6; ++block) {
    double const wind = 1.0 + 0.01 * static_cast<double>(block);
    for (std::uint64_t const threads : {1u, 2u, 3u, 4u}) {
      double const n = static_cast<double>(threads);
      all.add(scaling_visit("alpha", threads, block, wind * curve(n)));
      if (threads == 1) all.add(scaling_visit("beta", threads, block, 1e6));
    }
  }
  return all;
}

TEST(Fits, ThroughputOverThreadsIsACurveForEachRowAndWork) {
  auto const fits = fits_of(scaling_run(), machine_of(4));
  EXPECT_EQ(fits["processors"], 4);
  ASSERT_EQ(fits["scalability"].size(), 2u);
  json const& alpha = fits["scalability"][0];
  EXPECT_EQ(alpha["work"], "fib");
  EXPECT_NEAR(alpha["sigma"]["median"].get<double>(), 0.05, 1e-6);
  EXPECT_NEAR(alpha["kappa"]["median"].get<double>(), 0.01, 1e-6);
  EXPECT_NEAR(alpha["lambda"]["median"].get<double>(), 1.025e6, 1.0);
  EXPECT_NEAR(alpha["lambda"]["low"].get<double>(), 1.00e6, 1.0);
  EXPECT_NEAR(alpha["pooled"]["sigma"].get<double>(), 0.05, 1e-3);
  EXPECT_NEAR(alpha["peak_threads"].get<double>(), std::sqrt(0.95 / 0.01), 0.1);
  EXPECT_GT(alpha["r_squared"].get<double>(), 0.98);
  EXPECT_EQ(alpha["fitted"], json::parse("[1.0,2.0,3.0,4.0]"));
  EXPECT_FALSE(alpha["beyond_processors"]);
  EXPECT_THAT(fits["scalability"][1]["reason"].get<std::string>(), HasSubstr("not enough points"));
}

TEST(Fits, SayThatThreadsSharedProcessors) {
  EXPECT_TRUE(fits_of(scaling_run(), machine_of(2))["scalability"][0]["beyond_processors"]);
  EXPECT_TRUE(fits_of(scaling_run(), {})["processors"].is_null());
}

TEST(Fits, StandInTheSummaryAndInItsTables) {
  auto all = memory_run();
  for (std::uint64_t const threads : {1u, 2u, 3u, 4u}) {
    for (std::uint64_t block = 0; block != 6; ++block) {
      auto const n = static_cast<double>(threads);
      all.add(scaling_visit("alpha", threads, block, 1e6 * n / (1.0 + 0.1 * (n - 1.0))));
    }
  }
  auto const summary = summarise(all, {.run = "today", .machine = machine_of(2), .plan = {}});
  EXPECT_EQ(summary["fits"]["lines"].size(), 3u);

  auto const page = summary_markdown(summary);
  EXPECT_THAT(page, HasSubstr("| sleep | alpha | 302 B [300, 305] | ± 0."));
  EXPECT_THAT(page, HasSubstr("| sleep | be\\|ta | not enough points: 2 different sizes"));
  EXPECT_THAT(page, HasSubstr("| fib | alpha | 1.00 M/s [1.00, 1.00] | 0.1 [0.1, 0.1] |"));
  EXPECT_THAT(page, HasSubstr("1, 2, 3, 4 (> processors) |"));

  auto const text = terminal_table(summary, {.columns = 200});
  EXPECT_THAT(text, HasSubstr("Memory of a further task\n"));
  EXPECT_THAT(text, HasSubstr("\n  alpha  302 B [300, 305]"));
  EXPECT_THAT(text, HasSubstr("\nbe|ta: not enough points: 2 different sizes"));
  EXPECT_THAT(text, HasSubstr("Scaling over threads\n"));
  for (std::size_t const columns : {60u, 80u, 100u}) {
    std::string const narrow = fits_table(summary, {.columns = columns});
    for (std::size_t begin = 0; begin < narrow.size();) {
      auto const end = narrow.find('\n', begin);
      EXPECT_LE(columns_of(narrow.substr(begin, end - begin)), columns) << narrow;
      begin = end + 1;
    }
  }
}

TEST(Fits, NoMemoryAndNoScalingAreNoTables) {
  auto const summary = summarise({}, {});
  EXPECT_THAT(summary_markdown(summary), Not(HasSubstr("Memory of a further task")));
  EXPECT_EQ(fits_table(summary, {}), "");
  EXPECT_EQ(fits_table(json::object(), {}), "");
}

}  // namespace
}  // namespace regatta::stats
