// What a proxy has done so far. The counts are right at any moment, and after any error:
//
//   accepted = active + completed + unreachable + broken + timed_out + shut_down
//
// These belong to one moment: who reads them holds all locks of the table (connection_table.hpp).
// The bytes are read a moment later, and never go back. `refused` stands beside it: those clients
// were never served.
#pragma once

#include <string>

#include "runtimes/interface/types.hpp"

namespace regatta::proxy {

struct counts {
  u64 accepted = 0;     // Clients that were taken to be served.
  u64 active = 0;       // Being served, the connecting included.
  u64 completed = 0;    // Both peers had finished.
  u64 unreachable = 0;  // No upstream could be reached in time: the client was reset.
  u64 broken = 0;       // A peer's reset or another error ended it; passed on as a reset.
  u64 timed_out = 0;    // Idle or stalled for too long: both were reset.
  u64 shut_down = 0;    // Reset because the deadline of a shutdown had come.
  u64 refused = 0;      // Beyond the limit: reset at once.
  u64 shortages = 0;    // How often accepting had to pause: no descriptor or no memory was left.
  u64 bytes_up = 0;     // Written to upstreams. Counted when it is written.
  u64 bytes_down = 0;   // Written to clients.
};

// Of one upstream.
struct upstream_counts {
  std::string name;             // As the settings have it.
  u64 connections = 0;          // That clients have with it now, the connecting included.
  u64 failures = 0;             // Attempts that it refused, that broke, or that took too long.
  bool is_passed_over = false;  // It failed lately: clients go to others, if there are any.
};

// How a server ended.
struct server_end {
  proxy::counts counts;
  bool deadline_came = false;  // Connections were reset because they had not ended in time.
};

}  // namespace regatta::proxy
