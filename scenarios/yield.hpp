// Many tasks that do nothing but give way to each other. Every yield is one trip through the run
// queue, so this is the price of the queue itself: nothing sleeps, nothing is allocated but the
// tasks.
#pragma once

#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct yield {
  static constexpr std::string_view name = "yield";
  static constexpr std::string_view summary =
      "tasks that yield to each other: the cost of one trip through the run queue";

  struct params {
    u64 tasks = 200;
    u64 yields = 1'000;  // by each task
    void each(auto&& visit) {
      visit("tasks", tasks);
      visit("yields", yields);
    }
  };

  static params smoke() { return {.tasks = 10, .yields = 10}; }
  static std::vector<params> quick() { return {params{}}; }
  static std::vector<params> full() {
    return grid<params>().over(&params::tasks, {1, 200, 10'000}).over(&params::yields, {10, 1'000});
  }

  static u64 expected(params p) { return p.tasks * p.yields; }
  static u64 operations(params p) { return p.tasks * p.yields; }

  template <runtime R>
  static task<u64> run(R& rt, params p) {
    auto tasks = spawn_n(rt, p.tasks, [&](u64) { return give_way(rt, p.yields); });
    auto const yielded = co_await join_all(std::move(tasks));
    co_return sum(yielded);
  }

 private:
  template <runtime R>
  static task<u64> give_way(R& rt, u64 yields) {
    u64 yielded = 0;
    for (; yielded < yields; ++yielded) co_await rt.yield();
    co_return yielded;
  }
};
static_assert(scenario<yield>);

}  // namespace regatta::scenarios
