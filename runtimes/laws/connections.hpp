// Laws of many connections: each gets its own bytes, none is lost when an accept is cancelled, and
// none starves beside a task that never waits. (What one connection owes is in sockets.hpp.)
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/time.hpp"
#include "runtimes/laws/support/law.hpp"
#include "runtimes/laws/support/net.hpp"

namespace regatta::laws {

template <class R>
class connections : public law<R> {
 protected:
  static std::byte byte_at(u64 place, u64 seed) {
    return static_cast<std::byte>(place * 13 + (place >> 8) + seed * 101);
  }

  static auto accept_one(auto& door) -> task<decltype(door.accept().await_resume())> {
    auto accepted = co_await door.accept();
    co_return std::move(accepted);
  }
  static task<void> echo(byte_stream auto peer) {
    std::array<std::byte, 500> buffer;
    for (;;) {
      auto const got = co_await peer.read(buffer);
      if (got.error != 0 || got.count == 0) break;
      auto const sent = co_await write_all(peer, std::span(buffer).first(got.count));
      EXPECT_TRUE(sent.ok());
    }
    peer.close();
  }
  static task<void> serve_echo(auto& rt, auto& door, u64 clients) {
    std::vector<joiner<void>> serving;
    for (u64 i = 0; i < clients; ++i) {
      auto peer = co_await door.accept();
      EXPECT_TRUE(peer);
      if (!peer) break;
      serving.push_back(rt.spawn(echo(std::move(*peer))));
    }
    co_await join_all(std::move(serving));
  }
  static task<void> ask(auto& rt, endpoint where, u64 client, u64 rounds) {
    auto server = co_await rt.connect(where);
    EXPECT_TRUE(server);
    if (!server) co_return;
    std::array<std::byte, 64> question;
    std::array<std::byte, 64> answer;
    for (u64 round = 0; round < rounds; ++round) {
      for (u64 i = 0; i < question.size(); ++i) question[i] = byte_at(i + round, client);
      auto const sent = co_await write_all(*server, question);
      EXPECT_TRUE(sent.ok());
      auto const got = co_await read_exactly(*server, answer);
      EXPECT_EQ(got.count, answer.size());
      EXPECT_EQ(answer, question) << "of client " << client;
    }
    server->reset();
  }
  static task<void> many_clients(auto& rt, u64 clients, u64 rounds) {
    auto door = rt.listen(endpoint::loopback());
    auto serving = rt.spawn(serve_echo(rt, *door, clients));
    auto const where = door->local_endpoint();
    auto asking = spawn_n(rt, clients, [&](u64 i) { return ask(rt, where, i, rounds); });
    co_await join_all(std::move(asking));
    co_await serving;
  }

  static task<void> yield_times(auto& rt, u64 times) {
    for (u64 i = 0; i < times; ++i) co_await rt.yield();
  }
  static task<void> sleep(auto& rt, duration how_long) {
    co_await regatta::sleep_for(rt, how_long);
  }

  static task<void> connect_one(auto& rt, endpoint where) {
    auto connected = co_await rt.connect(where);
    EXPECT_TRUE(connected);
    if (!connected) co_return;
    // Stays until the other side has seen it.
    std::array<std::byte, 1> buffer;
    auto const end = co_await connected->read(buffer);
    EXPECT_TRUE(end.is_end());
  }
  static task<void> accept_impatiently(auto& rt, u64 connections) {
    auto door = rt.listen(endpoint::loopback());
    auto const where = door->local_endpoint();
    auto connecting = spawn_n(rt, connections, [&](u64) { return connect_one(rt, where); });
    u64 accepted = 0;
    for (u64 turn = 0; accepted < connections; ++turn) {
      auto attempt = race(accept_one(*door), yield_times(rt, turn % 4));
      auto const first = co_await attempt;
      if (first.index() == 0) ++accepted;
    }
    co_await join_all(std::move(connecting));
  }

  static task<void> hog(auto& rt) {
    for (;;) co_await rt.yield();
  }
};
TYPED_TEST_SUITE_P(connections);

TYPED_TEST_P(connections, EachConnectionGetsItsOwnBytes) {
  with_each_net<TypeParam>(
      [](auto& rt) { rt.block_on(TestFixture::many_clients(rt, sized(60, 6), sized(20, 4))); });
}

TYPED_TEST_P(connections, ACancelledAcceptLosesNoConnection) {
  with_each_net<TypeParam>(
      [](auto& rt) { rt.block_on(TestFixture::accept_impatiently(rt, sized(60, 12))); });
}

TYPED_TEST_P(connections, AHogStarvesNoSocket) {
  with_each_net<TypeParam>([](auto& rt) {
    rt.spawn(TestFixture::hog(rt)).detach();
    rt.block_on(TestFixture::many_clients(rt, 3, 10));
  });
}

TYPED_TEST_P(connections, ARuntimeAsleepForALongTimeIsWokenByASocket) {
  with_each_net<TypeParam>([](auto& rt) {
    auto const far_away = std::chrono::hours(1);
    rt.spawn(TestFixture::sleep(rt, far_away)).detach();
    rt.block_on(TestFixture::many_clients(rt, 1, sized(100, 10)));
  });
}

REGISTER_TYPED_TEST_SUITE_P(connections, EachConnectionGetsItsOwnBytes,
                            ACancelledAcceptLosesNoConnection, AHogStarvesNoSocket,
                            ARuntimeAsleepForALongTimeIsWokenByASocket);

}  // namespace regatta::laws
