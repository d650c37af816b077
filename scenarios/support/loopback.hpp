// What the scenarios over loopback TCP have in common: a door to listen at, clients that connect to
// it, ask an echo server and check its answers, and a server that outlives them and not their
// scenario.
//
// Clients end with a reset, so that no port waits in TIME_WAIT for the next run.
#pragma once

#include <cstddef>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "runtimes/interface/descriptors.hpp"
#include "runtimes/interface/join.hpp"
#include "runtimes/interface/net.hpp"
#include "scenarios/support/recorder.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

// Throws `unsupported` where this process may not have so many. Without enough, clients would wait
// for ever for a server that cannot accept them.
inline void require_descriptors(u64 of_the_scenario) {
  constexpr u64 spare = 100;  // For the runtime and the harness.
  u64 const needed = of_the_scenario + spare;
  u64 const limit = descriptor_limit();
  if (needed <= limit) return;
  throw unsupported("needs " + std::to_string(needed) + " descriptors, and this process may have " +
                    std::to_string(limit) + " (ulimit -Hn): choose fewer connections");
}

template <net_runtime R>
typename R::listener listen_on_loopback(R& rt) {
  auto door = rt.listen(endpoint::loopback());
  if (!door) throw std::runtime_error("cannot listen on loopback: " + door.error_text());
  return std::move(*door);
}

template <net_runtime R>
task<typename R::stream> connect_to(R& rt, endpoint target) {
  auto connected = co_await rt.connect(target);
  if (!connected) throw std::runtime_error("cannot connect: " + connected.error_text());
  co_return std::move(*connected);
}

// All at once, a task each.
template <net_runtime R>
task<std::vector<typename R::stream>> connect_all(R& rt, endpoint target, u64 connections) {
  auto connecting = spawn_n(rt, connections, [&](u64) { return connect_to(rt, target); });
  auto connected = co_await join_all(std::move(connecting));
  co_return std::move(connected);
}

// A message of a client's, and room for what comes back.
class exchange {
 public:
  explicit exchange(u64 message_bytes) : question_(message_bytes), answer_(message_bytes) {}

  // Writes the message. No two are alike, so that one which went astray is noticed.
  void fill(u64 client, u64 round) {
    u64 word = client * 0x9e3779b97f4a7c15u + round;
    for (auto& byte : question_) {
      byte = static_cast<std::byte>(word >> 56 ^ word);
      word = word * 6364136223846793005u + 1442695040888963407u;  // Knuth's LCG
    }
  }
  std::span<std::byte const> question() const noexcept { return question_; }
  std::span<std::byte> answer() noexcept { return answer_; }

  // Throws where not all of it went out.
  static void check_sent(io_result sent) {
    if (!sent.ok()) throw std::runtime_error("cannot send: " + io_error{sent.error}.text());
  }
  // How many bytes came back right: all or none. Throws where not as many came as were sent.
  u64 right_bytes(io_result got) const {
    if (!got.ok()) throw std::runtime_error("cannot receive: " + io_error{got.error}.text());
    if (got.count != answer_.size()) {
      throw std::runtime_error("the server finished before it had answered");
    }
    return answer_ == question_ ? answer_.size() : 0;
  }

 private:
  std::vector<std::byte> question_;
  std::vector<std::byte> answer_;
};

// What each client of an echo server says.
struct conversation {
  u64 message_bytes;
  u64 round_trips;
};

// A client that has asked all that it wanted, and is still connected.
template <byte_stream S>
struct satisfied_client {
  S server;
  u64 right_bytes;  // That came back as they were sent.
};

// A client: sends a message and waits until all of it has come back, again and again. Records the
// latency of each round trip.
template <byte_stream S>
task<satisfied_client<S>> ask(S server, u64 client, conversation talk, recorder& latency) {
  exchange words(talk.message_bytes);
  u64 right_bytes = 0;
  for (u64 round = 0; round < talk.round_trips; ++round) {
    words.fill(client, round);
    auto const begin = recorder::now();
    auto const sent = co_await write_all(server, words.question());
    exchange::check_sent(sent);
    auto const got = co_await read_exactly(server, words.answer());
    latency.record_since(begin);
    right_bytes += words.right_bytes(got);
  }
  satisfied_client<S> satisfied{std::move(server), right_bytes};
  co_return std::move(satisfied);
}

// All clients ask at once, a task each.
template <net_runtime R>
task<std::vector<satisfied_client<typename R::stream>>> ask_all(
    R& rt, std::vector<typename R::stream> connected, conversation talk, recorder& latency) {
  auto asking = spawn_n(rt, connected.size(),
                        [&](u64 i) { return ask(std::move(connected[i]), i, talk, latency); });
  auto satisfied = co_await join_all(std::move(asking));
  co_return std::move(satisfied);
}

// Ends their connections; answers how many bytes came back right to all of them.
template <byte_stream S>
u64 hang_up(std::vector<satisfied_client<S>>& clients) {
  u64 right_bytes = 0;
  for (auto& each : clients) {
    each.server.reset();
    right_bytes += each.right_bytes;
  }
  return right_bytes;
}

// What a server's visitors have to tell, and how many the server says there were.
struct visit {
  u64 answer;
  u64 accepted;
};

// Runs the clients while the server stands, which ends when its door is closed. Whatever comes of
// the clients, the server has ended when this does: it may refer to what the caller owns.
template <class Listener>
task<visit> visit_server(Listener& door, joiner<u64> server, task<u64> clients) {
  visit seen{};
  std::exception_ptr failure;
  try {
    seen.answer = co_await clients;
  } catch (...) {
    failure = std::current_exception();
  }
  door.close();
  seen.accepted = co_await server;
  if (failure) std::rethrow_exception(failure);
  co_return seen;
}

}  // namespace regatta::scenarios
