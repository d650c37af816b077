#include "proxy/paths/process_tree.hpp"

#include <fmt/format.h>
#include <time.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>

namespace regatta::paths {
namespace {

namespace fs = std::filesystem;

// The parent of each process. Those that end meanwhile are left out.
std::map<pid_t, pid_t> parents() {
  std::map<pid_t, pid_t> found;
  std::error_code error;
  for (auto const& entry : fs::directory_iterator("/proc", error)) {
    auto const name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != name.npos) continue;
    std::ifstream stat(entry.path() / "stat");
    std::string line;
    std::getline(stat, line);
    // "4711 (name) S 12 …": the name may hold anything.
    auto const bracket = line.rfind(')');
    if (bracket == line.npos || bracket + 4 > line.size()) continue;
    found[static_cast<pid_t>(std::stol(name))] =
        static_cast<pid_t>(std::strtol(line.c_str() + bracket + 4, nullptr, 10));
  }
  return found;
}

}  // namespace

std::vector<pid_t> tree_of(pid_t root) {
  auto const all = parents();
  std::vector<pid_t> tree{root};
  for (std::size_t i = 0; i < tree.size(); ++i) {
    for (auto const& [process, parent] : all) {
      if (parent == tree[i]) tree.push_back(process);
    }
  }
  return tree;
}

u64 cpu_ns_of(std::vector<pid_t> const& processes) {
  u64 total = 0;
  for (pid_t const process : processes) {
    // Also of threads that have ended, which /proc no longer lists.
    clockid_t clock{};
    timespec used{};
    if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &used) != 0) continue;
    total += static_cast<u64>(used.tv_sec) * 1'000'000'000 + static_cast<u64>(used.tv_nsec);
  }
  return total;
}

u64 private_bytes_of(std::vector<pid_t> const& processes) {
  u64 total = 0;
  u64 read = 0;
  for (pid_t const process : processes) {
    std::ifstream rollup(fmt::format("/proc/{}/smaps_rollup", process));
    for (std::string line; std::getline(rollup, line);) {
      // "Private_Dirty:       123 kB". Clean private pages are those of files, which can be had
      // again; huge pages are counted apart.
      for (std::string_view const kind : {"Private_Dirty:", "Private_Hugetlb:"}) {
        if (!line.starts_with(kind)) continue;
        total += 1024 * std::strtoull(line.c_str() + kind.size(), nullptr, 10);
        ++read;
      }
    }
  }
  // One of them may be gone since they were listed, but not all.
  if (read == 0) throw std::runtime_error("the memory of the proxy's processes cannot be read");
  return total;
}

}  // namespace regatta::paths
