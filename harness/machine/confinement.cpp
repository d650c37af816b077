#include "harness/machine/confinement.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

namespace regatta::machine {
namespace {

std::string const mount = "/sys/fs/cgroup";

// "/a/b" is "/a/b", "/a", "": a limit anywhere on the way binds us. In a container the path may not
// exist under the mount, and then only the last one does.
std::vector<std::string> path_and_parents(std::string path) {
  std::vector<std::string> list;
  while (!path.empty() && path != "/") {
    list.push_back(path);
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
  list.emplace_back();
  return list;
}

template <class T>
void lower_to(std::optional<T>& limit, std::optional<T> const& value) {
  if (value) limit = limit ? std::min(*limit, *value) : *value;
}

// "150000 100000" is 1.5 CPUs; "max 100000" is no limit.
std::optional<double> cpus_of_cpu_max(std::optional<std::string> const& content) {
  if (!content) return std::nullopt;
  auto const parts = text::words(*content);
  if (parts.size() != 2) return std::nullopt;
  auto const quota = text::number(parts[0]);
  auto const period = text::number(parts[1]);
  if (!quota || !period || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

// Version 1 writes "no limit" as a number near 2^63.
std::optional<std::uint64_t> sensible(std::optional<std::uint64_t> bytes) {
  return bytes && *bytes < (std::uint64_t{1} << 60) ? bytes : std::nullopt;
}

void read_version_2(reader const& read, std::string const& path, cgroup_limits& limits) {
  for (auto const& part : path_and_parents(path)) {
    // Either the only hierarchy or, beside version 1, under "unified".
    for (auto const& root : {mount, mount + "/unified"}) {
      lower_to(limits.cpus, cpus_of_cpu_max(read(root + part + "/cpu.max")));
      lower_to(limits.memory_bytes, number_at(read, root + part + "/memory.max"));
    }
  }
}

void read_version_1_cpu(reader const& read, std::string const& path, cgroup_limits& limits) {
  for (auto const& part : path_and_parents(path)) {
    // A quota of -1 is no limit, and no number to text::number().
    auto const quota = number_at(read, mount + "/cpu" + part + "/cpu.cfs_quota_us");
    auto const period = number_at(read, mount + "/cpu" + part + "/cpu.cfs_period_us");
    if (quota && period && *period != 0) {
      lower_to(limits.cpus,
               std::optional(static_cast<double>(*quota) / static_cast<double>(*period)));
    }
  }
}

void read_version_1_memory(reader const& read, std::string const& path, cgroup_limits& limits) {
  for (auto const& part : path_and_parents(path)) {
    lower_to(limits.memory_bytes,
             sensible(number_at(read, mount + "/memory" + part + "/memory.limit_in_bytes")));
  }
}

bool names_controller(std::string_view list, std::string_view controller) {
  return ("," + std::string(list) + ",").find("," + std::string(controller) + ",") !=
         std::string::npos;
}

}  // namespace

cgroup_limits cgroup_limits_of(reader const& read) {
  cgroup_limits limits;
  auto const groups = read("/proc/self/cgroup");
  if (!groups) return limits;
  for (std::string_view const line : text::lines(*groups)) {
    // "4:memory:/path", and "0::/path" for version 2.
    auto const first = line.find(':');
    auto const second = line.find(':', first == std::string_view::npos ? first : first + 1);
    if (second == std::string_view::npos) continue;
    auto const controllers = line.substr(first + 1, second - first - 1);
    std::string const path(text::trimmed(line.substr(second + 1)));
    if (controllers.empty()) {
      read_version_2(read, path, limits);
    }
    if (names_controller(controllers, "cpu")) read_version_1_cpu(read, path, limits);
    if (names_controller(controllers, "memory")) read_version_1_memory(read, path, limits);
    // Both versions may be mounted; the one that holds the controllers is in charge.
    bool const in_charge =
        names_controller(controllers, "cpu") || names_controller(controllers, "memory");
    if (in_charge) limits.version = 1;
    if (controllers.empty() && !limits.version) limits.version = 2;
  }
  return limits;
}

std::optional<std::string> container_of(reader const& read) {
  if (auto const named = line_at(read, "/run/systemd/container"); named && !named->empty()) {
    return named;
  }
  if (read("/run/.containerenv")) return "podman";
  if (read("/.dockerenv")) return "docker";
  return std::nullopt;
}

std::optional<std::string> hypervisor_of(reader const& read, std::string const& signature) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> known{{
      {"KVMKVMKVM", "KVM"},
      {"Microsoft Hv", "Hyper-V"},
      {"VMwareVMware", "VMware"},
      {"XenVMMXenVMM", "Xen"},
      {"TCGTCGTCGTCG", "QEMU (emulated)"},
      {"VBoxVBoxVBox", "VirtualBox"},
      {"bhyve bhyve ", "bhyve"},
      {"ACRNACRNACRN", "ACRN"},
  }};
  for (auto const& [letters, name] : known) {
    if (signature.starts_with(letters)) return std::string(name);
  }
  if (auto const type = line_at(read, "/sys/hypervisor/type"); type && !type->empty()) return type;
  if (auto const vendor = line_at(read, "/sys/class/dmi/id/sys_vendor")) {
    for (auto const* virtual_vendor :
         {"QEMU", "VMware", "innotek", "Xen", "Amazon EC2", "Google"}) {
      if (vendor->find(virtual_vendor) != std::string::npos) return vendor;
    }
  }
  if (!signature.empty()) return signature;
  return std::nullopt;
}

std::string hypervisor_signature() {
#if defined(__x86_64__) || defined(__i386__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned hypervisor_bit = 1u << 31;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & hypervisor_bit) == 0) return {};
  __cpuid(0x40000000, a, b, c, d);
  std::array<char, 12> letters{};
  std::memcpy(letters.data(), &b, 4);
  std::memcpy(letters.data() + 4, &c, 4);
  std::memcpy(letters.data() + 8, &d, 4);
  std::string signature;
  for (char const letter : letters) {
    if (letter >= ' ' && letter <= '~') signature += letter;
  }
  return signature;
#else
  return {};
#endif
}

}  // namespace regatta::machine
