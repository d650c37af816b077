// What a process and all that it has started take: CPU time and memory, as the kernel tells.
#pragma once

#include <sys/types.h>

#include <vector>

#include "runtimes/interface/types.hpp"

namespace regatta::paths {

// The process and its descendants, as they are now.
std::vector<pid_t> tree_of(pid_t root);

// CPU time in ns of all threads of these processes that live, user and system. Exact, not in ticks,
// of threads that sleep; one that runs may be a tick behind.
u64 cpu_ns_of(std::vector<pid_t> const& processes);

// What belongs to these processes alone: anonymous and changed pages, to the page. What the kernel
// keeps for their sockets is not in it. Throws std::runtime_error where it cannot be read.
u64 private_bytes_of(std::vector<pid_t> const& processes);

}  // namespace regatta::paths
