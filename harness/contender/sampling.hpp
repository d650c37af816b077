// Takes one sample of a prepared cell.
//
// Inside the timed section lie, `iterations` times over: making the root task of the run,
// block_on() until it has ended, and the scenario's own tasks, all of them. Outside lie: making and
// destroying the runtime, reading parameters, reading the counters of process and runtime, merging
// histograms. Of a scenario that times a part, only what it marks lies inside.
#pragma once

#include <cstdint>
#include <optional>

#include "harness/contender/latency_recorder.hpp"
#include "harness/contender/registry.hpp"
#include "harness/contender/stopwatch.hpp"
#include "harness/stats/histogram.hpp"

namespace regatta::contender {

// Totals over all runs of the sample.
struct measured {
  std::uint64_t iterations = 0;
  std::uint64_t answer = 0;  // Of one run: of the first that differs from `expected`, if one does.
  bool answers_differ = false;
  elapsed spent;  // Its counters hold the scenario's own as well.
  // Of this process: nothing where another one works.
  std::optional<std::uint64_t> peak_rss_bytes;
  std::optional<std::uint64_t> threads_used;
  std::optional<machine::context_switches> switches;
  stats::histogram latencies;
  std::optional<std::uint64_t> recording_ns;  // What recording one latency cost, if any was.
};

struct sampling {
  std::uint64_t iterations = 1;
  std::uint64_t expected = 0;
  // Percent of its own time that each run burns on top, inside the timed section: plants a slowdown
  // that a gate must find. 0 in every real measurement.
  std::uint64_t slowdown_percent = 0;
};

// From the thread that made the cell. Throws what the scenario throws; what the recorder holds by
// then is thrown away.
measured take_sample(cell& prepared, sampling const& how, latency_recorder& recorder);

// Gives unused memory back and begins a new peak, so that the memory of one cell is not charged to
// the next. To be called before a cell is prepared.
void forget_memory_of_earlier_cells();

}  // namespace regatta::contender
