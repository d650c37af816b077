// What a doctor learns by trying and not by reading: limits, clocks, io_uring, free disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "harness/machine/build.hpp"
#include "harness/machine/noise_label.hpp"

namespace regatta::machine {

struct probes {
  noise_observation noise;
  std::uint64_t open_files_soft = 0;
  std::uint64_t open_files_hard = 0;
  double clock_read_ns = 0.0;                    // one reading of the monotonic clock
  std::uint64_t clock_step_ns = 0;               // the least difference between two readings
  double sleep_overshoot_ns = 0.0;               // the median lateness of sleeps of 1 ms
  std::optional<int> io_uring_error;             // errno of io_uring_setup(2); 0 if it works
  std::optional<std::uint64_t> free_disk_bytes;  // where results would go
  std::size_t allowed_cpus = 0;
  std::string hypervisor_signature;
  machine::build build;
};

// `results` is the folder that runs are written to, or will be.
probes probe_this_machine(std::filesystem::path const& results = ".");

}  // namespace regatta::machine
