// The same three ways as in `join`, for children that compute and never wait. Joined, they are
// concurrent but not parallel: they share their parent's turn, so `join` can only cost as much as
// `sequential`. Spawned, n workers can do them in an n-th of the time.
#pragma once

#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct join_cpu {
  static constexpr std::string_view name = "join_cpu";
  static constexpr std::string_view summary =
      "children that compute: only spawning makes them parallel, joining makes them concurrent";

  struct params {
    choice<"sequential", "join", "spawn"> style{};
    u64 width = 10;      // children
    u64 steps = 10'000;  // of work by each: about 10 µs
    void each(auto&& visit) {
      visit("style", style);
      visit("width", width);
      visit("steps", steps);
    }
  };

  static params smoke() { return {.width = 3, .steps = 100}; }
  static std::vector<params> quick() {
    return grid<params>()
        .over(&params::style, {"sequential", "join", "spawn"})
        .over(&params::width, {100});
  }
  static std::vector<params> full() {
    return grid<params>()
        .over(&params::style, {"sequential", "join", "spawn"})
        .over(&params::width, {3, 10, 100, 1'000});
  }

  static u64 expected(params p) {
    u64 total = 0;
    for (u64 i = 0; i < p.width; ++i) total += compute(p.steps, i);
    return total;
  }
  static u64 operations(params p) { return p.width; }
  static std::string invalid(params p) { return p.width == 0 ? "width must be at least 1" : ""; }

  template <runtime R>
  static task<u64> run(R& rt, params p) {
    if (p.style == "sequential") return one_after_the_other(p);
    if (p.style == "join") return joined(p);
    return spawned(rt, p);
  }

 private:
  static task<u64> one_after_the_other(params p) {
    u64 total = 0;
    for (u64 i = 0; i < p.width; ++i) {
      u64 const part = co_await child(i, p.steps);
      total += part;
    }
    co_return total;
  }

  static task<u64> joined(params p) {
    std::vector<task<u64>> children;
    for (u64 i = 0; i < p.width; ++i) children.push_back(child(i, p.steps));
    auto const parts = co_await join_all(std::move(children));
    co_return sum(parts);
  }

  template <runtime R>
  static task<u64> spawned(R& rt, params p) {
    auto children = spawn_n(rt, p.width, [&](u64 i) { return child(i, p.steps); });
    auto const parts = co_await join_all(std::move(children));
    co_return sum(parts);
  }

  static task<u64> child(u64 index, u64 steps) { co_return compute(steps, index); }
};
static_assert(scenario<join_cpu>);

}  // namespace regatta::scenarios
