// What a scenario may say of itself beside what it must: how it wants to be measured. Whatever it
// does not say has the default that is named here.
//
//   struct memory {
//     static constexpr quantity measures = quantity::bytes;
//     static constexpr bool fresh_process = true;
//     …
#pragma once

#include "runtimes/interface/runtime.hpp"
#include "scenarios/support/measuring.hpp"

namespace regatta::scenarios {

// Only what lies between start_clock() and stop_clock() is measured.
template <class S>
constexpr bool times_a_part() {
  if constexpr (requires { bool{S::times_a_part}; }) return S::times_a_part;
  return false;
}

template <class S>
constexpr quantity measured_quantity() {
  if constexpr (requires { quantity{S::measures}; }) return S::measures;
  return quantity::time;
}

template <class S>
constexpr subject asked_subject() {
  if constexpr (requires { subject{S::asked}; }) return S::asked;
  return subject::runtime;
}

// Each sample is one run, the first of its process: for what a process cannot forget.
template <class S>
constexpr bool needs_fresh_process() {
  if constexpr (requires { bool{S::fresh_process}; }) return S::fresh_process;
  return false;
}

// Its system calls are of interest, and are counted in a pass of their own.
template <class S>
constexpr bool counts_system_calls() {
  if constexpr (requires { bool{S::counts_system_calls}; }) return S::counts_system_calls;
  return false;
}

template <class S>
bound floor_of(typename S::params p) {
  if constexpr (requires { bound{S::floor(p)}; }) return S::floor(p);
  return {};
}

template <class S>
small_program small_program_of(typename S::params p) {
  if constexpr (requires { scenarios::small_program{S::runs_small_program(p)}; }) {
    return S::runs_small_program(p);
  }
  return small_program::none;
}

// What the runtime of a cell is made with, where the parameters have a say in it.
template <class S>
runtime_options options_of_cell(typename S::params p, runtime_options given) {
  if constexpr (requires { runtime_options{S::options(p, given)}; }) return S::options(p, given);
  return given;
}

// Makes runtimes as the row under test is set up, for a scenario about their whole lives.
template <runtime R>
class runtime_maker {
 public:
  explicit runtime_maker(runtime_options options) : options_(options) {}
  R operator()() const { return R(options_); }

 private:
  runtime_options options_;
};

}  // namespace regatta::scenarios
