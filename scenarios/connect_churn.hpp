// Short-lived connections: connect, send one message, read it back, close, and again. Here it is
// the making and ending of sockets that costs, in the kernel and in the runtime that has to watch
// each of them for so short a time.
#pragma once

#include "proxy/echo.hpp"
#include "scenarios/support/loopback.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct connect_churn {
  static constexpr std::string_view name = "connect_churn";
  static constexpr std::string_view summary =
      "clients that connect for one echo each: the cost of a connection's life";
  static constexpr bool counts_system_calls = true;

  struct params {
    u64 clients = 8;
    u64 churns = 50;  // by each client, one after the other
    u64 message_bytes = 64;
    void each(auto&& visit) {
      visit("clients", clients);
      visit("churns", churns);
      visit("message_bytes", message_bytes);
    }
  };

  static params smoke() { return {.clients = 2, .churns = 3}; }
  static std::vector<params> quick() { return grid<params>().over(&params::clients, {1, 8}); }
  static std::vector<params> full() {
    return grid<params>({.churns = 200}).over(&params::clients, {1, 8, 64});
  }

  // Connections whose bytes came back as they were sent.
  static u64 expected(params p) { return p.clients * p.churns; }
  static u64 operations(params p) { return p.clients * p.churns; }
  static std::string invalid(params p) {
    if (p.clients == 0 || p.churns == 0 || p.message_bytes == 0) {
      return "clients, churns and message_bytes must be at least 1";
    }
    return "";
  }

  template <net_runtime R>
  static task<u64> run(R& rt, params p, recorder& latency) {
    // A client may be two connections ahead of the server, which has yet to see that one ended.
    require_descriptors(4 * p.clients);
    auto door = listen_on_loopback(rt);
    auto server = rt.spawn(regatta::proxy::serve_echo(rt, door, buffer_bytes));
    auto clients = come_and_go(rt, p, door.local_endpoint(), latency);
    auto const seen = co_await visit_server(door, std::move(server), std::move(clients));
    co_return seen.answer;
  }

 private:
  static constexpr std::size_t buffer_bytes = 4 * 1024;

  template <net_runtime R>
  static task<u64> come_and_go(R& rt, params p, endpoint target, recorder& latency) {
    auto clients = spawn_n(rt, p.clients, [&](u64 i) { return client(rt, i, p, target, latency); });
    auto const right = co_await join_all(std::move(clients));
    co_return sum(right);
  }

  template <net_runtime R>
  static task<u64> client(R& rt, u64 index, params p, endpoint target, recorder& latency) {
    exchange words(p.message_bytes);
    u64 right = 0;
    for (u64 churn = 0; churn < p.churns; ++churn) {
      words.fill(index, churn);
      auto const begin = recorder::now();
      auto server = co_await connect_to(rt, target);
      auto const sent = co_await write_all(server, words.question());
      exchange::check_sent(sent);
      auto const got = co_await read_exactly(server, words.answer());
      if (words.right_bytes(got) == p.message_bytes) ++right;
      server.reset();
      latency.record_since(begin);
    }
    co_return right;
  }
};
static_assert(scenario<connect_churn>);

}  // namespace regatta::scenarios
