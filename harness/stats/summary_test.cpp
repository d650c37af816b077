#include "harness/stats/summary.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <stdexcept>

#include "harness/stats/captions.hpp"

namespace regatta::stats {
namespace {

using json = nlohmann::ordered_json;

sample sample_of(std::string const& row, std::string const& cell, std::uint64_t block,
                 double ns_per_operation) {
  sample s;
  s.block = block;
  s.row = row;
  s.twin = row.ends_with("#twin");
  s.contender = row.substr(0, row.find_first_of("/#"));
  s.cell = cell;
  s.scenario = cell.substr(0, cell.find(' '));
  s.iterations = 10;
  s.operations = 1'000;
  s.ns = static_cast<std::uint64_t>(std::llround(ns_per_operation * 1'000.0));
  s.cpu_ns = 2 * s.ns;
  s.allocations = 500;
  s.peak_rss_bytes = 1'000'000;
  s.voluntary_switches = 20;
  s.involuntary_switches = 0;
  s.threads_used = 2;
  s.counters["polls"] = 3'000;
  return s;
}

// A small run in a gusty wind: "alpha" costs 100 ns, its twin the same, "beta" 101 ns (which nobody
// can tell), "gamma" 150 ns, each with 2 % noise of its own.
measurements small_run(std::vector<std::string> const& cells, std::size_t blocks) {
  std::mt19937_64 random(21);
  std::normal_distribution<double> gust(0.0, 0.3), own(0.0, 0.02);
  measurements all;
  for (std::uint64_t block = 0; block != blocks; ++block) {
    for (auto const& cell : cells) {
      double const wind = std::exp(gust(random));
      for (auto const& [row, cost] : std::initializer_list<std::pair<char const*, double>>{
               {"alpha", 100}, {"alpha#twin", 100}, {"beta/threads=1", 101}, {"gamma", 150}}) {
        all.add(sample_of(row, cell, block, cost * wind * std::exp(own(random))));
      }
    }
  }
  return all;
}

json const& result_of(json const& summary, std::string const& cell, std::string const& row) {
  for (auto const& c : summary["cells"]) {
    if (c["cell"] != cell) continue;
    for (auto const& r : c["results"]) {
      if (r["row"] == row) return r;
    }
  }
  throw std::out_of_range(cell + " " + row);
}

json const& mean_of(json const& summary, std::string const& row) {
  for (auto const& mean : summary["geometric_means"]) {
    if (mean["row"] == row) return mean;
  }
  throw std::out_of_range(row);
}

TEST(Summary, CallsATieATieAndAGapAGap) {
  auto const summary = summarise(small_run({"skynet leaves=10", "yield tasks=2"}, 10), {});
  auto const& gamma = result_of(summary, "skynet leaves=10", "gamma");
  EXPECT_TRUE(gamma["ratio_to_best"]["separated"].get<bool>());
  EXPECT_NEAR(gamma["ratio_to_best"]["median"].get<double>(), 1.5, 0.06);
  EXPECT_EQ(gamma["group"], 2);
  for (auto const* row : {"alpha", "beta/threads=1"}) {
    auto const& tied = result_of(summary, "skynet leaves=10", row);
    EXPECT_FALSE(tied["ratio_to_best"]["separated"].get<bool>());
    EXPECT_EQ(tied["group"], 1);
  }
}

TEST(Summary, TheTwinServesTheNoiseFloorAndIsNeverRanked) {
  auto const summary = summarise(small_run({"a x=1", "b x=1", "c x=1"}, 10), {});
  EXPECT_EQ(summary["noise"]["row"], "alpha");
  EXPECT_EQ(summary["noise"]["twin"], "alpha#twin");
  EXPECT_FALSE(summary["noise"]["separated"].get<bool>());
  EXPECT_NEAR(summary["noise"]["ratio_median"].get<double>(), 1.0, 0.02);
  EXPECT_GT(summary["noise"]["spread"].get<double>(), 0.0);
  EXPECT_LT(summary["noise"]["spread"].get<double>(), 0.03);
  EXPECT_EQ(summary["noise"]["cells"].size(), 3u);
  auto const& twin = result_of(summary, "a x=1", "alpha#twin");
  EXPECT_EQ(twin["outcome"], "ok");
  EXPECT_TRUE(twin["group"].is_null());
  for (auto const& cell : summary["cells"]) EXPECT_NE(cell["best"], "alpha#twin");
  for (auto const& mean : summary["geometric_means"]) EXPECT_NE(mean["row"], "alpha#twin");
}

TEST(Summary, QuantitiesArePerOperation) {
  auto const summary = summarise(small_run({"a x=1"}, 6), {});
  auto const& alpha = result_of(summary, "a x=1", "alpha");
  EXPECT_EQ(alpha["blocks"], 6);
  EXPECT_EQ(alpha["allocations_per_operation"], 0.5);
  EXPECT_EQ(alpha["voluntary_switches_per_operation"], 0.02);
  EXPECT_EQ(alpha["involuntary_switches_per_operation"], 0.0);
  EXPECT_EQ(alpha["counters"]["polls"], 3.0);
  EXPECT_EQ(alpha["threads_used"], 2);
  EXPECT_EQ(alpha["peak_rss_bytes"], 1'000'000);
  EXPECT_EQ(alpha["ns_per_operation"]["confidence"], 0.96875);
  EXPECT_NEAR(alpha["cpu_ns_per_operation"].get<double>(),
              2 * alpha["ns_per_operation"]["median"].get<double>(), 1e-6);
  EXPECT_NEAR(alpha["operations_per_second"]["low"].get<double>(),
              1e9 / alpha["ns_per_operation"]["high"].get<double>(), 1e-3);
}

TEST(Summary, SeveralSamplesOfOneBlockAreOnePieceOfEvidence) {
  measurements all;
  for (double ns : {100.0, 500.0, 102.0}) all.add(sample_of("alpha", "a x=1", 0, ns));
  auto const summary = summarise(all, {});
  auto const& alpha = result_of(summary, "a x=1", "alpha");
  EXPECT_EQ(alpha["blocks"], 1);
  EXPECT_EQ(alpha["ns_per_operation"]["median"], 102.0);
  EXPECT_EQ(alpha["ns_per_operation"]["confidence"], 0.0);
}

TEST(Summary, OneWrongAnswerWithholdsEveryTimeOfThatRowInThatCell) {
  auto all = small_run({"a x=1", "b x=1"}, 6);
  sample wrong = sample_of("alpha", "a x=1", 6, 1.0);
  wrong.outcome = outcome::wrong_answer;
  wrong.reason = "answered 7, expected 8";
  all.add(wrong);
  auto const summary = summarise(all, {});
  auto const& alpha = result_of(summary, "a x=1", "alpha");
  EXPECT_EQ(alpha["outcome"], "wrong_answer");
  EXPECT_EQ(alpha["reason"], "in 1 of 7 visits: answered 7, expected 8");
  EXPECT_FALSE(alpha.contains("ns_per_operation"));
  EXPECT_EQ(summary["cells"][0]["best"], "beta/threads=1");
  EXPECT_EQ(result_of(summary, "b x=1", "alpha")["outcome"], "ok");
}

TEST(Summary, TheGravestOutcomeStandsForTheRow) {
  measurements all;
  for (auto o : {outcome::timeout, outcome::crashed, outcome::ok, outcome::failed}) {
    auto s = sample_of("alpha", "a x=1", static_cast<std::uint64_t>(o), 10.0);
    s.outcome = o;
    s.reason = std::string(to_string(o));
    all.add(s);
  }
  EXPECT_EQ(result_of(summarise(all, {}), "a x=1", "alpha")["outcome"], "crashed");
}

TEST(Summary, WhatWasPlannedButNotReachedIsSaid) {
  auto const plan = json::parse(R"({"seed":42,"blocks":6,
    "rows":[{"row":"alpha","contender":"alpha","hello":{"threads":2}},
            {"row":"tokio","contender":"tokio","skipped":"cargo was not found"}],
    "cells":[{"cell":"z last=1","scenario":"z","params":{"last":1}},
             {"cell":"a x=1","scenario":"a","params":{"x":1}}]})");
  measurements all;
  all.add(sample_of("alpha", "a x=1", 0, 10.0));
  auto const summary =
      summarise(all, {.run = "today", .machine = {{"label", "quiet"}}, .plan = plan});
  EXPECT_EQ(summary["run"], "today");
  EXPECT_EQ(summary["label"], "quiet");
  EXPECT_EQ(summary["seed"], 42);
  EXPECT_EQ(summary["blocks"], 1);
  EXPECT_EQ(summary["blocks_planned"], 6);
  EXPECT_EQ(summary["rows"][0]["hello"]["threads"], 2);
  EXPECT_EQ(summary["rows"][1]["skipped"], "cargo was not found");
  EXPECT_EQ(summary["cells"][0]["cell"], "z last=1");
  EXPECT_TRUE(summary["cells"][0]["best"].is_null());
  EXPECT_EQ(result_of(summary, "z last=1", "alpha")["reason"], "the run ended before this cell");
  EXPECT_EQ(result_of(summary, "a x=1", "tokio")["outcome"], "skipped");
  EXPECT_EQ(result_of(summary, "a x=1", "tokio")["reason"], "cargo was not found");
}

// "small" is slow and needs little memory, "fast" the other way round; the machine charges 50 ns.
json run_with_a_floor(std::uint64_t shard_of_the_floor = 0) {
  auto plan =
      json::parse(R"({"rows":[{"row":"small"},{"row":"fast"},{"row":"iron","subject":"machine"}],
    "cells":[{"cell":"memory tasks=9","scenario":"memory","params":{"tasks":9},"measures":"bytes"},
             {"cell":"echo n=1","scenario":"echo","params":{"n":1},"floor":"hop","floor_times":2},
             {"cell":"floor what=hop","scenario":"floor","params":{"what":"hop"},"asked":"machine"}]})");
  plan["cells"][2]["shard"] = shard_of_the_floor;
  measurements all;
  for (std::uint64_t block = 0; block != 6; ++block) {
    for (bool const fast : {false, true}) {
      auto const row = fast ? "fast" : "small";
      auto memory = sample_of(row, "memory tasks=9", block, fast ? 10.0 : 90.0);
      memory.bytes = fast ? 64'000 : 16'000;
      all.add(memory);
      all.add(sample_of(row, "echo n=1", block, fast ? 200.0 : 300.0));
    }
    auto floor = sample_of("iron", "floor what=hop", block, 50.0);
    floor.recording_ns = 40 + block;
    floor.latency_ns = {{100, 5}};
    all.add(floor);
  }
  auto traced = sample_of("fast", "echo n=1", 6, 1.0);
  traced.phase = "system_calls";
  traced.system_calls = {{"send", 1'000}, {"recv", 2'000}};
  all.add(traced);
  auto untraced = sample_of("small", "echo n=1", 6, 1.0);
  untraced.phase = "system_calls";
  untraced.outcome = outcome::crashed;
  untraced.reason = "the tracer died";
  all.add(untraced);
  return summarise(all, {.run = "floored", .machine = {}, .plan = plan});
}

TEST(Summary, WhereAScenarioIsAboutBytesTheFewestAreTheBest) {
  auto const summary = run_with_a_floor();
  EXPECT_EQ(summary["cells"][0]["unit"], "B");
  EXPECT_EQ(summary["cells"][0]["best"], "small");
  auto const& fast = result_of(summary, "memory tasks=9", "fast");
  EXPECT_EQ(fast["bytes_per_operation"]["median"], 64.0);
  EXPECT_EQ(fast["ratio_to_best"]["median"], 4.0);
  EXPECT_EQ(fast["ns_per_operation"]["median"], 10.0);
  EXPECT_EQ(summary["cells"][1]["unit"], "ns");
  EXPECT_FALSE(result_of(summary, "echo n=1", "fast").contains("bytes_per_operation"));
}

TEST(Summary, TheMachineIsAskedForTheFloorAndForNothingElse) {
  auto const summary = run_with_a_floor();
  EXPECT_EQ(summary["cells"][2]["results"].size(), 1u);
  EXPECT_EQ(summary["cells"][2]["results"][0]["row"], "iron");
  EXPECT_EQ(summary["cells"][1]["results"].size(), 2u);
  EXPECT_EQ(summary["cells"][1]["floor"],
            json({{"what", "hop"}, {"times", 2}, {"of", "latency"}, {"ns", 200.0}}));
  EXPECT_FALSE(summary["cells"][0].contains("floor"));
  EXPECT_EQ(summary["cells"][2]["results"][0]["latency"]["recording_ns"], 43.0);
}

TEST(Summary, WhatAnotherMachineChargesBoundsNothing) {
  EXPECT_TRUE(run_with_a_floor(0)["cells"][1].contains("floor"));
  EXPECT_FALSE(run_with_a_floor(2)["cells"][1].contains("floor"));
}

TEST(Summary, AMergedRunSaysSoUnderItsTables) {
  json machine{{"cpu", {{"model", "A CPU"}}}};
  EXPECT_TRUE(summarise({}, {.run = "", .machine = machine, .plan = {}})["merged"].is_null());
  EXPECT_EQ(machine_caption({{"machine", machine}}), "A CPU");
  machine["merged"] = {
      {"of", 3}, {"shards", {1, 3}}, {"different_machines", false}, {"machines", {}}};
  auto const summary = summarise({}, {.run = "", .machine = machine, .plan = {}});
  EXPECT_EQ(summary["merged"],
            json({{"of", 3}, {"shards", {1, 3}}, {"different_machines", false}}));
  EXPECT_EQ(machine_caption(summary),
            "A CPU; merged from 2 of 3 shards, each on a machine of this kind: compare rows within "
            "a cell, not cells with each other");
  machine["merged"]["different_machines"] = true;
  EXPECT_EQ(machine_caption({{"machine", machine}}),
            "A CPU; merged from 2 of 3 shards on DIFFERENT kinds of machines: numbers of different "
            "cells must not be compared");
}

TEST(Summary, TheMeanOverAllCellsHoldsTimesOfRuntimesAlone) {
  auto const summary = run_with_a_floor();
  ASSERT_EQ(summary["geometric_means"].size(), 2u);
  EXPECT_EQ(mean_of(summary, "fast")["cells"], 1u);
  EXPECT_EQ(mean_of(summary, "small")["ratio"], 1.5);
}

// Two proxies and the way without one, beside a runtime; "slow" cannot bear the load.
json run_of_paths() {
  auto const plan = json::parse(R"({"rows":[{"row":"own"},
      {"row":"path/direct","contender":"path","variant":"direct","subject":"path"},
      {"row":"path/fast","contender":"path","variant":"fast","subject":"path"},
      {"row":"path/fast#twin","contender":"path","variant":"fast","twin":true,"subject":"path"},
      {"row":"path/slow","contender":"path","variant":"slow","subject":"path"}],
    "cells":[{"cell":"echo n=1","scenario":"echo","params":{}},
             {"cell":"path_requests n=1","scenario":"path_requests","params":{},"asked":"path"},
             {"cell":"path_latency n=1","scenario":"path_latency","params":{},"asked":"path",
              "measures":"latency"}]})");
  measurements all;
  for (std::uint64_t block = 0; block != 6; ++block) {
    all.add(sample_of("own", "echo n=1", block, 1.0));
    double const gust = block % 2 == 0 ? 1.0 : 3.0;
    for (auto const& [row, cost] :
         std::initializer_list<std::pair<char const*, double>>{{"path/direct", 100},
                                                               {"path/fast", 112},
                                                               {"path/fast#twin", 112},
                                                               {"path/slow", 200}}) {
      all.add(sample_of(row, "path_requests n=1", block, cost * gust));
      // All take the same time, since it is the load that says how long.
      auto open = sample_of(row, "path_latency n=1", block, 5.0);
      open.compared_ns = static_cast<std::uint64_t>(1'000 * cost);
      open.counters["offered_per_s"] = 10 * 5'000;
      open.counters["achieved_per_s"] = 10 * (cost == 200 ? 4'000 : 4'990);
      all.add(open);
    }
  }
  return summarise(all, {.run = "paths", .machine = {}, .plan = plan});
}

TEST(Summary, PathsAreComparedWithPathsAlone) {
  auto const summary = run_of_paths();
  EXPECT_EQ(summary["cells"][0]["results"].size(), 1u);
  EXPECT_EQ(summary["cells"][1]["results"].size(), 4u);
  EXPECT_EQ(summary["cells"][1]["best"], "path/direct");
  ASSERT_EQ(summary["geometric_means"].size(), 1u);
  EXPECT_EQ(summary["geometric_means"][0]["row"], "own");
  auto const& means = summary["geometric_means_of_paths"];
  ASSERT_EQ(means.size(), 3u);
  EXPECT_EQ(means[0]["row"], "path/direct");
  EXPECT_EQ(means[0]["cells"], 1u) << "latencies are not averaged with times";
  EXPECT_NEAR(means[1]["ratio"].get<double>(), 1.12, 1e-9);
  EXPECT_TRUE(run_with_a_floor()["geometric_means_of_paths"].is_null());
}

TEST(Summary, TheOverheadOfAPathIsOverTheDirectOneInTheSameBlock) {
  auto const summary = run_of_paths();
  EXPECT_FALSE(result_of(summary, "path_requests n=1", "path/direct").contains("ratio_to_direct"));
  auto const& fast = result_of(summary, "path_requests n=1", "path/fast")["ratio_to_direct"];
  EXPECT_NEAR(fast["median"].get<double>(), 1.12, 1e-9);
  EXPECT_NEAR(fast["high"].get<double>(), 1.12, 1e-9) << "gusts are paired away";
  EXPECT_TRUE(fast["separated"].get<bool>());
  EXPECT_FALSE(result_of(summary, "echo n=1", "own").contains("ratio_to_direct"));
}

TEST(Summary, WhereAScenarioIsAboutLatencyTheShortestIsTheBest) {
  auto const summary = run_of_paths();
  EXPECT_EQ(summary["cells"][2]["measures"], "latency");
  auto const& fast = result_of(summary, "path_latency n=1", "path/fast");
  EXPECT_EQ(fast["median_latency_ns"]["median"], 112'000.0);
  EXPECT_NEAR(fast["ratio_to_best"]["median"].get<double>(), 1.12, 1e-9);
}

TEST(Summary, WhoCannotBearALoadIsRankedWithNobody) {
  auto const summary = run_of_paths();
  auto const& slow = result_of(summary, "path_latency n=1", "path/slow");
  EXPECT_EQ(slow["outcome"], "ok");
  EXPECT_EQ(slow["saturated"], true);
  EXPECT_EQ(slow["achieved"], 0.8);
  EXPECT_TRUE(slow["ratio_to_best"].is_null());
  EXPECT_FALSE(slow.contains("ratio_to_direct"));
  EXPECT_EQ(result_of(summary, "path_latency n=1", "path/fast")["saturated"], false);
}

TEST(Summary, ARateIsOfARunAndNotOfAnOperation) {
  auto const summary = run_of_paths();
  auto const& counters = result_of(summary, "path_latency n=1", "path/fast")["counters"];
  EXPECT_EQ(counters["offered_per_s"], 5'000.0);
  EXPECT_EQ(counters["polls"], 3.0);
}

TEST(Summary, BothPairsOfTwinsSpeakOfTheNoise) {
  auto const noise = run_of_paths()["noise"];
  EXPECT_EQ(noise["row"], "path/fast");
  EXPECT_EQ(noise["cells"].size(), 2u);
}

TEST(Summary, SystemCallsArePerOperationAndSettleNothing) {
  auto const summary = run_with_a_floor();
  auto const& fast = result_of(summary, "echo n=1", "fast");
  EXPECT_EQ(fast["system_calls"]["per_operation"], 3.0);
  EXPECT_EQ(fast["system_calls"]["by_name"].begin().key(), "recv");
  auto const& small = result_of(summary, "echo n=1", "small");
  EXPECT_EQ(small["outcome"], "ok");
  EXPECT_TRUE(small["system_calls"]["per_operation"].is_null());
  EXPECT_EQ(small["system_calls"]["reason"], "the tracer died");
}

TEST(Summary, GeometricMeansUseOnlyCellsThatAllCountedRowsShare) {
  measurements all;
  for (std::uint64_t block = 0; block != 6; ++block) {
    for (auto const* cell : {"a x=1", "b x=1", "c x=1", "d x=1"}) {
      all.add(sample_of("alpha", cell, block, 100));
      all.add(sample_of("beta", cell, block, cell[0] == 'a' ? 50 : 400));
    }
    // gamma cannot run half of the cells, delta only one of four.
    all.add(sample_of("gamma", "a x=1", block, 200));
    all.add(sample_of("gamma", "b x=1", block, 200));
    all.add(sample_of("delta", "a x=1", block, 1));
  }
  auto const summary = summarise(all, {});
  EXPECT_EQ(mean_of(summary, "alpha")["cells"], 2);
  // Among the counted rows, beta is the best of cell a and alpha of cell b.
  EXPECT_NEAR(mean_of(summary, "alpha")["ratio"].get<double>(), std::sqrt(2.0 * 1.0), 1e-9);
  EXPECT_NEAR(mean_of(summary, "beta")["ratio"].get<double>(), std::sqrt(1.0 * 4.0), 1e-9);
  EXPECT_NEAR(mean_of(summary, "gamma")["ratio"].get<double>(), std::sqrt(4.0 * 2.0), 1e-9);
  EXPECT_TRUE(mean_of(summary, "delta")["ratio"].is_null());
  EXPECT_EQ(mean_of(summary, "delta")["reason"], "ok in 1 of 4 cells");
  EXPECT_EQ(summary["scenarios"].size(), 4u);
}

TEST(Summary, LatencyComesWithIntervalsAndACurve) {
  measurements all;
  for (std::uint64_t block = 0; block != 6; ++block) {
    auto s = sample_of("alpha", "echo connections=1", block, 10.0);
    s.latency_ns = {{1'000, 900}, {2'000, 99 + block % 2}, {50'000, 1}};
    all.add(s);
  }
  auto const summary = summarise(all, {});
  auto const& latency = result_of(summary, "echo connections=1", "alpha")["latency"];
  EXPECT_EQ(latency["count"], 6'003);
  EXPECT_NEAR(latency["p50"].get<double>(), 1'000, 10);
  EXPECT_NEAR(latency["p99"].get<double>(), 2'000, 20);
  EXPECT_EQ(latency["max"], 50'000);
  EXPECT_NEAR(latency["intervals"]["p99"]["median"].get<double>(), 2'000, 20);
  EXPECT_EQ(latency["intervals"]["p99"]["confidence"], 0.96875);
  auto const& curve = latency["quantiles"];
  EXPECT_EQ(curve.front()[0], 0.0);
  EXPECT_EQ(curve.back(), json::parse("[1.0, 50000]"));
  for (std::size_t i = 1; i != curve.size(); ++i) {
    EXPECT_LT(curve[i - 1][0], curve[i][0]);
    EXPECT_LE(curve[i - 1][1], curve[i][1]);
  }
}

TEST(Summary, AnEmptyRunIsADocumentToo) {
  auto const summary = summarise({}, {});
  EXPECT_TRUE(summary["cells"].empty());
  EXPECT_TRUE(summary["noise"].is_null());
  EXPECT_TRUE(summary["geometric_means"].empty());
}

TEST(Summary, IsTheSameTextEachTime) {
  EXPECT_EQ(summarise(small_run({"a x=1"}, 6), {}).dump(),
            summarise(small_run({"a x=1"}, 6), {}).dump());
}

}  // namespace
}  // namespace regatta::stats
