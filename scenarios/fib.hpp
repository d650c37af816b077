// Fibonacci by fork and join: every call spawns one half, computes the other itself, and adds. No
// call is too small to be a task, so that there is nothing here but spawning and joining, in a
// tree that is as uneven as real ones are. (The classic of Cilk and of every fork-join library.)
#pragma once

#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct fib {
  static constexpr std::string_view name = "fib";
  static constexpr std::string_view summary =
      "Fibonacci numbers by fork and join: each call spawns one half and computes the other";

  struct params {
    u64 n = 20;
    void each(auto&& visit) { visit("n", n); }
  };

  static params smoke() { return {.n = 8}; }
  static std::vector<params> quick() { return {params{}}; }
  static std::vector<params> full() { return grid<params>().over(&params::n, {20, 30}); }

  static constexpr u64 expected(params p) {
    u64 number = 0;
    u64 next = 1;
    for (u64 i = 0; i < p.n; ++i) number = std::exchange(next, number + next);
    return number;
  }
  // The calls, of which a good half are in tasks of their own.
  static constexpr u64 operations(params p) { return 2 * expected({p.n + 1}) - 1; }
  static std::string invalid(params p) { return p.n > 40 ? "n must be at most 40" : ""; }

  template <runtime R>
  static task<u64> run(R& rt, params p) {
    return number(rt, p.n);
  }

 private:
  template <runtime R>
  static task<u64> number(R& rt, u64 n) {
    if (n < 2) co_return n;
    auto forked = rt.spawn(number(rt, n - 1));
    auto own_half = number(rt, n - 2);
    u64 const two_before = co_await std::move(own_half);
    u64 const one_before = co_await forked;
    co_return one_before + two_before;
  }
};
static_assert(scenario<fib>);
static_assert(fib::expected({30}) == 832'040 && fib::operations({30}) == 2'692'537);

}  // namespace regatta::scenarios
