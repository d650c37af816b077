// A server that does nothing but accept: how fast can connections come in? Clients connect and wait
// until the server has closed the connection, so that each of them stands in line once for every
// connection that it makes.
//
// The server closes in the ordinary way. Clients answer with a reset, so that no port waits in
// TIME_WAIT for the next run.
#pragma once

#include <array>

#include "proxy/service.hpp"
#include "scenarios/support/loopback.hpp"
#include "scenarios/support/message.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct accept {
  static constexpr std::string_view name = "accept";
  static constexpr std::string_view summary =
      "connections that are accepted and closed by one task, many clients at once";
  static constexpr bool counts_system_calls = true;

  struct params {
    u64 connects = 10'000;
    u64 at_once = 100;  // clients, who share the connections
    void each(auto&& visit) {
      visit("connects", connects);
      visit("at_once", at_once);
    }
  };

  static params smoke() { return {.connects = 20, .at_once = 4}; }
  static std::vector<params> quick() { return {{.connects = 1'000}}; }
  static std::vector<params> full() { return grid<params>().over(&params::at_once, {1, 10, 100}); }

  static u64 expected(params p) { return p.connects; }
  static u64 operations(params p) { return p.connects; }
  static std::string invalid(params p) {
    if (p.connects == 0 || p.at_once == 0) return "connects and at_once must be at least 1";
    return "";
  }

  template <net_runtime R>
  static task<u64> run(R& rt, params p) {
    require_descriptors(2 * p.at_once);
    auto door = listen_on_loopback(rt);
    auto server = rt.spawn(turn_away(rt, door));
    auto clients = knock(rt, p, door.local_endpoint());
    auto const seen = co_await visit_server(door, std::move(server), std::move(clients));
    if (seen.answer != seen.accepted) {
      throw std::logic_error(std::to_string(seen.answer) + " clients were turned away, but " +
                             std::to_string(seen.accepted) + " accepted");
    }
    co_return seen.accepted;
  }

 private:
  // The server. Answers how many came.
  template <net_runtime R>
  static task<u64> turn_away(R& rt, typename R::listener& door) {
    u64 accepted = 0;
    for (;;) {
      auto connection = co_await door.accept();
      if (connection) {
        ++accepted;
        connection->close();
      } else if (connection.error() == ECANCELED) {
        co_return accepted;
      } else {
        co_await sleep_for(rt, regatta::proxy::shortage_pause);
      }
    }
  }

  template <net_runtime R>
  static task<u64> knock(R& rt, params p, endpoint target) {
    auto clients = spawn_n(rt, p.at_once, [&](u64 i) {
      return client(rt, share_of(i, p.at_once, p.connects), target);
    });
    auto const turned_away = co_await join_all(std::move(clients));
    co_return sum(turned_away);
  }

  template <net_runtime R>
  static task<u64> client(R& rt, numbers mine, endpoint target) {
    std::array<std::byte, 1> nothing_comes;
    for (u64 i = mine.first; i < mine.end; ++i) {
      auto server = co_await connect_to(rt, target);
      auto const got = co_await server.read(nothing_comes);
      if (got.count != 0) throw std::logic_error("a server that only closes has sent something");
      if (!got.ok() && got.error != ECONNRESET) {
        throw std::runtime_error("cannot wait for the server: " + io_error{got.error}.text());
      }
      server.reset();
    }
    co_return mine.end - mine.first;
  }
};
static_assert(scenario<accept>);

}  // namespace regatta::scenarios
