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

// A scenario that runs on a runtime.
template <scenarios::scenario S, runtime R>
class cell_of final : public cell {
 public:
  cell_of(setup const& how, typename S::params p)
      : runtime_(scenarios::options_of_cell<S>(p, options_of<R>(how))), params_(p) {}
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
  bool times_a_part() const override { return scenarios::times_a_part<S>(); }

 private:
  R runtime_;
  typename S::params params_;
};

// A scenario that makes the runtime itself.
template <scenarios::scenario S, runtime R>
  requires scenarios::measures_life_of<S, R>
class cell_of<S, R> final : public cell {
 public:
  cell_of(setup const& how, typename S::params p)
      : make_(scenarios::options_of_cell<S>(p, options_of<R>(how))), params_(p) {}

  std::uint64_t run(scenarios::recorder&) override { return S::run(make_, params_); }
  counters read_counters() const override { return {}; }
  // Where the caller only waits there is no telling which threads were the runtime's.
  bool caller_is_worker() const override { return !waits_in_block_on<R>(); }

 private:
  scenarios::runtime_maker<R> make_;
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
    } else if constexpr (scenarios::asked_subject<S>() != scenarios::subject::runtime) {
      made.unsupported = std::string(S::name) + " is asked of a " +
                         std::string(name_of(scenarios::asked_subject<S>())) + ", not of a runtime";
    } else {
      made.unsupported = std::string(R::info().name) + " does not offer what " +
                         std::string(S::name) + " asks for; it lacks: " + missing_abilities<R>();
    }
    program.add(std::move(made));
  }
};

}  // namespace regatta::contender
