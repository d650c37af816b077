#include "harness/contender/benchmarks.hpp"

#include <benchmark/benchmark.h>

#include <exception>
#include <string>
#include <vector>

#include "harness/contender/allocations.hpp"
#include "harness/contender/sampling.hpp"
#include "runtimes/interface/unsupported.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::contender {
namespace {

using ::benchmark::Counter;

std::string benchmark_name(std::string const& scenario,
                           scenarios::parameter_list const& parameters) {
  std::string name = scenario;
  for (auto const& each : parameters) {
    name.append("/").append(each.name).append(":").append(each.text);
  }
  return name;
}

void run_cell(::benchmark::State& state, pair const& scenario, setup const& how,
              scenarios::parameter_list const& parameters) {
  auto const operations = scenario.scenario.operations(parameters);
  auto const expected = scenario.scenario.expected(parameters);
  latency_recorder recorder;
  stats::histogram latencies;
  std::uint64_t cpu_ns = 0;
  std::uint64_t allocations = 0;
  try {
    auto const cell = scenario.prepare(how, parameters);
    for (auto _ : state) {
      auto const taken = take_sample(*cell, {.iterations = 1, .expected = expected}, recorder);
      if (taken.answer != expected) {
        auto const what =
            "answered " + std::to_string(taken.answer) + " instead of " + std::to_string(expected);
        state.SkipWithError(what.c_str());
        return;
      }
      state.SetIterationTime(static_cast<double>(taken.spent.ns) * 1e-9);
      cpu_ns += taken.spent.cpu_ns.value_or(0);
      allocations += taken.spent.allocations.value_or(0);
      latencies.merge(taken.latencies);
    }
  } catch (scenarios::unsupported const& error) {
    state.SkipWithError((std::string("unsupported: ") + error.what()).c_str());
    return;
  } catch (runtime_unsupported const& error) {
    state.SkipWithError((std::string("unsupported: ") + error.what()).c_str());
    return;
  } catch (std::exception const& error) {
    state.SkipWithError(error.what());
    return;
  }

  auto const runs = static_cast<double>(state.iterations());
  auto const done = runs * static_cast<double>(operations);
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(operations));
  state.counters["operations"] = Counter(static_cast<double>(operations));
  if (allocations_are_counted()) {
    state.counters["allocations/op"] = Counter(static_cast<double>(allocations) / done);
  }
  state.counters["cpu_ns/op"] = Counter(static_cast<double>(cpu_ns) / done);
  if (!latencies.empty()) {
    state.counters["latency_ns_p50"] = Counter(static_cast<double>(latencies.quantile(0.5)));
    state.counters["latency_ns_p99"] = Counter(static_cast<double>(latencies.quantile(0.99)));
  }
}

}  // namespace

void register_benchmarks(registry const& program, setup const& how, matrix cells) {
  for (pair const& each : program.pairs()) {
    if (!each.unsupported.empty()) continue;
    auto const& scenario = each.scenario;
    for (auto const& parameters : cells == matrix::quick ? scenario.quick() : scenario.full()) {
      auto const name = benchmark_name(scenario.name, parameters);
      auto const body = [&each, how, parameters](::benchmark::State& state) {
        run_cell(state, each, how, parameters);
      };
      ::benchmark::RegisterBenchmark(name.c_str(), body)
          ->UseManualTime()
          ->Unit(::benchmark::kMicrosecond);
    }
  }
}

}  // namespace regatta::contender
