// A chain of tasks: each spawns the next one and waits for it. There is never more than one task to
// run, so this is the price of handing over: to the one just spawned going down, and to the one
// that waits coming back up. A runtime that wakes a second worker for either only loses by it.
#pragma once

#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct chained_spawn {
  static constexpr std::string_view name = "chained_spawn";
  static constexpr std::string_view summary =
      "a chain of tasks, each of which spawns the next and waits for it";

  struct params {
    u64 depth = 1'000;
    void each(auto&& visit) { visit("depth", depth); }
  };

  static params smoke() { return {.depth = 20}; }
  static std::vector<params> quick() { return {params{}}; }
  static std::vector<params> full() {
    return grid<params>().over(&params::depth, {10, 1'000, 100'000});
  }

  static u64 expected(params p) { return p.depth; }
  static u64 operations(params p) { return p.depth; }
  static std::string invalid(params p) { return p.depth == 0 ? "depth must be at least 1" : ""; }

  template <runtime R>
  static task<u64> run(R& rt, params p) {
    return link(rt, p.depth);
  }

 private:
  template <runtime R>
  static task<u64> link(R& rt, u64 tasks_left) {
    if (tasks_left == 0) co_return 0;
    auto next = rt.spawn(link(rt, tasks_left - 1));
    u64 const tasks_below = co_await next;
    co_return tasks_below + 1;
  }
};
static_assert(scenario<chained_spawn>);

}  // namespace regatta::scenarios
