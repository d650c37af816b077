// Laws of sockets: every byte arrives, once and in order, whatever is cancelled meanwhile; an end
// is told from an error; and a runtime that sleeps wakes for them.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/time.hpp"
#include "runtimes/laws/support/event.hpp"
#include "runtimes/laws/support/law.hpp"
#include "runtimes/laws/support/lives.hpp"
#include "runtimes/laws/support/net.hpp"

namespace regatta::laws {

// Apart from the suite, because its signatures ask for what not every runtime has.
template <net_runtime R>
struct socket_tasks {
  using bytes = std::vector<std::byte>;

  // Each place has its own value, so that a lost or doubled byte shows.
  static std::byte byte_at(u64 place) { return static_cast<std::byte>(place * 31 + place / 251); }

  static endpoint any_port() { return endpoint::loopback(0); }

  // Writes so many bytes in pieces of changing size, then says that it has finished.
  template <class Stream>
  static task<void> write_pattern(Stream& to, u64 count) {
    bytes piece;
    for (u64 place = 0, step = 1; place < count; step = step * 3 % 8'191 + 1) {
      u64 const length = std::min(step, count - place);
      piece.resize(length);
      for (u64 i = 0; i < length; ++i) piece[i] = byte_at(place + i);
      io_result const written = co_await write_all(to, piece);
      if (!written.ok()) co_return;
      place += length;
    }
    to.shutdown_write();
  }
  // How many bytes came before the first wrong one.
  template <class Stream>
  static task<u64> read_pattern(Stream& from) {
    bytes target(4'096);
    u64 place = 0;
    for (;;) {
      io_result const read = co_await from.read(target);
      if (read.count == 0) co_return place;
      for (u64 i = 0; i < read.count; ++i, ++place) {
        if (target[i] != byte_at(place)) co_return place;
      }
    }
  }
  template <class Stream>
  static task<io_result> read_some(Stream& from, std::span<std::byte> target) {
    co_return co_await from.read(target);
  }
  static task<void> give_way(R& rt, u64 turns) {
    for (u64 i = 0; i < turns; ++i) co_await rt.yield();
  }
  static task<void> give_way_for_a_while(R& rt, duration length) {
    co_await regatta::sleep_for(rt, length);
  }

  // As read_pattern(), where each read races a few turns or a short sleep, and often loses.
  template <class Stream>
  static task<u64> read_pattern_in_races(R& rt, Stream& from) {
    bytes target(1'000);
    u64 place = 0;
    for (u64 round = 0;; ++round) {
      auto rival =
          round % 8 == 0 ? give_way_for_a_while(rt, duration(50'000)) : give_way(rt, round % 3);
      auto const first = co_await race(read_some(from, target), std::move(rival));
      if (first.index() != 0) continue;
      io_result const read = std::get<0>(first);
      if (read.count == 0) co_return place;
      for (u64 i = 0; i < read.count; ++i, ++place) {
        if (target[i] != byte_at(place)) co_return place;
      }
    }
  }

  static task<u64> accept_and_read(R& rt, typename R::listener& at, bool in_races) {
    auto accepted = co_await at.accept();
    if (!accepted) co_return 0;
    auto connection = *std::move(accepted);
    auto reading = in_races ? read_pattern_in_races(rt, connection) : read_pattern(connection);
    co_return co_await reading;
  }
  static task<void> connect_and_write(R& rt, endpoint to, u64 count) {
    auto connected = co_await rt.connect(to);
    EXPECT_TRUE(connected.has_value());
    if (!connected) co_return;
    auto connection = *std::move(connected);
    auto writing = write_pattern(connection, count);
    co_await writing;
  }
  static task<u64> transfer(R& rt, u64 connections, u64 count, bool in_races) {
    auto listening = rt.listen(any_port());
    EXPECT_TRUE(listening.has_value());
    auto at = *std::move(listening);
    endpoint const where = at.local_endpoint();
    std::vector<joiner<u64>> readers;
    std::vector<joiner<void>> writers;
    for (u64 i = 0; i < connections; ++i) {
      // One task in accept() at a time.
      writers.push_back(rt.spawn(connect_and_write(rt, where, count)));
      auto accepted = co_await at.accept();
      EXPECT_TRUE(accepted.has_value());
      readers.push_back(rt.spawn(read_accepted(rt, *std::move(accepted), in_races)));
    }
    co_await join_all(std::move(writers));
    auto const counts = co_await join_all(std::move(readers));
    u64 sum = 0;
    for (u64 one : counts) sum += one;
    co_return sum;
  }
  static task<u64> read_accepted(R& rt, typename R::stream connection, bool in_races) {
    auto reading = in_races ? read_pattern_in_races(rt, connection) : read_pattern(connection);
    co_return co_await reading;
  }

  // The client says that it has finished, and still hears the answer.
  static task<u64> answer_after_the_end(R& rt, typename R::listener& at) {
    auto accepted = co_await at.accept();
    auto connection = *std::move(accepted);
    auto reading = read_pattern(connection);
    u64 const count = co_await reading;
    auto writing = write_pattern(connection, count);
    co_await writing;
    static_cast<void>(rt);
    co_return count;
  }
  static task<u64> half_close(R& rt, u64 count) {
    auto listening = rt.listen(any_port());
    auto at = *std::move(listening);
    endpoint const where = at.local_endpoint();
    auto server = rt.spawn(answer_after_the_end(rt, at));
    auto connected = co_await rt.connect(where);
    auto connection = *std::move(connected);
    auto writing = write_pattern(connection, count);
    co_await writing;
    auto reading = read_pattern(connection);
    u64 const answered = co_await reading;
    co_await server;
    co_return answered;
  }

  static task<int> connect_where_nobody_listens(R& rt) {
    endpoint where;
    {
      auto listening = rt.listen(any_port());
      auto at = *std::move(listening);
      where = at.local_endpoint();
    }
    auto const connected = co_await rt.connect(where);
    co_return connected.error();
  }

  static task<void> accept_and_hold(R& rt, life) {
    auto listening = rt.listen(any_port());
    auto at = *std::move(listening);
    endpoint const where = at.local_endpoint();
    auto connected = co_await rt.connect(where);
    auto client = *std::move(connected);
    auto accepted = co_await at.accept();
    auto server = *std::move(accepted);
    bytes target(16);
    io_result const never = co_await server.read(target);
    static_cast<void>(never);
  }

  // Reads while another task closes the stream under it.
  static task<int> read_until_closed(typename R::stream& from, latch& reading) {
    bytes target(16);
    reading.arrive();
    io_result const read = co_await from.read(target);
    co_return read.error;
  }
  static task<int> close_under_a_reader(R& rt) {
    auto listening = rt.listen(any_port());
    auto at = *std::move(listening);
    endpoint const where = at.local_endpoint();
    auto connected = co_await rt.connect(where);
    auto client = *std::move(connected);
    auto accepted = co_await at.accept();
    auto server = *std::move(accepted);
    latch reading(1);
    auto reader = rt.spawn(read_until_closed(client, reading));
    co_await reading;
    for (int turn = 0; turn < 3; ++turn) co_await rt.yield();
    client.close();
    co_return co_await reader;
  }

  // A socket that listens and is nobody's yet. -1: the system gives none.
  static int open_door() {
    int const descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // Safe because this is what the system's interface asks for.
    auto const* const address = reinterpret_cast<sockaddr const*>(&here);
    EXPECT_EQ(::bind(descriptor, address, sizeof here), 0);
    EXPECT_EQ(::listen(descriptor, 128), 0);
    return descriptor;
  }
  static task<u8> read_byte(typename R::stream from) {
    std::array<std::byte, 1> target{};
    io_result const read = co_await from.read(target);
    co_return read.count == 1 ? static_cast<u8>(target[0]) : u8{0};
  }
  static task<typename R::stream> connect_and_say(R& rt, endpoint to, u8 number) {
    auto connected = co_await rt.connect(to);
    EXPECT_TRUE(connected.has_value());
    auto connection = *std::move(connected);
    std::array<std::byte, 1> const said{std::byte{number}};
    auto saying = write_all(connection, said);
    io_result const written = co_await saying;
    EXPECT_TRUE(written.ok());
    co_return connection;
  }
  static task<io_expected<typename R::stream>> accept_one(typename R::listener& at) {
    auto accepted = co_await at.accept();
    co_return accepted;
  }
  // Accepts until so many have come, the listener is closed, or nobody comes for a long time.
  // Answers the sum of what they said.
  static task<u64> accept_up_to(R& rt, typename R::listener& at, u64 most, u64& accepted) {
    u64 sum = 0;
    while (accepted < most) {
      auto waiting = timeout(rt, duration(10'000'000'000), accept_one(at));
      auto next = co_await waiting;
      if (!next || !*next) co_return sum;
      ++accepted;
      auto hearing = read_byte(**std::move(next));
      sum += co_await hearing;
    }
    co_return sum;
  }
  // Two listeners, of one socket: the second begins when the first has been closed, in the midst of
  // clients.
  static task<u64> pass_on(R& rt, int descriptor, u64 clients, u64 accepted_by_first) {
    int const copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    auto adopted = rt.adopt_listener(descriptor);
    EXPECT_TRUE(adopted.has_value());
    auto first = *std::move(adopted);
    EXPECT_EQ(first.native_handle(), descriptor);
    endpoint const where = first.local_endpoint();
    std::vector<joiner<typename R::stream>> connecting;
    for (u64 i = 1; i <= clients; ++i) {
      connecting.push_back(rt.spawn(connect_and_say(rt, where, static_cast<u8>(i))));
    }
    u64 accepted = 0;
    auto accepting = accept_up_to(rt, first, accepted_by_first, accepted);
    u64 sum = co_await accepting;
    first.close();
    EXPECT_EQ(first.native_handle(), -1);
    auto finishing = accept_up_to(rt, first, clients, accepted);
    sum += co_await finishing;
    auto inherited = rt.adopt_listener(copy);
    EXPECT_TRUE(inherited.has_value());
    auto second = *std::move(inherited);
    auto going_on = accept_up_to(rt, second, clients, accepted);
    sum += co_await going_on;
    EXPECT_EQ(accepted, clients) << "connections were lost between two listeners of one socket";
    auto const held = co_await join_all(std::move(connecting));
    co_return sum;
  }

  static task<u64> serve_one(R& rt, endpoint& where, event& listening, u64 count) {
    auto began = rt.listen(any_port());
    auto at = *std::move(began);
    where = at.local_endpoint();
    listening.set();
    auto reading = accept_and_read(rt, at, false);
    u64 const read = co_await reading;
    EXPECT_EQ(read, count);
    co_return read;
  }
};

template <class R>
class sockets : public law<R> {};
TYPED_TEST_SUITE_P(sockets);

TYPED_TEST_P(sockets, EveryByteArrivesOnceAndInOrder) {
  with_each_net<TypeParam>([]<class R>(R& rt) {
    u64 const count = often(1'000'000);
    EXPECT_EQ(rt.block_on(socket_tasks<R>::transfer(rt, 1, count, false)), count);
    EXPECT_EQ(rt.block_on(socket_tasks<R>::transfer(rt, 20, count / 20, false)), count / 20 * 20);
  });
}

TYPED_TEST_P(sockets, ARaceLosesNoByte) {
  with_each_net<TypeParam>([]<class R>(R& rt) {
    u64 const count = often(500'000);
    EXPECT_EQ(rt.block_on(socket_tasks<R>::transfer(rt, 1, count, true)), count);
    EXPECT_EQ(rt.block_on(socket_tasks<R>::transfer(rt, 10, count / 10, true)), count / 10 * 10);
  });
}

TYPED_TEST_P(sockets, WhoHasFinishedWritingMayStillRead) {
  with_each_net<TypeParam>([]<class R>(R& rt) {
    u64 const count = 100'000;
    EXPECT_EQ(rt.block_on(socket_tasks<R>::half_close(rt, count)), count);
  });
}

TYPED_TEST_P(sockets, ARefusedConnectionIsAnErrorValue) {
  with_each_net<TypeParam>([]<class R>(R& rt) {
    EXPECT_EQ(rt.block_on(socket_tasks<R>::connect_where_nobody_listens(rt)), ECONNREFUSED);
  });
}

TYPED_TEST_P(sockets, ClosingAStreamAnswersWhoReadsIt) {
  with_each_net<TypeParam>([]<class R>(R& rt) {
    EXPECT_EQ(rt.block_on(socket_tasks<R>::close_under_a_reader(rt)), ECANCELED);
  });
}

TYPED_TEST_P(sockets, OpenSocketsDieWithTheirRuntime) {
  lives all;
  with_each_net<TypeParam>([&]<class R>(R& rt) {
    for (int i = 0; i < 10; ++i) rt.spawn(socket_tasks<R>::accept_and_hold(rt, life(all)));
    rt.block_on(socket_tasks<R>::give_way_for_a_while(rt, duration(2'000'000)));
  });
  expect_nobody_lives(all);
}

// Each sleeps while the other works.
TYPED_TEST_P(sockets, TwoRuntimesMayTalkToEachOther) {
  if (simulated_runtime<TypeParam>) {
    GTEST_SKIP() << TypeParam::info().name << " has a network of its own, in each runtime";
  }
  with_each_net<TypeParam>([]<class R>(R& rt) {
    TypeParam other(runtime_options{});
    endpoint where;
    event listening;
    u64 const count = often(1'000'000);
    std::jthread const server(
        [&] { other.block_on(socket_tasks<R>::serve_one(other, where, listening, count)); });
    rt.block_on(wait_for(listening));
    rt.block_on(socket_tasks<R>::connect_and_write(rt, where, count));
  });
}

// How a server is replaced while clients come: nobody is turned away, and nobody is forgotten.
TYPED_TEST_P(sockets, NoConnectionIsLostBetweenTwoListenersOfOneSocket) {
  if (simulated_runtime<TypeParam>) {
    GTEST_SKIP() << TypeParam::info().name << " has sockets of its own";
  }
  with_each_net<TypeParam>([]<class R>(R& rt) {
    u64 const clients = 100;
    for (u64 const accepted_by_first : {u64{0}, u64{1}, u64{30}, clients}) {
      EXPECT_EQ(rt.block_on(socket_tasks<R>::pass_on(rt, socket_tasks<R>::open_door(), clients,
                                                     accepted_by_first)),
                clients * (clients + 1) / 2);
    }
  });
}

TYPED_TEST_P(sockets, WhatDoesNotListenIsNotAdopted) {
  with_each_net<TypeParam>([]<class R>(R& rt) {
    int const silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto const refused = rt.adopt_listener(silent);
    EXPECT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error(), simulated_runtime<R> ? ENOTSUP : EINVAL);
    EXPECT_EQ(::fcntl(silent, F_GETFD), -1) << "the runtime owns what it refuses, too";
    EXPECT_FALSE(rt.adopt_listener(-1).has_value());
  });
}

REGISTER_TYPED_TEST_SUITE_P(sockets, EveryByteArrivesOnceAndInOrder, ARaceLosesNoByte,
                            WhoHasFinishedWritingMayStillRead, ARefusedConnectionIsAnErrorValue,
                            ClosingAStreamAnswersWhoReadsIt, OpenSocketsDieWithTheirRuntime,
                            TwoRuntimesMayTalkToEachOther,
                            NoConnectionIsLostBetweenTwoListenersOfOneSocket,
                            WhatDoesNotListenIsNotAdopted);

}  // namespace regatta::laws
