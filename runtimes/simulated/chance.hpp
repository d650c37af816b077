// Where everything that is random in a simulation comes from: one seed, one sequence of draws. The
// same program with the same seed draws the same, so that a failure can be seen again.
#pragma once

#include <bit>

#include "runtimes/interface/assert.hpp"
#include "runtimes/interface/types.hpp"

namespace regatta::runtimes::simulated {

class chance {
 public:
  explicit chance(u64 seed) noexcept : seed_(seed), state_(seed) {}
  chance(chance const&) = delete;
  chance& operator=(chance const&) = delete;

  // A number from 0 to `count` - 1.
  u64 below(u64 count) noexcept {
    REGATTA_DEBUG_ASSERT(count != 0, "there is nothing to draw from");
    u64 const drawn = bits() % count;
    // What could be drawn tells as much of the program's course as what was.
    trace_ = std::rotl(trace_ ^ (count * 0x9e3779b97f4a7c15u + drawn), 23) * 0xff51afd7ed558ccdu;
    return drawn;
  }
  u64 between(u64 least, u64 most) noexcept { return least + below(most - least + 1); }
  bool one_in(u64 count) noexcept { return below(count) == 0; }
  bool percent(u64 of_hundred) noexcept { return below(100) < of_hundred; }
  bool per_million(u64 of_a_million) noexcept {
    return of_a_million != 0 && below(1'000'000) < of_a_million;
  }
  duration up_to(duration longest) noexcept {
    return duration(static_cast<i64>(below(static_cast<u64>(longest.count()) + 1)));
  }
  // How far an operation comes that may come only some of the way: at least 1. Often all the way,
  // because most programs meet only that.
  u64 part_of(u64 most) noexcept {
    switch (below(8)) {
      case 0:
        return 1;
      case 1:
      case 2:
        return between(1, most);
      default:
        return most;
    }
  }

  u64 seed() const noexcept { return seed_; }
  // A hash of all draws so far, and of what they were drawn from. Two runs with the same trace took
  // the same course.
  u64 trace() const noexcept { return trace_; }

 private:
  // SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
  u64 bits() noexcept {
    state_ += 0x9e3779b97f4a7c15u;
    u64 mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
  }

  u64 const seed_;
  u64 state_;
  u64 trace_ = 0;
};

}  // namespace regatta::runtimes::simulated
