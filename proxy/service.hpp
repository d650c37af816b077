// A server in outline: accepts connections and starts a task for each, until it is told to stop;
// then lets those that are there end.
#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/joiner.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/time.hpp"

namespace regatta::proxy {

// How long an acceptor waits when the system has no descriptor left, so that it does not spin.
inline constexpr auto shortage_pause = std::chrono::milliseconds(10);

// Serves every connection of `door` with `serve(stream)`, a function that makes a task<void>, each
// spawned. Ends when the door has been closed, by anybody, and every connection has ended. Answers
// how many connections there were. `serve` and all it refers to must outlive the task.
template <net_runtime R, class Serve>
task<u64> serve_connections(R& rt, typename R::listener& door, Serve const& serve) {
  std::vector<joiner<void>> connections;
  std::size_t sweep_at = 64;
  u64 accepted = 0;
  for (;;) {
    auto connection = co_await door.accept();
    if (connection) {
      ++accepted;
      if (connections.size() >= sweep_at) {
        std::erase_if(connections, [](auto const& one) { return one.is_finished(); });
        // So that each sweep is paid for by as many accepts as it looks at.
        sweep_at = std::max<std::size_t>(64, 2 * connections.size());
      }
      connections.push_back(rt.spawn(serve(std::move(*connection))));
    } else if (connection.error() == ECANCELED) {
      break;
    } else {
      // No descriptor or no memory: whoever is served will leave some.
      co_await sleep_for(rt, shortage_pause);
    }
  }
  co_await join_all(std::move(connections));
  co_return accepted;
}

}  // namespace regatta::proxy
