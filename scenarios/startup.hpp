// From nothing to the first answer, and back to nothing: a runtime is made, runs one task and is
// destroyed. Threads that are started and ended are most of it, so who starts them when they are
// first needed starts sooner. With `of=process` it is a whole program of that kind, from exec to
// exit, which the driver runs itself.
#pragma once

#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct startup {
  static constexpr std::string_view name = "startup";
  static constexpr std::string_view summary =
      "a runtime made, asked for one task and destroyed; or a whole process, exec to exit";

  struct params {
    choice<"runtime", "process"> of{};
    void each(auto&& visit) { visit("of", of); }
  };

  static params smoke() { return {}; }
  static std::vector<params> quick() {
    return grid<params>().over(&params::of, {"runtime", "process"});
  }
  static std::vector<params> full() { return quick(); }

  static u64 expected(params) { return the_answer; }
  static u64 operations(params) { return 1; }
  static small_program runs_small_program(params p) {
    return p.of == "process" ? small_program::task : small_program::none;
  }

  template <runtime R>
  static u64 run(runtime_maker<R> const& make, params p) {
    if (p.of == "process") throw unsupported("measured from outside, by the driver");
    R rt = make();
    return rt.block_on(ask(rt));
  }

 private:
  static constexpr u64 the_answer = 42;

  template <runtime R>
  static task<u64> ask(R& rt) {
    auto answering = rt.spawn(answer());
    co_return co_await answering;
  }

  static task<u64> answer() { co_return the_answer; }
};
static_assert(scenario<startup>);

}  // namespace regatta::scenarios
