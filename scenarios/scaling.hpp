// The same work on one thread, on two, on three: what does another thread bring, and from where on
// does it take away? Each cell makes its runtime with as many threads as it names. `compute` is
// what divides best, `fib` what divides worst; a tree is in between. Work and answer are those of
// the scenario of that name.
//
// A channel is not among them: g++ 12 cannot link a program in which two sources make the same
// coroutines of `channel` ("defined in discarded section", with -O3).
#pragma once

#include <algorithm>
#include <string>

#include "scenarios/fib.hpp"
#include "scenarios/skynet.hpp"
#include "scenarios/support/processors.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct scaling {
  static constexpr std::string_view name = "scaling";
  static constexpr std::string_view summary =
      "a tree, a recursion or plain computing on a runtime of so many threads";

  struct params {
    choice<"skynet", "fib", "compute"> work{};
    u64 threads = 1;
    void each(auto&& visit) {
      visit("work", work);
      visit("threads", threads);
    }
  };

  static params smoke() { return {.work = "compute"}; }
  static std::vector<params> quick() {
    return grid<params>()
        .over(&params::work, {"compute", "skynet"})
        .over(&params::threads, {1, 2, 3, 4});
  }
  static std::vector<params> full() {
    u64 const most = std::max(u64{4}, processors());
    return grid<params>()
        .over(&params::work, {"skynet", "fib", "compute"})
        .over(&params::threads, {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64})
        .where([most](params p) { return p.threads <= most; });
  }
  static std::string invalid(params p) {
    return p.threads == 0 || p.threads > 1'024 ? "threads must be between 1 and 1024" : "";
  }

  static u64 expected(params p) {
    if (p.work == "skynet") return skynet::expected(tree);
    if (p.work == "fib") return fib::expected(recursion);
    return sum_of_indices(computing_tasks);
  }
  static u64 operations(params p) {
    if (p.work == "skynet") return skynet::operations(tree);
    if (p.work == "fib") return fib::operations(recursion);
    return computing_tasks;
  }

  static runtime_options options(params p, runtime_options given) {
    given.threads = static_cast<u32>(p.threads);
    return given;
  }

  template <runtime R>
  static task<u64> run(R& rt, params p) {
    check_threads(rt, p.threads);
    if (p.work == "skynet") return skynet::run(rt, tree);
    if (p.work == "fib") return fib::run(rt, recursion);
    return compute_in_tasks(rt);
  }

 private:
  static constexpr skynet::params tree{.leaves = 100'000, .fan_out = 10};
  static constexpr fib::params recursion{.n = 18};
  static constexpr u64 computing_tasks = 200;
  static constexpr u64 steps = 10'000;  // about 10 µs

  // A curve over threads that nobody had would be a straight lie.
  template <runtime R>
  static void check_threads(R const& rt, u64 wanted) {
    u64 there_are = R::threading::single ? 1 : wanted;
    if constexpr (requires { rt.threads(); }) there_are = rt.threads();
    if (there_are == wanted) return;
    if (there_are == 0) throw unsupported("this runtime cannot be told how many threads to have");
    throw unsupported("this runtime has " + std::to_string(there_are) + " threads, not " +
                      std::to_string(wanted));
  }

  template <runtime R>
  static task<u64> compute_in_tasks(R& rt) {
    auto tasks = spawn_n(rt, computing_tasks, [](u64 i) { return compute_one(i); });
    auto const answers = co_await join_all(std::move(tasks));
    co_return sum(answers);
  }

  static task<u64> compute_one(u64 index) {
    toil(steps);
    co_return index;
  }
};
static_assert(scenario<scaling>);

}  // namespace regatta::scenarios
