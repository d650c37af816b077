// What the tasks of one server share: its acceptors, its connections, and whoever ends them. They
// own it together, because when a runtime is destroyed its frames die in no particular order.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy/address_book.hpp"
#include "proxy/buffers.hpp"
#include "proxy/connection_table.hpp"
#include "proxy/counts.hpp"
#include "proxy/descriptors.hpp"
#include "proxy/settings.hpp"
#include "proxy/splice.hpp"
#include "proxy/tickets.hpp"
#include "proxy/ticks.hpp"
#include "proxy/upstreams.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/seeds.hpp"
#include "runtimes/interface/stop.hpp"

namespace regatta::proxy {

template <net_runtime R>
struct server_state {
  using threading = typename R::threading;
  using table = connection_table<typename R::stream, threading>;
  using connection = typename table::connection;

  server_state(R& on, std::vector<typename R::listener> listeners, settings chosen,
               name_lookup look_up)
      : rt(on),
        told(std::move(chosen)),
        doors(std::move(listeners)),
        tick(tick_of(told)),
        tickets(told.most_connections),
        connections(patience{.idle = ticks_in(told.idle_timeout, tick),
                             .stall = ticks_in(told.stall_timeout, tick)}),
        upstreams(told.upstreams, told.choose),
        addresses(std::make_shared<address_book<R>>(told.upstreams, std::move(look_up))),
        buffers(told.buffer_bytes),
        pipes(told.splice_from_bytes),
        open_doors(doors.size()) {}

  counts read() const {
    counts sums = connections.read();
    sums.refused = refused.load(std::memory_order_relaxed);
    sums.shortages = shortages.load(std::memory_order_relaxed);
    return sums;
  }

  R& rt;
  settings const told;
  std::vector<typename R::listener> doors;
  duration const tick;
  ticket_box<threading> tickets;
  table connections;
  upstream_list upstreams;
  std::shared_ptr<address_book<R>> const addresses;
  buffer_store<threading> buffers;
  pipe_store<threading> pipes;
  // Simulated sockets take no descriptors.
  descriptor_account descriptors{simulated_runtime<R> ? 0U : 16U};
  stop_source<R> stopping;  // No new clients.
  stop_source<R> aborting;  // And an end of those that are there.
  // Relaxed: safe because each stands for itself.
  std::atomic<u64> refused{0};
  std::atomic<u64> shortages{0};
  // Whoever waits at the doors is somebody else's to serve. Release and acquire: set before the
  // stop.
  std::atomic<bool> leaves_the_queue{false};
  // Doors at which clients are still accepted. Release and acquire: whoever sees none takes over.
  std::atomic<std::size_t> open_doors;
};

}  // namespace regatta::proxy
