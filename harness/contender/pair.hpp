// One scenario on one runtime: what the generated sources consist of.
//
//   static regatta::contender::pair_of<scenarios::skynet, runtimes::work_stealing::runtime>
//   registered;
//
// A runtime that does not satisfy the constraint of the scenario's run() makes the pair
// unsupported, by concept alone: neither of the two mentions the other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "harness/contender/registry.hpp"
#include "harness/contender/runtime_under_test.hpp"
#include "scenarios/support/describe.hpp"
#include "scenarios/support/outside.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::contender {

template <scenarios::scenario S, runtime R>
  requires scenarios::runs_on<S, R>
class cell_of final : public cell {
 public:
  cell_of(setup const& how, typename S::params p) : runtime_(options_of<R>(how)), params_(p) {}
  ~cell_of() override { scenarios::outsider::wait_until_idle(); }

  std::uint64_t run(scenarios::recorder& latency) override {
    if constexpr (scenarios::measures_latency_on<S, R>) {
      return runtime_.block_on(S::run(runtime_, params_, latency));
    } else {
      return runtime_.block_on(S::run(runtime_, params_));
    }
  }

  counters read_counters() const override { return counters_of(runtime_); }
  bool caller_is_worker() const override { return !waits_in_block_on<R>(); }

 private:
  R runtime_;
  typename S::params params_;
};

template <scenarios::scenario S, runtime R>
class pair_of {
 public:
  explicit pair_of(registry& program = registry::of_this_program()) {
    pair made{.scenario = scenarios::describe<S>(), .unsupported = {}, .prepare = {}};
    if constexpr (scenarios::runs_on<S, R>) {
      made.prepare = [](setup const& how, scenarios::parameter_list const& list) {
        return std::make_unique<cell_of<S, R>>(how, scenarios::read_parameters<S>(list));
      };
    } else {
      made.unsupported = std::string(R::info().name) + " does not offer what " +
                         std::string(S::name) + " asks for; it lacks: " + missing_abilities<R>();
    }
    program.add(std::move(made));
  }
};

}  // namespace regatta::contender
