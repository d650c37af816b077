// How large a program on this runtime is: its stripped file, and the shared libraries that it
// loads. The driver looks at the contender's small programs from outside, and proves that they work
// before it believes their size; a run inside a contender, which carries a harness, could tell
// nothing.
#pragma once

#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct binary_size {
  static constexpr std::string_view name = "binary_size";
  static constexpr std::string_view summary =
      "the size of a small program and of the shared libraries that it loads";
  static constexpr quantity measures = quantity::bytes;

  struct params {
    choice<"task", "echo"> program{};
    void each(auto&& visit) { visit("program", program); }
  };

  static params smoke() { return {}; }
  static std::vector<params> quick() { return {{.program = "task"}, {.program = "echo"}}; }
  static std::vector<params> full() { return quick(); }

  // The task of the small program answers it; a size that nobody has seen working counts for
  // nothing.
  static u64 expected(params) { return 42; }
  static u64 operations(params) { return 1; }
  static small_program runs_small_program(params p) {
    return p.program == "task" ? small_program::task : small_program::echo;
  }

  template <runtime R>
  static u64 run(runtime_maker<R> const&, params) {
    throw unsupported("measured from outside, by the driver");
  }
};
static_assert(scenario<binary_size>);

}  // namespace regatta::scenarios
