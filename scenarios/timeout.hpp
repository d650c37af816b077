// What it costs to say "but for a second at most" of something that takes no time. A body that is
// ready at once never sets an alarm; one that yields has it set, and cancelled before it rings:
// what a server does around each request.
#pragma once

#include "runtimes/interface/time.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct timeout {
  static constexpr std::string_view name = "timeout";
  static constexpr std::string_view summary =
      "short operations, one after the other, each with a limit of a second";

  struct params {
    u64 operations = 10'000;
    choice<"ready", "yield"> body{};  // what each does: nothing, or a yield
    void each(auto&& visit) {
      visit("operations", operations);
      visit("body", body);
    }
  };

  static params smoke() { return {.operations = 100}; }
  static std::vector<params> quick() {
    return grid<params>().over(&params::body, {"ready", "yield"});
  }
  static std::vector<params> full() {
    return grid<params>()
        .over(&params::operations, {10'000, 1'000'000})
        .over(&params::body, {"ready", "yield"});
  }

  // Of those that ended in time.
  static u64 expected(params p) { return sum_of_indices(p.operations); }
  static u64 operations(params p) { return p.operations; }
  static std::string invalid(params p) {
    return p.operations == 0 ? "operations must be at least 1" : "";
  }

  template <timed_runtime R>
  static task<u64> run(R& rt, params p) {
    u64 in_time = 0;
    for (u64 i = 0; i < p.operations; ++i) {
      auto limited = regatta::timeout(rt, std::chrono::seconds(1), operation(rt, p, i));
      auto const answer = co_await limited;
      if (answer) in_time += *answer;
    }
    co_return in_time;
  }

 private:
  template <timed_runtime R>
  static task<u64> operation(R& rt, params p, u64 index) {
    if (p.body == "yield") co_await rt.yield();
    co_return index;
  }
};
static_assert(scenario<timeout>);

}  // namespace regatta::scenarios
