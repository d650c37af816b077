// Very many tasks that sleep at once, all for the same time: what it takes to spawn them, to keep
// their time, and to wake and join them when it is over.
#pragma once

#include <stdexcept>

#include "runtimes/interface/time.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct sleep_many {
  static constexpr std::string_view name = "sleep_many";
  static constexpr std::string_view summary = "very many tasks that each sleep once, at once";

  struct params {
    u64 tasks = 10'000;
    u64 delay_us = 1'000;
    void each(auto&& visit) {
      visit("tasks", tasks);
      visit("delay_us", delay_us);
    }
  };

  static params smoke() { return {.tasks = 100}; }
  static std::vector<params> quick() { return {params{}}; }
  static std::vector<params> full() {
    return grid<params>().over(&params::tasks, {10'000, 100'000, 1'000'000});
  }

  static u64 expected(params p) { return sum_of_indices(p.tasks); }
  static u64 operations(params p) { return p.tasks; }
  static std::string invalid(params p) { return p.tasks == 0 ? "tasks must be at least 1" : ""; }

  template <timed_runtime R>
  static task<u64> run(R& rt, params p) {
    auto const delay = std::chrono::microseconds(p.delay_us);
    auto const soonest_end = regatta::now(rt) + delay;
    auto sleepers = spawn_n(rt, p.tasks, [&](u64 i) { return sleep(rt, delay, i); });
    auto const answers = co_await join_all(std::move(sleepers));
    if (regatta::now(rt) < soonest_end) throw std::logic_error("all woke early");
    co_return sum(answers);
  }

 private:
  template <timed_runtime R>
  static task<u64> sleep(R& rt, duration delay, u64 index) {
    co_await regatta::sleep_for(rt, delay);
    co_return index;
  }
};
static_assert(scenario<sleep_many>);

}  // namespace regatta::scenarios
