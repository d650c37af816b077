// Quiet, noisy or shared: how much of this machine is ours, measured for a moment.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/machine/reader.hpp"

namespace regatta::machine {

// The first line of /proc/stat, in ticks summed over all CPUs since the machine started.
struct cpu_ticks {
  std::uint64_t total = 0;
  std::uint64_t idle = 0;   // waiting for a disk included
  std::uint64_t steal = 0;  // a CPU was ready to run and the hypervisor ran somebody else
};

std::optional<cpu_ticks> parse_cpu_ticks(std::string_view proc_stat);

// Everything as a share (0…1) unless its name says otherwise.
struct noise_observation {
  std::optional<double> steal_since_boot = {};
  std::optional<double> steal_now = {};    // while we looked
  std::optional<double> busy_others = {};  // of all CPUs, spent by other processes while we looked
  double lost = 0.0;                       // of the time of a thread that never waits
  double longest_gap_ns = 0.0;             // between two readings of its clock
  double involuntary_switches_per_second = 0.0;
  // How much longer than the middle one the slowest tenth of equal pieces of work took: a frequency
  // that wanders, or a neighbour on the same core, take nothing that a clock could see.
  double uneven_work = 0.0;
};

// From the times of equal pieces of work, in any unit. 0 for none.
double uneven_share(std::vector<double> times);

// Keeps one thread busy reading the clock for that long and looks at what was taken from it.
noise_observation observe_noise(
    reader const& read = this_machine(),
    std::chrono::milliseconds duration = std::chrono::milliseconds(250));

struct noise_label {
  // "shared" (a hypervisor takes time away), "noisy" (other processes do), "quiet" (neither).
  std::string label;
  std::vector<std::string> reasons;  // one sentence for each criterion that was not met
};

noise_label label_of(noise_observation const& seen);

}  // namespace regatta::machine
