// What load there shall be: where to, what kind, over how many connections, how fast, how long.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "runtimes/interface/endpoint.hpp"
#include "runtimes/interface/types.hpp"

namespace regatta::load {

enum class traffic : u8 {
  echo,   // message_bytes there and the same bytes back.
  http,   // GET of `path` over HTTP/1.1 with keep-alive.
  bulk,   // message_bytes one way or both, as `way` says.
  churn,  // Like echo, with a connection of its own for each request.
};

// The way of a bulk transfer. Up and down need a server that knows the head of a transfer
// (bulk_head.hpp), as the null server does; echoed works with every echo server.
enum class bulk_way : u8 { up, down, echoed };

// When requests are due in an open loop.
enum class arrivals : u8 {
  constant,  // Every 1/rate seconds.
  poisson,   // By chance, as those of many users who know nothing of each other.
};

// How a connection is closed by us.
enum class closing : u8 {
  reset,    // At once, and no port waits in TIME_WAIT. The server sees a reset.
  orderly,  // We say that we are done, wait for the server to do so, then close.
};

// Plain values. The generator checks them when it is made. Each has a default, so that a plan can
// be written with the names of those that matter.
struct load_plan {
  endpoint target = {};
  traffic kind = traffic::echo;
  u32 threads = 1;
  u32 connections = 1;  // Spread evenly over the threads; at least one for each.
  u64 message_bytes = 128;

  // Requests due per second, over all connections: an open loop. Without it the loop is closed:
  // each connection sends its next request when the last one has been answered.
  std::optional<double> rate_per_s = {};
  arrivals when = arrivals::constant;
  // Open loop: so many requests may be under way, sent or waiting for a free connection; a request
  // that is due while there are as many is skipped, and counted. 0: as many as are due in a
  // second, but at least two for each connection.
  u64 most_in_flight = 0;

  // How long run() goes on: until so many requests have been started, or for so long, whichever
  // comes first. One of them at least.
  std::optional<u64> requests = {};
  std::optional<duration> time = {};

  // Of the contents of messages and of Poisson arrivals.
  u64 seed = 1;
  // A request that has no answer by then has failed, and its connection is replaced. The same for
  // connecting.
  duration timeout = std::chrono::seconds(10);

  // The processors that the threads are pinned to, one each, in turn. Empty: not pinned.
  std::vector<int> processors = {};
  // Polls instead of sleeping. Requests of an open loop are sent on time then, at the price of a
  // processor for each thread: only where there are processors to spare.
  bool spin = false;

  // A connection is closed and replaced after so many requests; 0: never. Churn has 1.
  u64 requests_per_connection = 0;
  closing close = closing::reset;
  // Connect from so many addresses, 127.0.0.1 and following, since each has only about 28,000
  // ports for one server. Only to IPv4 loopback. 0: as many as the connections need.
  u32 source_addresses = 0;

  bulk_way way = bulk_way::echoed;
  std::string path = "/";  // Of HTTP.
  std::string host = {};   // The Host of HTTP; empty: the target as text.
  // HTTP: each body must equal the first one. Otherwise its length and framing are all that is
  // checked, and that the status is 2xx.
  bool same_body = false;
};

// What is wrong with a plan, as one sentence that says what was expected; empty: nothing.
std::string mistake_in(load_plan const& plan);

// What reads "echo of 128 B", "HTTP GET /", …
std::string description(load_plan const& plan);

}  // namespace regatta::load
