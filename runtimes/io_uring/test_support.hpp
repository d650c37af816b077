// What the tests of this folder share.
#pragma once

#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>

#include "runtimes/io_uring/runtime.hpp"

namespace regatta::runtimes::io_uring {

// Why the kernel refuses R; empty where it does not, and the tests of R can run.
template <class R>
std::string why_refused() {
  try {
    R const probe(options{});
    return {};
  } catch (runtime_unsupported const& error) {
    return error.what();
  }
}

// How many descriptors of this process are of that kind ("io_uring", "eventpoll"; all where it is
// empty), by what /proc says they are. Files that are called so do not count.
inline u64 descriptors_of_kind(std::string const& kind) {
  std::string const wanted = kind.empty() ? "" : "anon_inode:[" + kind + "]";
  u64 count = 0;
  for (auto const& each : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::array<char, 256> target{};
    if (::readlink(each.path().c_str(), target.data(), target.size() - 1) <= 0) continue;
    if (std::string(target.data()).find(wanted) != std::string::npos) ++count;
  }
  return count;
}

}  // namespace regatta::runtimes::io_uring
