// The way to a thread that may block, and back: what run_blocking() costs when there is nothing to
// wait for. Several submitters share the pool, and whatever guards its queue.
#pragma once

#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct spawn_blocking {
  static constexpr std::string_view name = "spawn_blocking";
  static constexpr std::string_view summary =
      "empty calls through run_blocking(), a batch at a time: the cost of the pool itself";

  struct params {
    u64 batches = 100;
    u64 batch = 16;  // calls that a submitter waits for together
    u64 submitters = 1;
    void each(auto&& visit) {
      visit("batches", batches);
      visit("batch", batch);
      visit("submitters", submitters);
    }
  };

  static params smoke() { return {.batches = 3, .batch = 4}; }
  static std::vector<params> quick() {
    return grid<params>({.batches = 25}).over(&params::submitters, {1, 4});
  }
  static std::vector<params> full() {
    return grid<params>().over(&params::submitters, {1, 2, 4, 8});
  }

  static u64 expected(params p) { return p.submitters * p.batches * sum_of_indices(p.batch); }
  static u64 operations(params p) { return p.submitters * p.batches * p.batch; }
  static std::string invalid(params p) {
    if (p.batches == 0 || p.batch == 0 || p.submitters == 0) {
      return "batches, batch and submitters must be at least 1";
    }
    return "";
  }

  template <blocking_runtime R>
  static task<u64> run(R& rt, params p) {
    auto submitters = spawn_n(rt, p.submitters, [&](u64) { return submit(rt, p); });
    auto const answers = co_await join_all(std::move(submitters));
    co_return sum(answers);
  }

 private:
  template <blocking_runtime R>
  static task<u64> submit(R& rt, params p) {
    u64 total = 0;
    for (u64 i = 0; i < p.batches; ++i) {
      // Driven by this task, so that nothing is spawned but the calls.
      std::vector<task<u64>> calls;
      calls.reserve(p.batch);
      for (u64 number = 0; number < p.batch; ++number) calls.push_back(call(rt, number));
      auto const answers = co_await join_all(std::move(calls));
      total += sum(answers);
    }
    co_return total;
  }

  template <blocking_runtime R>
  static task<u64> call(R& rt, u64 number) {
    auto answered = rt.run_blocking([number] { return number; });
    co_return co_await answered;
  }
};
static_assert(scenario<spawn_blocking>);

}  // namespace regatta::scenarios
