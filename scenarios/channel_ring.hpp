// A ring of tasks, each with a small channel to the next: tokens go round and round. With one token
// only one task can run at a time, so this is the latency of wake after wake; with more, there is
// something for a second worker to do. (After the `channels` benchmark of smol-rs/async-executor:
// 300 tasks, 300 rounds.)
#pragma once

#include <deque>

#include "runtimes/interface/channel.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct channel_ring {
  static constexpr std::string_view name = "channel_ring";
  static constexpr std::string_view summary =
      "tokens go round a ring of tasks, from channel to channel";

  struct params {
    u64 tasks = 300;
    u64 capacity = 1;  // of each channel
    u64 rounds = 300;
    u64 tokens = 1;
    void each(auto&& visit) {
      visit("tasks", tasks);
      visit("capacity", capacity);
      visit("rounds", rounds);
      visit("tokens", tokens);
    }
  };

  static params smoke() { return {.tasks = 5, .rounds = 5, .tokens = 2}; }
  static std::vector<params> quick() { return {params{}}; }
  static std::vector<params> full() { return grid<params>().over(&params::tokens, {1, 2, 300}); }

  // Every hop adds one to its token.
  static u64 expected(params p) { return p.tokens * p.rounds * p.tasks; }
  static u64 operations(params p) { return p.tokens * p.rounds * p.tasks; }
  static std::string invalid(params p) {
    if (p.tasks == 0 || p.capacity == 0 || p.rounds == 0 || p.tokens == 0) {
      return "tasks, capacity, rounds and tokens must all be at least 1";
    }
    // With more, every channel could be full and every task hold one: then nobody could move.
    return p.tokens > p.tasks ? "there must not be more tokens than tasks" : "";
  }

  template <runtime R>
  static task<u64> run(R& rt, params p) {
    std::deque<hop<R>> hops;
    for (u64 i = 0; i < p.tasks; ++i) hops.emplace_back(p.capacity);
    auto tasks =
        spawn_n(rt, p.tasks, [&](u64 i) { return pass_on(hops[i], hops[(i + 1) % p.tasks], p); });
    for (u64 i = 0; i < p.tokens; ++i) co_await hops[0].send(0);
    auto const finished = co_await join_all(std::move(tasks));
    co_return sum(finished);
  }

 private:
  template <runtime R>
  using hop = regatta::channel<u64, R>;

  // Answers the hops of those tokens that have gone all their rounds: only the last task sees any.
  template <class Hop>
  static task<u64> pass_on(Hop& source, Hop& target, params p) {
    u64 finished = 0;
    for (u64 passes = p.rounds * p.tokens; passes > 0; --passes) {
      auto const token = co_await source.recv();
      u64 const hops = token.value() + 1;
      if (hops == p.rounds * p.tasks) {
        finished += hops;
      } else {
        co_await target.send(hops);
      }
    }
    co_return finished;
  }
};
static_assert(scenario<channel_ring>);

}  // namespace regatta::scenarios
