// The processor and how it is driven: model, cores, caches, frequency, idling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/machine/reader.hpp"

namespace regatta::machine {

struct cache {
  std::uint64_t level = 0;
  std::string type;  // Data, Instruction, Unified
  std::uint64_t bytes = 0;
  std::size_t shared_by = 1;  // logical CPUs
};

struct processor {
  std::optional<std::string> model;
  std::optional<double> mhz;
  std::optional<std::size_t> logical;  // CPUs that the kernel schedules on
  std::optional<std::size_t> cores;    // physical ones; two logical CPUs may share one
  std::optional<std::size_t> sockets;
  std::optional<bool> smt;
  std::optional<std::string> governor;
  std::optional<std::string> frequency_driver;
  std::optional<bool> turbo;
  std::optional<std::string> isolated;
  std::optional<std::size_t> numa_nodes;
  std::vector<cache> caches;
  bool under_hypervisor = false;  // says the CPU itself
};

processor processor_of(reader const& read);

}  // namespace regatta::machine
