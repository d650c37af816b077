// How many ways are there to place n queens on a board of n by n, so that none attacks another?
// Every placement of the first rows that may still lead to one is a task, which spawns a task for
// each square that is left in the next row, and adds up what they answer. Fork and join with as
// many children as it happens, and with dead ends: some tasks find nothing to spawn.
#pragma once

#include <bit>

#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct nqueens {
  static constexpr std::string_view name = "nqueens";
  static constexpr std::string_view summary =
      "all ways to place n queens: a task for each placement of the first rows";

  struct params {
    u64 n = 8;
    void each(auto&& visit) { visit("n", n); }
  };

  static params smoke() { return {.n = 5}; }
  static std::vector<params> quick() { return {params{}}; }
  static std::vector<params> full() { return grid<params>().over(&params::n, {8, 12}); }

  static constexpr u64 expected(params p) { return survey(p.n, {}).solutions; }
  static constexpr u64 operations(params p) { return survey(p.n, {}).placements; }
  static std::string invalid(params p) {
    return p.n == 0 || p.n > 14 ? "n must be between 1 and 14" : "";
  }

  template <runtime R>
  static task<u64> run(R& rt, params p) {
    return solutions_after(rt, p.n, {});
  }

 private:
  // The first rows of a board: what their queens attack in the next one, a bit for each square.
  struct placement {
    u64 columns = 0;
    u64 left_diagonals = 0;
    u64 right_diagonals = 0;

    constexpr bool is_complete(u64 n) const {
      return std::popcount(columns) == static_cast<int>(n);
    }
    constexpr u64 safe_squares(u64 n) const {
      return ~(columns | left_diagonals | right_diagonals) & ((u64{1} << n) - 1);
    }
    constexpr placement with(u64 square) const {
      return {columns | square, (left_diagonals | square) << 1, (right_diagonals | square) >> 1};
    }
  };

  static constexpr u64 first_of(u64 squares) { return squares & -squares; }

  template <runtime R>
  static task<u64> solutions_after(R& rt, u64 n, placement rows) {
    if (rows.is_complete(n)) co_return 1;
    std::vector<joiner<u64>> children;
    for (u64 safe = rows.safe_squares(n); safe != 0; safe ^= first_of(safe)) {
      children.push_back(rt.spawn(solutions_after(rt, n, rows.with(first_of(safe)))));
    }
    auto const solutions = co_await join_all(std::move(children));
    co_return sum(solutions);
  }

  struct census {
    u64 solutions = 0;
    u64 placements = 1;
  };

  static constexpr census survey(u64 n, placement rows) {
    if (rows.is_complete(n)) return {.solutions = 1};
    census all;
    for (u64 safe = rows.safe_squares(n); safe != 0; safe ^= first_of(safe)) {
      census const part = survey(n, rows.with(first_of(safe)));
      all.solutions += part.solutions;
      all.placements += part.placements;
    }
    return all;
  }
};
static_assert(scenario<nqueens>);
static_assert(nqueens::expected({5}) == 10 && nqueens::expected({8}) == 92);  // OEIS A000170

}  // namespace regatta::scenarios
