// What the tasks of a simulation live in: chance, time, and the conditions that hold.
#pragma once

#include <chrono>

#include "runtimes/interface/types.hpp"
#include "runtimes/simulated/agenda.hpp"
#include "runtimes/simulated/chance.hpp"

namespace regatta::runtimes::simulated {

// How rough the world is. As it is by default, all that an honest program may rely on holds: every
// byte arrives, nobody is reset but by a peer, descriptors are plenty.
struct conditions {
  // How many bytes may be on their way or unread, in each direction of a connection: drawn for
  // each. By default not less than the least that Linux gives.
  u64 smallest_window = 4'096;
  u64 largest_window = 64 * 1'024;
  duration longest_delay = std::chrono::microseconds(200);  // Of a packet, a file, a blocking call.
  u64 resets_per_million = 0;     // Of packets: both ends of the connection are reset.
  u64 shortages_per_million = 0;  // Of accepts: answered EMFILE, the connection left where it was.
};

struct world {
  world(u64 seed, conditions chosen) noexcept : draw(seed), how(chosen) {}

  // Often none at all.
  duration delay() noexcept {
    if (draw.one_in(2)) return duration(0);
    return draw.up_to(draw.one_in(4) ? how.longest_delay : how.longest_delay / 16);
  }

  chance draw;
  agenda time{draw};
  bool is_busy = false;  // Whether a task is ready.
  conditions const how;
};

}  // namespace regatta::runtimes::simulated
