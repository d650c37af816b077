// What passes while a sample is taken: time, CPU time, allocations, context switches, and what the
// runtime counts. It runs for the whole of a sample, or for the parts that the scenario marks.
#pragma once

#include <cstdint>
#include <optional>

#include "harness/contender/registry.hpp"
#include "harness/machine/process_counters.hpp"

namespace regatta::contender {

// Totals over everything that a stopwatch ran for.
struct elapsed {
  std::uint64_t ns = 0;
  std::optional<std::uint64_t> cpu_ns;
  // Calls of operator new, and frames from the pool; nothing where the former are not counted.
  std::optional<std::uint64_t> allocations;
  std::uint64_t frames = 0;
  machine::context_switches switches;
  counters counted;
  std::uint64_t parts = 0;
};

class stopwatch {
 public:
  explicit stopwatch(cell const& watched) : cell_(watched) {}

  // In turn, from any thread. Everything that is not the clock is read outside of what the clock
  // sees. Throws std::logic_error when it runs already, or does not.
  void start();
  void stop();

  elapsed const& total() const { return total_; }
  bool is_running() const { return is_running_; }

 private:
  struct reading {
    std::uint64_t frames = 0;
    machine::context_switches switches;
    std::optional<std::uint64_t> cpu_ns;
  };
  reading read() const;

  cell const& cell_;
  elapsed total_;
  bool is_running_ = false;
  counters counters_before_;
  reading before_;
  std::uint64_t news_before_ = 0;
  std::uint64_t began_ns_ = 0;
};

}  // namespace regatta::contender
