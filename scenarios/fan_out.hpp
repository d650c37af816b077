// A parent spawns some children and waits for all of them, again and again: the shape of a request
// that asks several others. Few children show what the last one costs that everybody waits for;
// many show what it costs to spread them. With more depth every child is such a parent, so that
// joins wait for joins.
#pragma once

#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct fan_out {
  static constexpr std::string_view name = "fan_out";
  static constexpr std::string_view summary =
      "a parent spawns some children and waits for all, round after round, one or more levels deep";

  struct params {
    u64 children = 16;
    u64 depth = 1;
    u64 rounds = 100;
    void each(auto&& visit) {
      visit("children", children);
      visit("depth", depth);
      visit("rounds", rounds);
    }
  };

  static params smoke() { return {.children = 3, .depth = 2, .rounds = 2}; }
  static std::vector<params> quick() {
    return grid<params>().over(&params::children, {1, 8, 64}) +
           grid<params>({.children = 8, .depth = 2, .rounds = 20});
  }
  static std::vector<params> full() {
    return grid<params>()
        .over(&params::children, {1, 2, 4, 8, 16, 32, 64})
        .over(&params::depth, {1, 2, 3})
        .where([](params p) { return p.depth < 3 || p.children <= 16; });
  }

  static u64 expected(params p) { return p.rounds * tree_of(p).leaves; }
  static u64 operations(params p) { return p.rounds * tree_of(p).tasks; }
  static std::string invalid(params p) {
    if (p.children == 0 || p.depth == 0 || p.rounds == 0) {
      return "children, depth and rounds must be at least 1";
    }
    return tree_of(p).tasks > most_tasks ? "a round would have more than 10,000,000 tasks" : "";
  }

  template <runtime R>
  static task<u64> run(R& rt, params p) {
    u64 leaves = 0;
    for (u64 round = 0; round < p.rounds; ++round) {
      auto tree = leaves_below(rt, p.children, p.depth);
      u64 const of_this_round = co_await std::move(tree);
      leaves += of_this_round;
    }
    co_return leaves;
  }

 private:
  static constexpr u64 most_tasks = 10'000'000;

  struct tree {
    u64 tasks = 0;
    u64 leaves = 1;
  };

  // Of one round; counts no further than to a level that has too many.
  static tree tree_of(params p) {
    tree grown;
    for (u64 level = 0; level < p.depth && grown.tasks <= most_tasks; ++level) {
      grown.leaves *= p.children;
      grown.tasks += grown.leaves;
    }
    return grown;
  }

  template <runtime R>
  static task<u64> leaves_below(R& rt, u64 children, u64 depth) {
    if (depth == 0) co_return 1;
    auto below = spawn_n(rt, children, [&](u64) { return leaves_below(rt, children, depth - 1); });
    auto const leaves = co_await join_all(std::move(below));
    co_return sum(leaves);
  }
};
static_assert(scenario<fan_out>);

}  // namespace regatta::scenarios
