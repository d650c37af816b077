// The relay and the server, on every runtime of ours that has sockets.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "proxy/echo.hpp"
#include "proxy/relay.hpp"
#include "proxy/server.hpp"
#include "proxy/tests/refusing_port.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/single_threaded/runtime.hpp"
#include "runtimes/work_stealing/runtime.hpp"

namespace regatta::proxy {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t buffer_bytes = 4'096;

std::byte byte_at(std::size_t place, unsigned seed) {
  return static_cast<std::byte>(place * 31 + (place >> 9) + seed);
}

// What the tests are made of, for a runtime R.
template <net_runtime R>
struct on {
  using stream = typename R::stream;
  using store = buffer_store<typename R::threading>;

  // A connection with a relay in its middle: client – near = far – upstream.
  struct chain {
    stream client;
    stream near;
    stream far;
    stream upstream;
  };

  static task<io_expected<stream>> accept_one(typename R::listener& door) {
    auto accepted = co_await door.accept();
    co_return std::move(accepted);
  }
  static task<std::pair<stream, stream>> connected(R& rt) {
    auto door = rt.listen(endpoint::loopback());
    auto accepting = rt.spawn(accept_one(*door));
    auto left = co_await rt.connect(door->local_endpoint());
    auto right = co_await accepting;
    co_return std::pair(std::move(*left), std::move(*right));
  }
  static task<chain> connected_chain(R& rt) {
    auto first = co_await connected(rt);
    auto second = co_await connected(rt);
    co_return chain{std::move(first.first), std::move(first.second), std::move(second.first),
                    std::move(second.second)};
  }
  static task<relay_result> run_relay(chain& links, store& buffers) {
    co_return co_await relay(links.near, links.far, buffers);
  }

  static task<int> send(stream& to, std::size_t size, unsigned seed, bool finish) {
    std::vector<std::byte> chunk;
    for (std::size_t place = 0; place < size; place += chunk.size()) {
      chunk.resize(std::min<std::size_t>(size - place, 64 * 1024));
      for (std::size_t i = 0; i < chunk.size(); ++i) chunk[i] = byte_at(place + i, seed);
      auto const sent = co_await write_all(to, chunk);
      if (sent.error != 0) co_return sent.error;
    }
    if (finish) to.shutdown_write();
    co_return 0;
  }
  // How many bytes came, all of them right, until the end.
  static task<std::size_t> receive(stream& from, unsigned seed) {
    std::array<std::byte, 3'000> buffer;
    std::size_t place = 0;
    for (;;) {
      auto const got = co_await from.read(buffer);
      EXPECT_EQ(got.error, 0);
      if (got.count == 0) co_return place;
      for (std::size_t i = 0; i < got.count; ++i, ++place) {
        if (buffer[i] != byte_at(place, seed)) co_return 0;
      }
    }
  }
  static task<io_result> read_once(stream& from) {
    std::array<std::byte, 16> buffer;
    auto const got = co_await from.read(buffer);
    co_return got;
  }
  static task<void> sleep(R& rt, duration how_long) {
    co_await rt.sleep_until(clock::now() + how_long);
  }

  static task<void> both_ways(R& rt, std::size_t forward, std::size_t backward) {
    store buffers(buffer_bytes);
    auto links = co_await connected_chain(rt);
    auto relaying = rt.spawn(run_relay(links, buffers));
    auto sending = rt.spawn(send(links.client, forward, 1, true));
    auto answering = rt.spawn(send(links.upstream, backward, 2, true));
    auto receiving = rt.spawn(receive(links.upstream, 1));
    auto const got_back = co_await receive(links.client, 2);
    auto const got_there = co_await receiving;
    EXPECT_EQ(got_there, forward);
    EXPECT_EQ(got_back, backward);
    co_await sending;
    co_await answering;
    auto const ended = co_await relaying;
    EXPECT_EQ(ended.error, 0);
    EXPECT_EQ(ended.bytes_forward, forward);
    EXPECT_EQ(ended.bytes_backward, backward);
  }

