// Echo over loopback TCP: what does a round trip cost, and how many can be under way at once?
// Clients and echo server are tasks of the runtime under test, in one process. Each client sends a
// message and waits until all of it has come back (closed loop).
//
// The clock runs only while the clients talk: all are connected before, and hang up afterwards.
#pragma once

#include "proxy/echo.hpp"
#include "scenarios/support/loopback.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct echo {
  static constexpr std::string_view name = "echo";
  static constexpr std::string_view summary =
      "round trips over loopback TCP, with every connection standing";
  static constexpr bool times_a_part = true;
  static constexpr bool counts_system_calls = true;

  struct params {
    u64 connections = 64;
    u64 message_bytes = 64;
    u64 round_trips = 30;  // of each connection
    void each(auto&& visit) {
      visit("connections", connections);
      visit("message_bytes", message_bytes);
      visit("round_trips", round_trips);
    }
  };

  static params smoke() { return {.connections = 3, .message_bytes = 100, .round_trips = 5}; }
  static std::vector<params> quick() {
    auto const large = grid<params>({.connections = 1, .round_trips = 1'000}) + grid<params>();
    return sizes() + large.over(&params::message_bytes, {16'384});
  }
  static std::vector<params> full() {
    return sizes().over(&params::message_bytes, {1, 64, 1'024, 16'384});
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
  // Of many connections, several are answered at one wake.
  static bound floor(params p) { return p.connections == 1 ? bound{"tcp_round_trip", 1} : bound{}; }

  template <net_runtime R>
  static task<u64> run(R& rt, params p, recorder& latency) {
    require_descriptors(2 * p.connections);
    auto door = listen_on_loopback(rt);
    auto server = rt.spawn(regatta::proxy::serve_echo(rt, door, buffer_bytes));
    auto clients = talk(rt, p, door.local_endpoint(), latency);
    auto const seen = co_await visit_server(door, std::move(server), std::move(clients));
    co_return seen.answer;
  }

 private:
  static constexpr std::size_t buffer_bytes = 16 * 1024;

  // About as many round trips in all, whatever the number of connections.
  static grid<params> sizes() {
    return grid<params>({.connections = 1, .round_trips = 1'000}) +
           grid<params>({.connections = 16, .round_trips = 100}) +
           grid<params>({.connections = 64, .round_trips = 30}) +
           grid<params>({.connections = 1'024, .round_trips = 3});
  }

  template <net_runtime R>
  static task<u64> talk(R& rt, params p, endpoint target, recorder& latency) {
    auto connected = co_await connect_all(rt, target, p.connections);
    auto talking = ask_all(rt, std::move(connected), {p.message_bytes, p.round_trips}, latency);
    latency.start_clock();
    auto clients = co_await talking;
    latency.stop_clock();
    co_return hang_up(clients);
  }
};
static_assert(scenario<echo>);

}  // namespace regatta::scenarios
