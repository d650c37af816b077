// Skynet: a tree of tasks, ten children to a node, a million leaves.
// Every leaf answers its index and every parent adds its children up, so the root knows whether
// each task ran exactly once. Stresses spawn, join and the allocation of frames; there is no I/O
// and nothing to wait for but tasks. (The workload and its answer, 499,999,500,000, are those of
// atemerev/skynet.)
#pragma once

#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct skynet {
  static constexpr std::string_view name = "skynet";
  static constexpr std::string_view summary =
      "a tree of tasks, ten children to a node, that adds up the numbers of its leaves";

  struct params {
    u64 leaves = 1'000'000;
    u64 fan_out = 10;
    void each(auto&& visit) {
      visit("leaves", leaves);
      visit("fan_out", fan_out);
    }
  };

  static params smoke() { return {.leaves = 1'000}; }
  static std::vector<params> quick() { return {{.leaves = 100'000}}; }
  static std::vector<params> full() {
    return grid<params>().over(&params::leaves, {1'000, 100'000, 1'000'000, 100'000'000}) +
           grid<params>({.leaves = 1'048'576, .fan_out = 2});
  }
  static std::string invalid(params p) {
    if (p.fan_out < 2) return "fan_out must be at least 2";
    u64 leaves = p.leaves;
    while (leaves > 1 && leaves % p.fan_out == 0) leaves /= p.fan_out;
    return leaves == 1 ? "" : "leaves must be a power of fan_out, such as leaves=1000 fan_out=10";
  }

  static u64 expected(params p) { return p.leaves * (p.leaves - 1) / 2; }
  // A task for each leaf and each node.
  static u64 operations(params p) { return (p.leaves * p.fan_out - 1) / (p.fan_out - 1); }

  template <runtime R>
  static task<u64> run(R& rt, params p) {
    return node(rt, 0, p.leaves, p.fan_out);
  }

 private:
  template <runtime R>
  static task<u64> node(R& rt, u64 first, u64 leaves, u64 fan_out) {
    if (leaves == 1) co_return first;

    u64 const share = leaves / fan_out;
    auto children =
        spawn_n(rt, fan_out, [&](u64 i) { return node(rt, first + i * share, share, fan_out); });
    auto const answers = co_await join_all(std::move(children));
    co_return sum(answers);
  }
};
static_assert(scenario<skynet>);

}  // namespace regatta::scenarios
