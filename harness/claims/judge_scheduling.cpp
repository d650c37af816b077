// Claims about queues, stealing, spawning and threads.
#include <fmt/format.h>

#include <algorithm>

#include "harness/claims/judge.hpp"

namespace regatta::claims {
namespace {

using stats::quantity;

// The figure of an ablation: how many times as long it takes with the thing off.
judgement judge_ablation(evidence const& run, char const* off, std::string const& difference,
                         std::vector<json const*> const& cells) {
  auto details = compare_rows(run, cells, {{"work_stealing", off}}, quantity::time,
                              [&](json const& cell) { return slower_than_other(run, cell); });
  double margin = 0.0;
  for (finding const& each : details) margin = std::max(margin, each.claimed.margin);
  return judge_by_mean(
      fmt::format("{} / work_stealing", off), std::move(details), more_than(1.0, margin),
      [&](std::string const& figure) {
        return fmt::format("With {} work_stealing takes {} as long.", difference, figure);
      },
      fmt::format("the run does not hold work_stealing and {} in the same cell", off));
}

std::vector<json const*> all_of(evidence const& run, std::vector<char const*> const& scenarios) {
  std::vector<json const*> cells;
  for (char const* const scenario : scenarios) {
    auto more = run.cells(scenario);
    cells.insert(cells.end(), more.begin(), more.end());
  }
  return cells;
}

judgement lazy_calls(evidence const& run) {
  judgement j;
  std::size_t obeyed = 0;
  std::string broken, silent;
  if (run.laws().is_array()) {
    for (json const& law : run.laws()) {
      if (law.at("law") != "CallingATaskRunsNothing") continue;
      // Who did not answer has not been seen to break it either.
      if (!law.at("passed").is_boolean()) {
        silent += fmt::format("{}{} ({})", silent.empty() ? "" : ", ",
                              law.at("row").get<std::string>(), law.value("detail", ""));
        continue;
      }
      bool const passed = law.at("passed");
      obeyed += passed ? 1 : 0;
      if (!passed) broken += (broken.empty() ? "" : ", ") + law.at("row").get<std::string>();
      finding one;
      one.label = law.at("row");
      one.row = one.label;
      one.unit = "obeys";
      one.values[0] = passed ? 1.0 : 0.0;
      one.certain = passed ? verdict::holds : verdict::refuted;
      j.details.push_back(std::move(one));
    }
  }
  if (j.details.empty()) {
    if (run.laws().is_array() && run.laws().empty()) {
      return not_measured(
          "no contender of this build has its laws: configure it with -DREGATTA_TESTS=ON and build "
          "the laws");
    }
    return not_measured("the laws were not run for this run" +
                        (silent.empty() ? "" : ": no answer from " + silent));
  }
  j.figure =
      broken.empty() ? j.details.front() : *std::ranges::find_if(j.details, [](finding const& f) {
        return f.alone() == verdict::refuted;
      });
  j.what = broken.empty() ? verdict::holds : verdict::refuted;
  j.explanation =
      broken.empty()
          ? fmt::format(
                "On all {} runtimes that laws are written for, a call ran nothing before the "
                "first resume.",
                obeyed)
          : fmt::format("A call ran something before the first resume on: {}.", broken);
  if (!silent.empty()) j.explanation += " No answer from: " + silent + ".";
  return j;
}

judgement lifo_slot(evidence const& run) {
  return judge_ablation(run, "work_stealing/lifo=off", "the LIFO slot off",
                        all_of(run, {"ping_pong", "chained_spawn"}));
}

judgement steal_half(evidence const& run) {
  return judge_ablation(run, "work_stealing/steal=one", "stealing one task at a time",
                        all_of(run, {"spawn_many", "skynet"}));
}

// Enough: four times as many slots are not more than 5 % faster.
judgement queue_of_256(evidence const& run) {
  constexpr double worth_it = 1.05;
  auto const cells = run.cells("spawn_many");
  auto const against_1024 = [&](char const* row, region claimed) {
    return compare_rows(run, cells, {{"work_stealing/queue=1024", row}}, quantity::time,
                        [&](json const&) { return claimed; });
  };
  auto judged = judge_by_mean(
      "256 slots / 1024 slots", against_1024("work_stealing/queue=256", less_than(worth_it)),
      less_than(worth_it),
      [&](std::string const& figure) {
        return fmt::format(
            "With 256 slots it takes {} as long as with 1024 (enough: less than "
            "1.05).",
            figure);
      },
      "the run does not hold work_stealing/queue=256 and queue=1024 in a cell of spawn_many");
  if (judged.what == verdict::not_measured) return judged;
  for (char const* const row : {"work_stealing/queue=16", "work_stealing/queue=64"}) {
    for (finding& each : against_1024(row, {})) judged.details.push_back(std::move(each));
  }
  for (char const* const row : {"work_stealing/queue=16", "work_stealing/queue=64",
                                "work_stealing/queue=256", "work_stealing/queue=1024"}) {
    for (json const* const cell : cells) {
      finding counted;
      counted.label = fmt::format("{}, tasks that overflowed in {}", row, name_of(*cell));
      counted.row = row;
      counted.cells = {name_of(*cell)};
      counted.values = run.counter(*cell, row, "overflows");
      counted.unit = "tasks";
      if (!counted.values.empty()) judged.details.push_back(std::move(counted));
    }
  }
  return judged;
}

// Fewer than a thousand are not many: they stand beside, without a verdict.
judgement unordered_set(evidence const& run) {
  constexpr int many = 1'000;
  std::vector<finding> details, few;
  double margin = 0.0;
  for (json const* const cell :
       run.cells("spawn", {{"style", "unordered_set"}, {"body", "ready"}})) {
    json const* const spawned = run.sibling(*cell, {{"style", "spawn"}});
    if (spawned == nullptr) continue;
    double const noise = std::max(run.noise(*cell), run.noise(*spawned));
    bool const are_many = cell->at("params").value("tasks", 0) >= many;
    if (are_many) margin = std::max(margin, noise);
    auto more = compare_cells(
        run, *cell, *spawned,
        fmt::format("spawn / unordered_set, {} tasks", cell->at("params").at("tasks").dump()),
        quantity::time, are_many ? more_than(1.0, noise) : region{});
    auto& list = are_many ? details : few;
    list.insert(list.end(), more.begin(), more.end());
  }
  auto judged = judge_by_mean(
      "spawn / unordered_set", std::move(details), more_than(1.0, margin),
      [](std::string const& figure) {
        return fmt::format(
            "Spawning each of many small tasks takes {} as long as one task that "
            "drives them as a set.",
            figure);
      },
      "the run holds no cell of spawn with style=unordered_set, body=ready and 1000 tasks or more "
      "beside its twin with style=spawn");
  if (judged.what == verdict::not_measured) return judged;
  for (finding& each : few) judged.details.push_back(std::move(each));
  return judged;
}

// Which rows are a runtime with one thread, beside one of several that is set up with one.
std::vector<pair_of_rows> const one_thread_each{
    {"single_threaded", "work_stealing/threads=1"},
    {"single_threaded", "work_stealing@threads=1"},
    {"tokio/current_thread", "tokio/multi_thread@threads=1"},
    {"smol/current_thread", "smol/multi_thread@threads=1"},
    {"asio/io_context", "asio/thread_pool@threads=1"},
};

std::vector<char const*> const of_the_processor{
    "yield", "ping_pong", "chained_spawn", "spawn",   "spawn_many", "skynet",
    "fib",   "nqueens",   "fan_out",       "channel", "select",     "stream"};

judgement single_thread(evidence const& run) {
  auto details = compare_rows(run, all_of(run, of_the_processor), one_thread_each, quantity::time,
                              [&](json const& cell) { return slower_than_other(run, cell); });
  double margin = 0.0;
  if (run.summary().at("noise").is_object()) margin = run.summary().at("noise").at("spread");
  return judge_by_mean(
      "several threads, set up with one / single thread", std::move(details),
      more_than(1.0, margin),
      [](std::string const& figure) {
        return fmt::format(
            "At work that needs no second core, a multi-threaded runtime set up with "
            "one thread takes {} as long as its single-threaded sibling.",
            figure);
      },
      "the run holds no CPU scenario with a single-threaded row and a multi-threaded one of one "
      "thread (single_threaded and work_stealing/threads=1, tokio/current_thread and "
      "tokio/multi_thread@threads=1, …)");
}

std::vector<need> needs_of_single_thread() {
  std::vector<std::string> const rows{"single_threaded",      "work_stealing/threads=1",
                                      "tokio/current_thread", "tokio/multi_thread@threads=1",
                                      "smol/current_thread",  "smol/multi_thread@threads=1",
                                      "asio/io_context",      "asio/thread_pool@threads=1"};
  return {{"yield", json::object(), rows},
          {"ping_pong", json::object(), rows},
          {"chained_spawn", json::object(), rows},
          {"spawn", {{"style", "spawn"}, {"tasks", 10'000}, {"body", "ready"}}, rows},
          {"spawn_many", {{"tasks", 10'000}, {"from", "worker"}}, rows},
          {"fan_out", json::object(), rows},
          {"skynet", {{"leaves", 100'000}}, rows},
          {"fib", json::object(), rows},
          {"nqueens", json::object(), rows},
          {"channel",
           {{"capacity", 100}, {"producers", 5}, {"consumers", 1}, {"messages", 5'000}},
           rows},
          {"stream", {{"stages", 1}, {"elements", 5'000}}, rows},
          {"select", {{"items", 1'000}}, rows}};
}

std::vector<need> needs_of_queues() {
  std::vector<std::string> const rows{"work_stealing/queue=16", "work_stealing/queue=64",
                                      "work_stealing/queue=256", "work_stealing/queue=1024"};
  std::vector<need> needs;
  for (char const* const from : {"worker", "outside_idle", "outside_busy"}) {
    needs.push_back({"spawn_many", {{"tasks", 10'000}, {"from", from}}, rows});
  }
  return needs;
}

// A million of them is too much for the slowest within a visit's time: only on rows that are quick.
std::vector<need> needs_of_sets() {
  std::vector<std::string> const quick{
      "work_stealing", "single_threaded", "lightweight", "io_uring", "asio", "tokio", "smol", "go"};
  std::vector<need> needs;
  for (int const tasks : {100, 1'000, 10'000, 100'000, 1'000'000}) {
    for (char const* const style : {"spawn", "unordered_set"}) {
      need one{"spawn",
               {{"style", style}, {"tasks", tasks}, {"body", "ready"}, {"from", "worker"}}};
      if (tasks > 100'000) one.rows = quick;
      needs.push_back(std::move(one));
    }
  }
  return needs;
}

}  // namespace

std::vector<rule> rules_of_scheduling() {
  std::vector<std::string> const lifo{"work_stealing", "work_stealing/lifo=off"};
  std::vector<std::string> const steal{"work_stealing", "work_stealing/steal=one"};
  return {
      {1, lazy_calls, {}, true},
      {2,
       lifo_slot,
       {{"ping_pong", json::object(), lifo}, {"chained_spawn", json::object(), lifo}}},
      {3,
       steal_half,
       {{"spawn_many", {{"tasks", 10'000}, {"from", "worker"}}, steal},
        {"spawn_many", {{"tasks", 10'000}, {"from", "outside_busy"}}, steal},
        {"skynet", {{"leaves", 100'000}}, steal}}},
      {4, queue_of_256, needs_of_queues()},
      {8, unordered_set, needs_of_sets()},
      {23, single_thread, needs_of_single_thread()},
  };
}

}  // namespace regatta::claims
