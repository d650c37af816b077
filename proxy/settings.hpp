// What a proxy is told: where its clients go, and what it grants them. A plain value; whoever reads
// flags or files fills it, and the server only looks.
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "runtimes/interface/types.hpp"

namespace regatta::proxy {

// Which of several upstreams the next client gets. One that refuses is passed over for a while.
enum class balance : u8 { round_robin, least_connections };

// What happens to a client beyond the limit: it waits in the backlog of the listening socket, or it
// is accepted and reset at once.
enum class over_limit : u8 { wait, reset };

struct settings {
  // "127.0.0.1:80", "[::1]:80", "unix:/run/x.sock" or "name:80". At least one.
  std::vector<std::string> upstreams{};
  balance choose = balance::round_robin;

  u64 most_connections = std::numeric_limits<u64>::max();  // Clients that are served at once.
  over_limit beyond = over_limit::wait;

  // 0: as long as it takes.
  std::chrono::milliseconds connect_timeout{5'000};    // Of all attempts for one client together.
  std::chrono::milliseconds idle_timeout{0};           // Not a byte, either way.
  std::chrono::milliseconds stall_timeout{60'000};     // A peer takes nothing of what waits for it.
  std::chrono::milliseconds shutdown_timeout{30'000};  // What is left then is reset.

  std::size_t buffer_bytes = 16 * 1024;  // Of each way, while bytes are under way.
  // A way that has carried so much without a pause moves its bytes inside the kernel (splice);
  // the largest number: never. Only on runtimes that leave bytes in the socket until they are read.
  std::size_t splice_from_bytes = 64 * 1024;
};

}  // namespace regatta::proxy
