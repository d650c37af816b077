// Echo over loopback TCP, direct and through a coroutine TCP proxy: what does one more hop cost?
// Clients, echo server and proxy are all tasks of the runtime under test, in one process. Each
// client sends a message and waits until all of it has come back (closed loop).
//
// Latencies are those of single round trips, with every connection standing. The time of the run
// holds the setting up of the connections as well; how much that was is in the counter `setup_ns`.
// Clients end with a reset, so that no port waits in TIME_WAIT for the next run.
#pragma once

#include <exception>

#include "proxy/echo.hpp"
#include "proxy/server.hpp"
#include "scenarios/support/loopback.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct proxy {
  static constexpr std::string_view name = "proxy";
  static constexpr std::string_view summary =
      "echo over loopback TCP, direct or through a proxy; connecting is part of the run";

  struct params {
    choice<"direct", "proxy"> through = "direct";
    u64 connections = 64;
    u64 message_bytes = 128;
    u64 round_trips = 30;  // of each connection
    void each(auto&& visit) {
      visit("through", through);
      visit("connections", connections);
      visit("message_bytes", message_bytes);
      visit("round_trips", round_trips);
    }
  };

  static params smoke() {
    return {.through = "proxy", .connections = 3, .message_bytes = 100, .round_trips = 5};
  }
  static std::vector<params> quick() {
    auto const sizes = grid<params>({.connections = 1, .round_trips = 1'000}) +
                       grid<params>({.connections = 64, .round_trips = 20}) +
                       grid<params>({.connections = 1'000, .round_trips = 2});
    return sizes.over(&params::through, {"direct", "proxy"});
  }
  static std::vector<params> full() {
    auto const sizes = grid<params>({.connections = 1, .round_trips = 10'000}) +
                       grid<params>({.connections = 50, .round_trips = 200}) +
                       grid<params>({.connections = 64, .round_trips = 200}) +
                       grid<params>({.connections = 150, .round_trips = 100}) +
                       grid<params>({.connections = 300, .round_trips = 50}) +
                       grid<params>({.connections = 500, .round_trips = 30}) +
                       grid<params>({.connections = 1'000, .round_trips = 20});
    auto const both = sizes.over(&params::through, {"direct", "proxy"});
    // Through the proxy this many would need more descriptors than most systems give a process.
    auto const most = grid<params>({.through = "direct", .connections = 9'900, .round_trips = 4});
    return (both + most).over(&params::message_bytes, {128, 512, 1'000, 16'384});
  }

  // Bytes that came back as they were sent.
  static u64 expected(params p) { return p.connections * p.message_bytes * p.round_trips; }
  static u64 operations(params p) { return p.connections * p.round_trips; }
  static std::string invalid(params p) {
    if (p.connections == 0 || p.message_bytes == 0 || p.round_trips == 0) {
      return "connections, message_bytes and round_trips must be at least 1";
    }
    return "";
  }

  template <net_runtime R>
  static task<u64> run(R& rt, params p, recorder& latency) {
    // Client and echo server have one each; in the proxy there are two more.
    require_descriptors(p.connections * (p.through == "proxy" ? 4 : 2));
    auto echo_door = listen_on_loopback(rt);
    auto echoing = rt.spawn(regatta::proxy::serve_echo(rt, echo_door, echo_buffer_bytes));
    endpoint const target = echo_door.local_endpoint();
    auto clients = p.through == "proxy" ? drive_through_proxy(rt, p, target, latency)
                                        : drive(rt, p, target, latency);
    auto const seen = co_await visit_server(echo_door, std::move(echoing), std::move(clients));
    co_return seen.answer;
  }

 private:
  static constexpr std::size_t echo_buffer_bytes = 16 * 1024;

  template <net_runtime R>
  static task<u64> drive_through_proxy(R& rt, params p, endpoint upstream, recorder& latency) {
    auto proxy = regatta::proxy::forward_to(rt, listen_on_loopback(rt), upstream);
    auto serving = rt.spawn(proxy.serve());
    u64 echoed = 0;
    std::exception_ptr failure;
    try {
      echoed = co_await drive(rt, p, proxy.local_endpoint(), latency);
    } catch (...) {
      failure = std::current_exception();
    }
    proxy.stop();
    co_await serving;
    if (failure) std::rethrow_exception(failure);
    co_return echoed;
  }

  // Connects all clients, then lets all begin.
  template <net_runtime R>
  static task<u64> drive(R& rt, params p, endpoint target, recorder& latency) {
    auto const begin = recorder::now();
    auto connected = co_await connect_all(rt, target, p.connections);
    latency.count("setup_ns", recorder::now() - begin);
    auto asking = ask_all(rt, std::move(connected), {p.message_bytes, p.round_trips}, latency);
    auto clients = co_await asking;
    co_return hang_up(clients);
  }
};
static_assert(scenario<proxy>);

}  // namespace regatta::scenarios
