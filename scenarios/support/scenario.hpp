// What a scenario is. One header in scenarios/ is one workload: its name, its parameters, the
// answer that it must give, its unit of work, and one template that does the work on any runtime. A
// scenario reads no clock, prints nothing and starts no thread; what it needs of a runtime stands
// in run's constraint.
//
//   struct skynet {
//     static constexpr std::string_view name = "skynet";
//     static constexpr std::string_view summary = "a tree of tasks, ten to a node: …";
//     struct params {
//       u64 leaves = 1'000'000;
//       void each(auto&& visit) { visit("leaves", leaves); }    // parse, print, describe: one
//       place
//     };
//     static params smoke();                // the size that tests use: milliseconds
//     static std::vector<params> quick();   // the few cells of the quick matrix
//     static std::vector<params> full();    // the whole grid
//     static u64 expected(params p);        // the oracle: knows no runtime
//     static u64 operations(params p);      // units of work in one run
//     static std::string invalid(params p); // optional: "" or why these parameters make no sense
//     template <runtime R>
//     static task<u64> run(R& rt, params p);   // takes a recorder& as well where it wants one
//   };
//   static_assert(scenario<skynet>);
//
// One about the life of a runtime makes it itself, on a thread that belongs to none:
//
//     template <runtime R>
//     static u64 run(runtime_maker<R> const& make, params p);
//
// How it wants to be measured, where that is not by the time of the whole run: traits.hpp.
#pragma once

#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "runtimes/interface/runtime.hpp"
#include "runtimes/interface/task.hpp"
#include "runtimes/interface/types.hpp"
#include "scenarios/support/choice.hpp"
#include "scenarios/support/parameters.hpp"
#include "scenarios/support/recorder.hpp"
#include "scenarios/support/traits.hpp"
#include "scenarios/support/work.hpp"

namespace regatta::scenarios {

// Thrown by a run whose parameters ask for more than this runtime offers, where another choice of
// parameters would not: the cell is then unsupported, and not failed.
class unsupported : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// g++ 12 copies coroutine parameters carelessly (GCC PR 99576), and parameters travel by value into
// every coroutine of a scenario: so they must be trivially destructible.
template <class P>
concept scenario_params = std::default_initializable<P> && std::is_trivially_copyable_v<P> &&
                          std::is_trivially_destructible_v<P> &&
                          requires(P p) { p.each([](std::string_view, auto&) {}); };

template <class S>
concept scenario = scenario_params<typename S::params> && requires(typename S::params p) {
  { S::name } -> std::convertible_to<std::string_view>;
  { S::summary } -> std::convertible_to<std::string_view>;
  { S::smoke() } -> std::same_as<typename S::params>;
  { S::quick() } -> std::convertible_to<std::vector<typename S::params>>;
  { S::full() } -> std::convertible_to<std::vector<typename S::params>>;
  { S::expected(p) } -> std::same_as<u64>;
  { S::operations(p) } -> std::same_as<u64>;
};

template <class S, class R>
concept measures_latency_on =
    scenario<S> && requires(R& rt, typename S::params p, recorder& latency) {
      { S::run(rt, p, latency) } -> std::same_as<task<u64>>;
    };

template <class S, class R>
concept measures_time_on = scenario<S> && requires(R& rt, typename S::params p) {
  { S::run(rt, p) } -> std::same_as<task<u64>>;
};

template <class S, class R>
concept measures_life_of =
    scenario<S> && runtime<R> && requires(runtime_maker<R> const& make, typename S::params p) {
      { S::run(make, p) } -> std::same_as<u64>;
    };

// Does runtime R offer what run's constraint asks for?
template <class S, class R>
concept runs_on = measures_latency_on<S, R> || measures_time_on<S, R> || measures_life_of<S, R>;

// Why these parameters make no sense, or "".
template <scenario S>
std::string why_invalid(typename S::params p) {
  if constexpr (requires {
                  { S::invalid(p) } -> std::convertible_to<std::string>;
                }) {
    return S::invalid(p);
  } else {
    return "";
  }
}

}  // namespace regatta::scenarios
