// What scenarios compute with: work of a known amount, and sums. Work is counted in steps, never in
// time, so that every contender does the same.
#pragma once

#include <ranges>

#include "runtimes/interface/types.hpp"

namespace regatta::scenarios {

// Keeps a processor busy for `steps` dependent multiplications (about a nanosecond each; 10,000 are
// about 10 µs) and answers a number that depends on all of them, so that no compiler leaves them
// out.
inline u64 compute(u64 steps, u64 seed = 1) {
  u64 state = seed;
  for (u64 i = 0; i < steps; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;  // Knuth's LCG
    // Claims to change it: clang makes one multiplication of eight steps where it sees through
    // them.
    asm volatile("" : "+r"(state));
  }
  return state;
}

// The same, where nobody wants the number.
inline void toil(u64 steps) { (void)compute(steps); }

u64 sum(std::ranges::input_range auto const& numbers) {
  u64 total = 0;
  for (u64 const number : numbers) total += number;
  return total;
}

// 0 + 1 + … + (count - 1): what n tasks that answer their index answer together.
constexpr u64 sum_of_indices(u64 count) { return count == 0 ? 0 : count * (count - 1) / 2; }

}  // namespace regatta::scenarios
