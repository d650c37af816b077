// Laws of sockets: bytes arrive once, in order and on their own connection, whoever gives up
// waiting, whatever else the runtime does, and on whichever worker the tasks happen to run.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/laws/support/law.hpp"

namespace regatta::laws {

// As with_each(), where R offers sockets; elsewhere the law is skipped, and says why.
template <runtime R, class Body>
void with_each_net(Body body) {
  if constexpr (net_runtime<R>) {
    with_each<R>(body);
  } else {
    GTEST_SKIP() << R::info().name << " offers no sockets";
  }
}

template <class R>
class sockets : public law<R> {
 protected:
  static std::byte byte_at(u64 place, u64 seed) {
    return static_cast<std::byte>(place * 13 + (place >> 8) + seed * 101);
  }

  static auto accept_one(auto& door) -> task<decltype(door.accept().await_resume())> {
    auto accepted = co_await door.accept();
    co_return std::move(accepted);
  }
  // Two connected streams, in a vector because there may be runtimes without any.
  static auto connected(auto& rt)
      -> task<std::vector<typename std::remove_cvref_t<decltype(rt)>::stream>> {
    auto door = rt.listen(endpoint::loopback());
    auto accepting = rt.spawn(accept_one(*door));
    auto left = co_await rt.connect(door->local_endpoint());
    auto right = co_await accepting;
    std::vector<typename std::remove_cvref_t<decltype(rt)>::stream> both;
    both.push_back(std::move(*left));
    both.push_back(std::move(*right));
    co_return both;
  }

  static task<void> send(byte_stream auto& to, u64 size, u64 seed, u64 chunk_bytes) {
    std::vector<std::byte> chunk;
    for (u64 place = 0; place < size; place += chunk.size()) {
      chunk.resize(std::min(size - place, chunk_bytes));
      for (u64 i = 0; i < chunk.size(); ++i) chunk[i] = byte_at(place + i, seed);
      auto const sent = co_await write_all(to, chunk);
      EXPECT_EQ(sent, (io_result{chunk.size(), 0}));
      if (!sent.ok()) co_return;
    }
    to.shutdown_write();
  }
  // Checks bytes as they come.
  struct checker {
    u64 seed;
    u64 place = 0;
    bool all_right = true;
    void take(std::span<std::byte const> bytes) {
      for (auto const byte : bytes) all_right = all_right && byte == byte_at(place++, seed);
    }
  };
  static task<io_result> read_some(byte_stream auto& from, std::span<std::byte> target) {
    auto const got = co_await from.read(target);
    co_return got;
  }
  static task<void> receive(byte_stream auto& from, u64 size, u64 seed) {
    std::array<std::byte, 5'000> buffer;
    checker check{seed};
    for (;;) {
      auto const got = co_await from.read(buffer);
      EXPECT_EQ(got.error, 0);
      if (got.count == 0) break;
      check.take(std::span(buffer).first(got.count));
    }
    EXPECT_EQ(check.place, size);
    EXPECT_TRUE(check.all_right);
  }