  // One side finishes; the other goes on for as long as it likes.
  static task<void> half_close(R& rt, bool upstream_first) {
    store buffers(buffer_bytes);
    auto links = co_await connected_chain(rt);
    auto relaying = rt.spawn(run_relay(links, buffers));
    stream& early = upstream_first ? links.upstream : links.client;
    stream& late = upstream_first ? links.client : links.upstream;
    auto const asked = co_await send(early, 100, 3, true);
    EXPECT_EQ(asked, 0);
    auto const heard = co_await receive(late, 3);
    EXPECT_EQ(heard, 100u);
    EXPECT_FALSE(relaying.is_finished()) << "the way back has not ended";
    auto const answered = co_await send(late, 50'000, 4, true);
    EXPECT_EQ(answered, 0);
    auto const answer = co_await receive(early, 4);
    EXPECT_EQ(answer, 50'000u);
    auto const ended = co_await relaying;
    EXPECT_EQ(ended.error, 0);
  }

  static task<void> carry_reset(R& rt, bool from_upstream) {
    store buffers(buffer_bytes);
    auto links = co_await connected_chain(rt);
    auto relaying = rt.spawn(run_relay(links, buffers));
    stream& leaving = from_upstream ? links.upstream : links.client;
    stream& staying = from_upstream ? links.client : links.upstream;
    auto waiting = rt.spawn(read_once(staying));
    co_await rt.yield();
    leaving.reset();
    auto const told = co_await waiting;
    EXPECT_EQ(told, (io_result{0, ECONNRESET}));
    auto const ended = co_await relaying;
    EXPECT_EQ(ended.error, ECONNRESET);
    EXPECT_EQ(links.near.native_handle(), -1);
    EXPECT_EQ(links.far.native_handle(), -1);
  }

  // The reader leaves while the relay is full of bytes for it.
  static task<void> reset_under_load(R& rt) {
    store buffers(buffer_bytes);
    auto links = co_await connected_chain(rt);
    auto relaying = rt.spawn(run_relay(links, buffers));
    auto sending = rt.spawn(send(links.client, 50'000'000, 5, true));
    auto const some = co_await read_once(links.upstream);
    EXPECT_GT(some.count, 0u);
    links.upstream.reset();
    auto const ended = co_await relaying;
    EXPECT_TRUE(ended.error == ECONNRESET || ended.error == EPIPE) << ended.error;
    auto const stopped = co_await sending;
    EXPECT_TRUE(stopped == ECONNRESET || stopped == EPIPE) << stopped;
  }

  static task<void> slow_reader(R& rt) {
    store buffers(buffer_bytes);
    auto links = co_await connected_chain(rt);
    auto relaying = rt.spawn(run_relay(links, buffers));
    // Far more than all buffers of the kernel and the relay together.
    auto first = race(send(links.client, 100'000'000, 6, true), sleep(rt, 60ms));
    auto const won = co_await first;
    EXPECT_EQ(won.index(), 1u) << "nobody reads, so the writer must wait";
    EXPECT_LE(buffers.kept(), 1u);
    links.upstream.reset();
    auto const ended = co_await relaying;
    EXPECT_NE(ended.error, 0);
    auto const told = co_await send(links.client, 1, 6, false);
    EXPECT_TRUE(told == ECONNRESET || told == EPIPE) << told;
  }

  static task<void> idle_holds_nothing(R& rt) {
    store buffers(buffer_bytes);
    auto links = co_await connected_chain(rt);
    auto relaying = rt.spawn(run_relay(links, buffers));
    co_await sleep(rt, 2ms);
    EXPECT_EQ(buffers.made(), 0u) << "no byte has come yet";
    for (unsigned round = 0; round < 5; ++round) {
      auto const asked = co_await send(links.client, 10, round, false);
      EXPECT_EQ(asked, 0);
      auto const heard = co_await read_once(links.upstream);
      EXPECT_EQ(heard.count, 10u);
      co_await sleep(rt, 2ms);
      EXPECT_EQ(buffers.made(), 1u);
      EXPECT_EQ(buffers.kept(), 1u) << "idle again, so the buffer is back";
    }
    links.client.close();
    links.upstream.close();
    auto const ended = co_await relaying;
    EXPECT_EQ(ended.error, 0);
  }

  static task<void> cancelled(R& rt) {
    store buffers(buffer_bytes);
    auto links = co_await connected_chain(rt);
    auto first = race(run_relay(links, buffers), sleep(rt, 2ms));
    auto const won = co_await first;
    EXPECT_EQ(won.index(), 1u);
    // What comes now another relay carries on.
    auto relaying = rt.spawn(run_relay(links, buffers));
    auto const asked = co_await send(links.client, 1'000, 7, true);
    EXPECT_EQ(asked, 0);
    auto const heard = co_await receive(links.upstream, 7);
    EXPECT_EQ(heard, 1'000u);
    links.upstream.close();
    auto const ended = co_await relaying;
    EXPECT_EQ(ended.error, 0);
  }

  // From here on with a server.

  static task<bool> ask_once(R& rt, endpoint where, std::size_t size, unsigned seed) {
    auto server = co_await rt.connect(where);
    if (!server) co_return false;
    auto sending = rt.spawn(send(*server, size, seed, true));
    auto const echoed = co_await receive(*server, seed);
    auto const error = co_await sending;
    co_return error == 0 && echoed == size;
  }

  static task<void> serve_many(R& rt, u64 clients) {
    auto echo_door = rt.listen(endpoint::loopback());
    auto echoing = rt.spawn(serve_echo(rt, *echo_door, 1'000));
    auto door = rt.listen(endpoint::loopback());
    auto middle =
        forward_to(rt, std::move(*door), echo_door->local_endpoint(), {.buffer_bytes = 777});
    auto serving = rt.spawn(middle.serve());
    auto const where = middle.local_endpoint();
    auto asking = spawn_n(
        rt, clients, [&](u64 i) { return ask_once(rt, where, i * 97, static_cast<unsigned>(i)); });
    auto const answers = co_await join_all(std::move(asking));
    for (bool const right : answers) EXPECT_TRUE(right);
    middle.stop();
    auto const ended = co_await serving;
    auto const counts = ended.counts;
    EXPECT_EQ(counts.accepted, clients);
    EXPECT_EQ(counts.completed, clients);
    EXPECT_EQ(counts.active, 0u);
    EXPECT_EQ(counts.broken, 0u);
    EXPECT_EQ(counts.bytes_up, 97 * clients * (clients - 1) / 2);
    EXPECT_EQ(counts.bytes_down, counts.bytes_up);
    echo_door->close();
    auto const echoed = co_await echoing;
    EXPECT_EQ(echoed, clients);
  }

  static task<void> unreachable(R& rt) {
    refusing_port const nowhere;
    auto door = rt.listen(endpoint::loopback());
    auto middle = forward_to(rt, std::move(*door), nowhere.where());
    auto serving = rt.spawn(middle.serve());
    auto client = co_await rt.connect(middle.local_endpoint());
    auto const told = co_await read_once(*client);
    EXPECT_EQ(told, (io_result{0, ECONNRESET}));
    middle.stop();
    co_await serving;
    EXPECT_EQ(middle.counts().unreachable, 1u);
    EXPECT_EQ(middle.counts().active, 0u);
  }

  static task<void> graceful_stop(R& rt) {
    auto echo_door = rt.listen(endpoint::loopback());
    auto echoing = rt.spawn(serve_echo(rt, *echo_door, 1'000));
    auto door = rt.listen(endpoint::loopback());
    auto middle = forward_to(rt, std::move(*door), echo_door->local_endpoint());
    auto serving = rt.spawn(middle.serve());
    auto const where = middle.local_endpoint();
    auto client = co_await rt.connect(where);
    auto const asked = co_await send(*client, 10, 8, false);
    EXPECT_EQ(asked, 0);
    auto const echoed = co_await read_once(*client);
    EXPECT_EQ(echoed.count, 10u);
    middle.stop();
    while (middle.is_accepting()) co_await sleep(rt, 1ms);
    EXPECT_FALSE(serving.is_finished()) << "a client is still there";
    auto const late = co_await rt.connect(where);
    EXPECT_EQ(late.error(), ECONNREFUSED);
    // And it is served as if nothing had been.
    auto const asked_again = co_await send(*client, 10, 9, true);
    EXPECT_EQ(asked_again, 0);
    auto const echoed_again = co_await receive(*client, 9);
    EXPECT_EQ(echoed_again, 10u);
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.accepted, 1u);
    EXPECT_FALSE(ended.deadline_came);
    echo_door->close();
    co_await echoing;
  }

  static task<void> shortage(R& rt) {
    auto echo_door = rt.listen(endpoint::loopback());
    auto echoing = rt.spawn(serve_echo(rt, *echo_door, 1'000));
    auto client = co_await rt.connect(echo_door->local_endpoint());
    EXPECT_TRUE(client);
    auto second = co_await rt.connect(echo_door->local_endpoint());
    EXPECT_TRUE(second);
    co_await sleep(rt, 2ms);
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    auto third = co_await rt.connect(echo_door->local_endpoint());
    rlimit low = before;
    low.rlim_cur = 4;
    ::setrlimit(RLIMIT_NOFILE, &low);
    co_await sleep(rt, 25ms);
    ::setrlimit(RLIMIT_NOFILE, &before);
    for (auto* const one : {&client, &second, &third}) {
      auto const asked = co_await send(**one, 10, 1, true);
      EXPECT_EQ(asked, 0);
      auto const echoed = co_await receive(**one, 1);
      EXPECT_EQ(echoed, 10u);
    }
    echo_door->close();
    auto const served = co_await echoing;
    EXPECT_EQ(served, 3u);
  }

  static task<void> serve_for_ever(R& rt) {
    auto echo_door = rt.listen(endpoint::loopback());
    auto echoing = rt.spawn(serve_echo(rt, *echo_door, 1'000));
    auto door = rt.listen(endpoint::loopback());
    auto middle = forward_to(rt, std::move(*door), echo_door->local_endpoint());
    auto serving = rt.spawn(middle.serve());
    auto client = co_await rt.connect(middle.local_endpoint());
    auto const never = co_await read_once(*client);
    EXPECT_TRUE(never.ok());
    co_await serving;
    co_await echoing;
  }
};

template <class R>
class Proxy : public testing::Test {
 protected:
  R rt_{runtime_options{}};
};
using all_runtimes =
    testing::Types<runtimes::single_threaded::runtime, runtimes::work_stealing::runtime>;
TYPED_TEST_SUITE(Proxy, all_runtimes);

TYPED_TEST(Proxy, CarriesBothWaysAtOnceAndLosesNothing) {
  this->rt_.block_on(on<TypeParam>::both_ways(this->rt_, 3'000'000, 2'000'001));
}
TYPED_TEST(Proxy, CarriesNothingAtAll) {
  this->rt_.block_on(on<TypeParam>::both_ways(this->rt_, 0, 0));
}
TYPED_TEST(Proxy, CarriesExactlyOneBufferFull) {
  this->rt_.block_on(on<TypeParam>::both_ways(this->rt_, buffer_bytes, 2 * buffer_bytes));
}
TYPED_TEST(Proxy, AClientMayFinishBeforeItIsAnswered) {
  this->rt_.block_on(on<TypeParam>::half_close(this->rt_, false));
}
TYPED_TEST(Proxy, AnUpstreamMayFinishBeforeItIsAsked) {
  this->rt_.block_on(on<TypeParam>::half_close(this->rt_, true));
}
TYPED_TEST(Proxy, AResetByTheClientReachesTheUpstream) {
  this->rt_.block_on(on<TypeParam>::carry_reset(this->rt_, false));
}
TYPED_TEST(Proxy, AResetByTheUpstreamReachesTheClient) {
  this->rt_.block_on(on<TypeParam>::carry_reset(this->rt_, true));
}
TYPED_TEST(Proxy, AResetOfAReaderReachesAWriterThatWaits) {
  this->rt_.block_on(on<TypeParam>::reset_under_load(this->rt_));
}
TYPED_TEST(Proxy, ASlowReaderSlowsItsWriterDown) {
  this->rt_.block_on(on<TypeParam>::slow_reader(this->rt_));
}
TYPED_TEST(Proxy, AnIdleConnectionHoldsNoBuffer) {
  this->rt_.block_on(on<TypeParam>::idle_holds_nothing(this->rt_));
}
TYPED_TEST(Proxy, ACancelledRelayLosesNothingThatHadNotComeYet) {
  this->rt_.block_on(on<TypeParam>::cancelled(this->rt_));
}
TYPED_TEST(Proxy, ServesManyAtOnceAndCountsThem) {
  this->rt_.block_on(on<TypeParam>::serve_many(this->rt_, 150));
}
TYPED_TEST(Proxy, AnUpstreamThatRefusesResetsTheClient) {
  this->rt_.block_on(on<TypeParam>::unreachable(this->rt_));
}
TYPED_TEST(Proxy, AfterStopTheConnectionsThatAreThereGoOnToTheirEnd) {
  this->rt_.block_on(on<TypeParam>::graceful_stop(this->rt_));
}
TYPED_TEST(Proxy, SurvivesRunningOutOfDescriptors) {
  this->rt_.block_on(on<TypeParam>::shortage(this->rt_));
}
TYPED_TEST(Proxy, ARuntimeMayBeDestroyedWithAllOfIt) {
  auto rt = std::make_unique<TypeParam>(runtime_options{});
  rt->spawn(on<TypeParam>::serve_for_ever(*rt)).detach();
  rt->block_on(on<TypeParam>::sleep(*rt, 5ms));
}

}  // namespace
}  // namespace regatta::proxy
