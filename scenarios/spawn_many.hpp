// Tasks that nobody joins, spawned one after the other as fast as it goes. There is no joiner to
// keep and no answer to fetch, so this is the price of starting a task and of running it, and of
// the way that it takes into the runtime: from a worker into that worker's own queue; from a thread
// of nobody's into a runtime that sleeps, or into one whose workers all have something to do.
#pragma once

#include <atomic>
#include <exception>

#include "runtimes/interface/oneshot.hpp"
#include "scenarios/support/hogs.hpp"
#include "scenarios/support/outside.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct spawn_many {
  static constexpr std::string_view name = "spawn_many";
  static constexpr std::string_view summary =
      "tasks that nobody joins, spawned by a worker or from outside, at an idle or a busy runtime";

  struct params {
    u64 tasks = 10'000;
    choice<"worker", "outside_idle", "outside_busy"> from{};
    void each(auto&& visit) {
      visit("tasks", tasks);
      visit("from", from);
    }
  };

  static params smoke() { return {.tasks = 100}; }
  static std::vector<params> quick() {
    return grid<params>().over(&params::from, {"worker", "outside_idle", "outside_busy"});
  }
  static std::vector<params> full() {
    return grid<params>()
        .over(&params::tasks, {100, 10'000, 1'000'000})
        .over(&params::from, {"worker", "outside_idle", "outside_busy"});
  }

  static u64 expected(params p) { return sum_of_indices(p.tasks); }
  static u64 operations(params p) { return p.tasks; }
  static std::string invalid(params p) { return p.tasks == 0 ? "tasks must be at least 1" : ""; }

  template <runtime R>
  static task<u64> run(R& rt, params p) {
    auto all = spawn_all(rt, p);
    if (p.from == "worker") return on_a_worker(rt, std::move(all));
    if (p.from == "outside_idle") return all;
    return beside_hogs(rt, {.hogs = 4, .steps = 10'000}, std::move(all));
  }

 private:
  // Where the tasks report; gone when the last of them has.
  template <runtime R>
  struct roll {
    explicit roll(u64 tasks) : missing(tasks) {}

    void report(u64 index) {
      // Relaxed: safe because strike() hands it over.
      sum.fetch_add(index, std::memory_order_relaxed);
      strike(1);
    }
    // So many will not report any more.
    void strike(u64 tasks) {
      // Acquire-release: the last one takes over what all others have added.
      if (missing.fetch_sub(tasks, std::memory_order_acq_rel) == tasks) complete.sender.send({});
    }

    std::atomic<u64> missing;
    std::atomic<u64> sum{0};
    regatta::oneshot<nothing, R> complete;
  };

  // How far spawning came, and what ended it before its time.
  struct progress {
    u64 tasks = 0;
    std::exception_ptr failure;
  };

  template <runtime R>
  static task<u64> spawn_all(R& rt, params p) {
    roll<R> called(p.tasks);
    auto start = [&] { return spawn_each(rt, called, p.tasks); };
    progress spawned;
    if (p.from == "worker") {
      spawned = start();
    } else {
      outside_call starting(start);
      spawned = co_await starting;
    }
    // Those that run must have reported, also where the others could not be spawned.
    if (spawned.failure) called.strike(p.tasks - spawned.tasks);
    co_await called.complete.receiver.recv();
    if (spawned.failure) std::rethrow_exception(spawned.failure);
    // Relaxed: safe because the message came after the last report.
    co_return called.sum.load(std::memory_order_relaxed);
  }

  template <runtime R>
  static progress spawn_each(R& rt, roll<R>& called, u64 tasks) {
    progress spawned;
    try {
      for (; spawned.tasks < tasks; ++spawned.tasks) {
        rt.spawn(report<R>(called, spawned.tasks)).detach();
      }
    } catch (...) {
      spawned.failure = std::current_exception();
    }
    return spawned;
  }

  template <runtime R>
  static task<void> report(roll<R>& called, u64 index) {
    called.report(index);
    co_return;
  }

  template <runtime R>
  static task<u64> on_a_worker(R& rt, task<u64> all) {
    auto parent = rt.spawn(std::move(all));
    co_return co_await parent;
  }
};
static_assert(scenario<spawn_many>);

}  // namespace regatta::scenarios