  static task<void> both_ways(auto& rt, u64 size) {
    auto both = co_await connected(rt);
    std::vector<joiner<void>> working;
    working.push_back(rt.spawn(send(both[0], size, 1, 64 * 1024)));
    working.push_back(rt.spawn(send(both[1], size, 2, 1'000)));
    working.push_back(rt.spawn(receive(both[0], size, 2)));
    working.push_back(rt.spawn(receive(both[1], size, 1)));
    co_await join_all(std::move(working));
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
    co_await rt.sleep_until(clock::now() + how_long);
  }

  // Sends a little at a time, so that reads and their cancellations meet at every moment.
  static task<void> send_haltingly(auto& rt, byte_stream auto& to, u64 size) {
    for (u64 place = 0; place < size; ++place) {
      std::array<std::byte, 1> const one{byte_at(place, 3)};
      auto const sent = co_await write_all(to, one);
      EXPECT_TRUE(sent.ok());
      if (place % 7 == 0) co_await yield_times(rt, place % 5);
    }
    to.shutdown_write();
  }
  static task<void> read_impatiently(auto& rt, u64 size) {
    auto both = co_await connected(rt);
    auto sending = rt.spawn(send_haltingly(rt, both[0], size));
    checker check{3};
    for (u64 turn = 0;; ++turn) {
      std::array<std::byte, 3> buffer;
      auto attempt =
          turn % 4 == 0 ? race(read_some(both[1], buffer), sleep(rt, std::chrono::microseconds(50)))
                        : race(read_some(both[1], buffer), yield_times(rt, turn % 3));
      auto const first = co_await attempt;
      if (first.index() == 1) continue;
      auto const got = std::get<0>(first);
      EXPECT_EQ(got.error, 0);
      if (got.count == 0) break;
      check.take(std::span(buffer).first(got.count));
    }
    EXPECT_EQ(check.place, size);
    EXPECT_TRUE(check.all_right);
    co_await sending;
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

  static task<void> close_under_waiters(auto& rt, u64 rounds) {
    for (u64 round = 0; round < rounds; ++round) {
      auto both = co_await connected(rt);
      std::array<std::byte, 1> buffer;
      auto reading = rt.spawn(read_some(both[0], buffer));
      co_await yield_times(rt, round % 4);
      both[0].close();
      auto const told = co_await reading;
      EXPECT_EQ(told, (io_result{0, ECANCELED}));
    }
  }

  static task<void> hog(auto& rt) {
    for (;;) co_await rt.yield();
  }
  static task<void> wait_for_ever(auto& rt) {
    auto both = co_await connected(rt);
    std::array<std::byte, 1> buffer;
    auto reading = rt.spawn(read_some(both[0], buffer));
    auto const never = co_await both[1].readable();
    EXPECT_TRUE(never.ok());
    auto const nothing_came = co_await reading;
    EXPECT_TRUE(nothing_came.ok());
  }
};
TYPED_TEST_SUITE_P(sockets);

TYPED_TEST_P(sockets, BytesOfBothWaysArriveOnceAndInOrder) {
  with_each_net<TypeParam>([](auto& rt) { rt.block_on(TestFixture::both_ways(rt, 2'000'000)); });
}

TYPED_TEST_P(sockets, EachConnectionGetsItsOwnBytes) {
  with_each_net<TypeParam>([](auto& rt) { rt.block_on(TestFixture::many_clients(rt, 60, 20)); });
}

TYPED_TEST_P(sockets, ACancelledReadLosesNoByte) {
  with_each_net<TypeParam>([](auto& rt) { rt.block_on(TestFixture::read_impatiently(rt, 3'000)); });
}

TYPED_TEST_P(sockets, ACancelledAcceptLosesNoConnection) {
  with_each_net<TypeParam>([](auto& rt) { rt.block_on(TestFixture::accept_impatiently(rt, 60)); });
}

TYPED_TEST_P(sockets, ClosingAnswersWhoeverWaits) {
  with_each_net<TypeParam>([](auto& rt) { rt.block_on(TestFixture::close_under_waiters(rt, 50)); });
}

TYPED_TEST_P(sockets, AHogStarvesNoSocket) {
  with_each_net<TypeParam>([](auto& rt) {
    rt.spawn(TestFixture::hog(rt)).detach();
    rt.block_on(TestFixture::many_clients(rt, 3, 10));
  });
}

TYPED_TEST_P(sockets, ARuntimeMayBeDestroyedWhileItsSocketsWait) {
  with_each_net<TypeParam>([](auto& rt) {
    for (int i = 0; i < 5; ++i) rt.spawn(TestFixture::wait_for_ever(rt)).detach();
    rt.block_on(TestFixture::sleep(rt, std::chrono::milliseconds(2)));
  });
}

TYPED_TEST_P(sockets, ARuntimeAsleepForALongTimeIsWokenByASocket) {
  with_each_net<TypeParam>([](auto& rt) {
    auto const far_away = std::chrono::hours(1);
    rt.spawn(TestFixture::sleep(rt, far_away)).detach();
    rt.block_on(TestFixture::many_clients(rt, 1, 100));
  });
}

REGISTER_TYPED_TEST_SUITE_P(sockets, BytesOfBothWaysArriveOnceAndInOrder,
                            EachConnectionGetsItsOwnBytes, ACancelledReadLosesNoByte,
                            ACancelledAcceptLosesNoConnection, ClosingAnswersWhoeverWaits,
                            AHogStarvesNoSocket, ARuntimeMayBeDestroyedWhileItsSocketsWait,
                            ARuntimeAsleepForALongTimeIsWokenByASocket);

}  // namespace regatta::laws
