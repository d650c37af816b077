#include "harness/machine/kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

namespace regatta::machine {
namespace {

using json = nlohmann::ordered_json;

// Copied into the kind as they are.
constexpr char const* plain_keys[] = {
    "architecture",         "cpu.model",
    "cpu.logical",          "cpu.cores",
    "cpu.sockets",          "cpu.smt",
    "cpu.governor",         "cpu.turbo",
    "cpu.numa_nodes",       "cpu.caches",
    "hypervisor.present",   "hypervisor.name",
    "kernel.mitigations",   "kernel.clocksource",
    "kernel.idle_governor", "kernel.io_uring_disabled",
    "cgroup.cpus",          "build.compiler",
    "build.flags",          "build.type",
    "build.allocator",
};

constexpr char const* other_keys[] = {
    "kernel.release",
    "kernel.command_line",
    "kernel.transparent_huge_pages",
    "kernel.haltpoll_ns",
    "kernel.aslr",
    "hypervisor.container",
    "cgroup.memory_bytes",
    "build.libraries",
    "git.commit",
    "git.dirty",
    "label",
};

json at_path(json const& object, std::string_view path) {
  json const* here = &object;
  while (!path.empty()) {
    auto const dot = path.find('.');
    std::string const key(path.substr(0, dot));
    if (!here->is_object() || !here->contains(key)) return json();
    here = &here->at(key);
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  return *here;
}

// "6.18" of "6.18.44-fc-v769".
json series_of(json const& release) {
  if (!release.is_string()) return json();
  std::string const text = release;
  auto const dot = text.find('.');
  if (dot == std::string::npos) return text;
  return text.substr(0, text.find_first_not_of("0123456789", dot + 1));
}

// Firmware and hypervisors keep some for themselves, and not always as much: the next power of two
// is what was bought.
json installed_gib(json const& bytes) {
  if (!bytes.is_number()) return json();
  constexpr double gib = 1024.0 * 1024.0 * 1024.0;
  auto const rounded = static_cast<std::uint64_t>(bytes.get<double>() / gib) + 1;
  return std::bit_ceil(rounded);
}

std::vector<difference> compared(json const& first, json const& second,
                                 std::span<std::string const> keys) {
  std::vector<difference> found;
  for (std::string const& key : keys) {
    json const a = first.contains(key) ? first.at(key) : at_path(first, key);
    json const b = second.contains(key) ? second.at(key) : at_path(second, key);
    if (a != b) found.push_back({key, a.dump(), b.dump()});
  }
  return found;
}

}  // namespace

json kind_of(json const& fingerprint) {
  json kind = json::object();
  for (char const* key : plain_keys) kind[key] = at_path(fingerprint, key);
  json const allowed = at_path(fingerprint, "cpu.allowed");
  kind["cpu.allowed"] = allowed.is_array() ? json(allowed.size()) : json();
  kind["kernel.series"] = series_of(at_path(fingerprint, "kernel.release"));
  kind["memory.gib"] = installed_gib(at_path(fingerprint, "memory.total_bytes"));
  return kind;
}

std::vector<difference> differences_of_kind(json const& first, json const& second) {
  json const a = kind_of(first);
  json const b = kind_of(second);
  std::vector<std::string> keys;
  for (auto const& [key, value] : a.items()) keys.push_back(key);
  return compared(a, b, keys);
}

std::vector<difference> other_differences(json const& first, json const& second) {
  std::vector<std::string> const keys(std::begin(other_keys), std::end(other_keys));
  return compared(first, second, keys);
}

std::string describe(difference const& d) {
  return fmt::format("{} is {} in the one and {} in the other", d.key, d.first, d.second);
}

}  // namespace regatta::machine
