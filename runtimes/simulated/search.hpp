// Looks for a seed with which a program goes wrong.
//
//   auto const failure = first_failure([](runtime& rt) { return transfer_money(rt); });
//   EXPECT_FALSE(failure) << failure->text();
#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "runtimes/interface/seeds.hpp"
#include "runtimes/interface/task.hpp"
#include "runtimes/simulated/runtime.hpp"

namespace regatta::runtimes::simulated {

struct failure {
  u64 seed;
  u64 seeds_tried;
  std::string why;
  std::string text() const { return why + " (REGATTA_SEED=" + std::to_string(seed) + ")"; }
};

// `program(rt)` makes a task<std::string>: what went wrong, or "". It also fails if it throws, or
// if it never ends. Tries as many seeds as seeds.hpp says, for at most `allowed`.
template <class Program>
std::optional<failure> first_failure(Program program, conditions how = {},
                                     duration allowed = std::chrono::milliseconds(500)) {
  for (seed_loop seeds{seed_allowance(allowed)}; seeds.next();) {
    std::string why;
    try {
      runtime rt(runtime_options{.seed = seeds.seed()}, how);
      why = rt.block_on(program(rt));
    } catch (std::exception const& error) {
      why = error.what();
    }
    if (!why.empty()) return failure{seeds.seed(), seeds.tried(), std::move(why)};
  }
  return std::nullopt;
}

}  // namespace regatta::runtimes::simulated
