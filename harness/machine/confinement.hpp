// What this process may use of the machine: control groups, containers, virtual machines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/machine/reader.hpp"

namespace regatta::machine {

// The strictest limits on the way from our control group up to the root. Nothing means: unlimited,
// or not to be seen from here.
struct cgroup_limits {
  std::optional<int> version;
  std::optional<double> cpus;  // of the quota; 1.5 is three halves of a CPU
  std::optional<std::uint64_t> memory_bytes;
};

cgroup_limits cgroup_limits_of(reader const& read);

// "docker", "podman", or what systemd calls it; nothing outside of containers.
std::optional<std::string> container_of(reader const& read);

// "KVM", "VMware", …, as far as the processor or the firmware gives it away. `signature` is what
// hypervisor_signature() says.
std::optional<std::string> hypervisor_of(reader const& read, std::string const& signature);

// The twelve letters with which a hypervisor introduces itself to x86 programs, or nothing.
std::string hypervisor_signature();

}  // namespace regatta::machine
