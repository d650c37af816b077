#include "harness/machine/processor.hpp"

#include <set>
#include <string_view>
#include <utility>

namespace regatta::machine {
namespace {

std::string const cpu_folder = "/sys/devices/system/cpu/";

// Says what the CPUs of /proc/cpuinfo are. Its keys differ by architecture.
void read_cpuinfo(std::string const& cpuinfo, processor& p) {
  std::size_t logical = 0;
  std::set<std::pair<std::string, std::string>> cores;
  std::set<std::string> sockets;
  std::string socket;
  for (std::string_view const line : text::lines(cpuinfo)) {
    auto const colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    auto const key = text::trimmed(line.substr(0, colon));
    std::string const value(text::trimmed(line.substr(colon + 1)));
    if (key == "processor") ++logical;
    // x86 · POWER · some ARM boards
    if (!p.model && (key == "model name" || key == "cpu" || key == "Model")) p.model = value;
    if (!p.mhz && (key == "cpu MHz" || key == "clock")) {
      if (auto const whole = text::number(value)) p.mhz = static_cast<double>(*whole);
    }
    if (key == "physical id") sockets.insert(socket = value);
    if (key == "core id") cores.emplace(socket, value);
    if (key == "flags" && (" " + value + " ").find(" hypervisor ") != std::string::npos) {
      p.under_hypervisor = true;
    }
  }
  if (logical != 0) p.logical = logical;
  if (!cores.empty()) p.cores = cores.size();
  if (!sockets.empty()) p.sockets = sockets.size();
}

// The two drivers of Intel and everybody else say it in opposite words.
std::optional<bool> turbo_of(reader const& read) {
  if (auto const off = number_at(read, cpu_folder + "intel_pstate/no_turbo")) return *off == 0;
  if (auto const on = number_at(read, cpu_folder + "cpufreq/boost")) return *on != 0;
  return std::nullopt;
}

std::vector<cache> caches_of(reader const& read) {
  std::vector<cache> caches;
  for (int index = 0; index != 10; ++index) {
    std::string const folder = cpu_folder + "cpu0/cache/index" + std::to_string(index) + "/";
    auto const level = number_at(read, folder + "level");
    auto const size = read(folder + "size");
    if (!level || !size) break;
    auto const shared = text::cpu_list(read(folder + "shared_cpu_list").value_or("0"));
    caches.push_back({.level = *level,
                      .type = line_at(read, folder + "type").value_or("Unified"),
                      .bytes = text::size_in_bytes(*size).value_or(0),
                      .shared_by = shared.empty() ? 1 : shared.size()});
  }
  return caches;
}

}  // namespace

processor processor_of(reader const& read) {
  processor p;
  if (auto const cpuinfo = read("/proc/cpuinfo")) read_cpuinfo(*cpuinfo, p);
  if (auto const online = read(cpu_folder + "online")) {
    if (auto const cpus = text::cpu_list(*online); !cpus.empty()) p.logical = cpus.size();
  }
  if (auto const active = number_at(read, cpu_folder + "smt/active")) {
    p.smt = *active != 0;
  } else if (p.cores && p.logical) {
    p.smt = *p.logical > *p.cores;
  }
  p.governor = line_at(read, cpu_folder + "cpu0/cpufreq/scaling_governor");
  p.frequency_driver = line_at(read, cpu_folder + "cpu0/cpufreq/scaling_driver");
  p.turbo = turbo_of(read);
  p.isolated = line_at(read, cpu_folder + "isolated");
  if (auto const nodes = read("/sys/devices/system/node/online")) {
    if (auto const list = text::cpu_list(*nodes); !list.empty()) p.numa_nodes = list.size();
  }
  p.caches = caches_of(read);
  return p;
}

}  // namespace regatta::machine
