// Echo over loopback TCP, direct and through a coroutine TCP proxy: what does one more hop cost?
// Clients, echo server and proxy are all tasks of the runtime under test, in one process. Each
// client sends a message and waits until all of it has come back (closed loop).
//
// Latencies are those of single round trips, with every connection standing. The time of the run
// holds the setting up of the connections as well; how much that was is in the counter `setup_ns`.
// Clients end with a reset, so that no port waits in TIME_WAIT for the next run.
#pragma once

#include <cstddef>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "proxy/echo.hpp"
#include "proxy/server.hpp"
#include "runtimes/interface/descriptors.hpp"
#include "runtimes/interface/net.hpp"
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
    check_descriptors(p);
    auto echo_door = listen(rt);
    auto echoing = rt.spawn(regatta::proxy::serve_echo(rt, echo_door, echo_buffer_bytes));
    endpoint const target = echo_door.local_endpoint();

    u64 echoed = 0;
    std::exception_ptr failure;
    try {
      if (p.through == "proxy") {
        echoed = co_await drive_through_proxy(rt, p, target, latency);
      } else {
        echoed = co_await drive(rt, p, target, latency);
      }
    } catch (...) {
      failure = std::current_exception();
    }
    echo_door.close();
    co_await echoing;
    if (failure) std::rethrow_exception(failure);
    co_return echoed;
  }

 private:
  static constexpr std::size_t echo_buffer_bytes = 16 * 1024;
  static constexpr u64 spare_descriptors = 100;  // For the runtime and the harness.

  // Without enough, clients would wait for ever for a server that cannot accept them.
  static void check_descriptors(params p) {
    // Client and echo server have one each; in the proxy there are two more.
    u64 const needed = p.connections * (p.through == "proxy" ? 4 : 2) + spare_descriptors;
    u64 const limit = descriptor_limit();
    if (needed <= limit) return;
    throw unsupported("needs " + std::to_string(needed) +
                      " descriptors, and this process may have " + std::to_string(limit) +
                      " (ulimit -Hn): choose fewer connections");
  }

  template <net_runtime R>
  static typename R::listener listen(R& rt) {
    auto door = rt.listen(endpoint::loopback());
    if (!door) throw std::runtime_error("cannot listen on loopback: " + door.error_text());
    return std::move(*door);
  }

  template <net_runtime R>
  static task<u64> drive_through_proxy(R& rt, params p, endpoint upstream, recorder& latency) {
    regatta::proxy::server<R> proxy(rt, listen(rt), {.upstream = upstream});
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
    auto connecting = spawn_n(rt, p.connections, [&](u64) { return connect(rt, target); });
    auto connected = co_await join_all(std::move(connecting));
    latency.count("setup_ns", recorder::now() - begin);
    auto clients = spawn_n(rt, p.connections,
                           [&](u64 i) { return ask(std::move(connected[i]), i, p, latency); });
    auto const echoed = co_await join_all(std::move(clients));
    co_return sum(echoed);
  }

  template <net_runtime R>
  static task<typename R::stream> connect(R& rt, endpoint target) {
    auto connected = co_await rt.connect(target);
    if (!connected) throw std::runtime_error("cannot connect: " + connected.error_text());
    co_return std::move(*connected);
  }

  // A client. Answers how many bytes came back right.
  template <byte_stream S>
  static task<u64> ask(S server, u64 client, params p, recorder& latency) {
    std::vector<std::byte> question(p.message_bytes);
    std::vector<std::byte> answer(p.message_bytes);
    u64 right_bytes = 0;
    for (u64 round = 0; round < p.round_trips; ++round) {
      fill(question, client, round);
      auto const begin = recorder::now();
      auto const sent = co_await write_all(server, question);
      if (!sent.ok()) throw std::runtime_error("cannot send: " + io_error{sent.error}.text());
      auto const got = co_await read_exactly(server, answer);
      if (got.count != answer.size()) throw std::runtime_error(why_short(got));
      latency.record_since(begin);
      if (answer == question) right_bytes += answer.size();
    }
    server.reset();
    co_return right_bytes;
  }

  // No two messages are alike, so that one which went astray is noticed.
  static void fill(std::span<std::byte> message, u64 client, u64 round) {
    u64 word = client * 0x9e3779b97f4a7c15u + round;
    for (auto& byte : message) {
      byte = static_cast<std::byte>(word >> 56 ^ word);
      word = word * 6364136223846793005u + 1442695040888963407u;  // Knuth's LCG
    }
  }

  static std::string why_short(io_result got) {
    if (got.ok()) return "the server finished before it had answered";
    return "cannot receive: " + io_error{got.error}.text();
  }
};
static_assert(scenario<proxy>);

}  // namespace regatta::scenarios
