// One relay on real sockets, on every runtime of ours whose streams splice: what goes through
// pipes, what notices a reset, what a watch shows, and how little an idle connection takes.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "proxy/relay.hpp"
#include "proxy/server.hpp"
#include "runtimes/interface/frame_pool.hpp"
#include "runtimes/interface/join.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/time.hpp"
#include "runtimes/lightweight/runtime.hpp"
#include "runtimes/single_threaded/runtime.hpp"
#include "runtimes/work_stealing/runtime.hpp"

namespace regatta::proxy {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t buffer_bytes = 4'096;
constexpr std::size_t splice_from = 64 * 1024;

std::byte byte_at(std::size_t place, unsigned seed) {
  return static_cast<std::byte>(place * 31 + (place >> 9) + seed);
}

// These wait until something has come about, however long it takes; the test's limit is the limit.
template <class R, class T>
task<void> until_is(R& rt, std::atomic<T> const& figure, T value) {
  while (figure.load() != value) co_await rt.sleep_until(clock::now() + 1ms);
}
template <class R, class T>
task<void> until_is_not(R& rt, std::atomic<T> const& figure, T value) {
  while (figure.load() == value) co_await rt.sleep_until(clock::now() + 1ms);
}
template <class R, class Store>
task<void> until_all_are_back(R& rt, Store const& store) {
  while (store.kept() != store.made()) co_await rt.sleep_until(clock::now() + 1ms);
}
template <class R>
task<void> until_served(R& rt, server<R> const& by, u64 clients, u64 bytes_up) {
  while (by.counts().active != clients || by.counts().bytes_up < bytes_up) {
    co_await rt.sleep_until(clock::now() + 1ms);
  }
}

template <net_runtime R>
struct on {
  using stream = typename R::stream;
  using threading = typename R::threading;

  // client – near = far – upstream, and all that the relay in the middle is lent.
  struct chain {
    explicit chain(std::size_t from) : pipes(from) {}

    std::optional<stream> client, near, far, upstream;
    buffer_store<threading> buffers{buffer_bytes};
    pipe_store<threading> pipes;
    std::atomic<u32> tick{1};
    relay_watch watch{tick};
  };

  static task<io_expected<stream>> accept_one(typename R::listener& door) {
    auto accepted = co_await door.accept();
    co_return std::move(accepted);
  }
  static task<void> connect(R& rt, std::optional<stream>& left, std::optional<stream>& right) {
    auto door = rt.listen(endpoint::loopback());
    auto accepting = rt.spawn(accept_one(*door));
    auto connected = co_await rt.connect(door->local_endpoint());
    auto accepted = co_await accepting;
    left.emplace(std::move(*connected));
    right.emplace(std::move(*accepted));
  }
  static task<std::unique_ptr<chain>> connected_chain(R& rt, std::size_t from = splice_from) {
    auto made = std::make_unique<chain>(from);
    co_await connect(rt, made->client, made->near);
    co_await connect(rt, made->far, made->upstream);
    co_return std::move(made);
  }
  static task<relay_result> run_relay(chain& links) {
    relay_operation both(*links.near, *links.far, links.buffers, links.watch, &links.pipes);
    co_return co_await both;
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
  // How many bytes came, all of them right, until so many had come or the end.
  static task<std::size_t> receive(stream& from, unsigned seed, std::size_t most = ~0ULL) {
    std::vector<std::byte> buffer(50'000);
    std::size_t place = 0;
    while (place < most) {
      auto const got =
          co_await from.read(std::span(buffer).first(std::min(most - place, buffer.size())));
      EXPECT_EQ(got.error, 0);
      if (got.count == 0) break;
      for (std::size_t i = 0; i < got.count; ++i, ++place) {
        if (buffer[i] != byte_at(place, seed)) co_return 0;
      }
    }
    co_return place;
  }
  static task<void> sleep(R& rt, duration how_long) {
    co_await rt.sleep_until(clock::now() + how_long);
  }

  static task<void> bulk(R& rt, std::size_t forward, std::size_t backward) {
    auto links = co_await connected_chain(rt);
    auto relaying = rt.spawn(run_relay(*links));
    auto sending = rt.spawn(send(*links->client, forward, 1, true));
    auto answering = rt.spawn(send(*links->upstream, backward, 2, true));
    auto receiving = rt.spawn(receive(*links->upstream, 1));
    auto const got_back = co_await receive(*links->client, 2);
    auto const got_there = co_await receiving;
    EXPECT_EQ(got_there, forward);
    EXPECT_EQ(got_back, backward);
    co_await sending;
    co_await answering;
    auto const ended = co_await relaying;
    EXPECT_EQ(ended.error, 0);
    EXPECT_EQ(ended.bytes_forward, forward);
    EXPECT_EQ(ended.bytes_backward, backward);
    EXPECT_GE(links->pipes.made(), 1u) << "nothing has been spliced";
    EXPECT_LE(links->pipes.made(), 2u) << "a pipe for each way at most";
    EXPECT_EQ(links->pipes.kept(), links->pipes.made());
    EXPECT_EQ(links->buffers.kept(), links->buffers.made());
  }

  // Bulk, then messages, then bulk: in between the way holds nothing, and copies.
  static task<void> bulk_and_messages(R& rt) {
    auto links = co_await connected_chain(rt);
    auto relaying = rt.spawn(run_relay(*links));
    for (unsigned round = 0; round < 3; ++round) {
      auto sending = rt.spawn(send(*links->client, 5'000'000, round, false));
      auto const there = co_await receive(*links->upstream, round, 5'000'000);
      EXPECT_EQ(there, 5'000'000u);
      co_await sending;
      for (unsigned message = 0; message < 10; ++message) {
        auto const sent = co_await send(*links->client, 100, message, false);
        EXPECT_EQ(sent, 0);
        auto const heard = co_await receive(*links->upstream, message, 100);
        EXPECT_EQ(heard, 100u);
      }
      co_await until_all_are_back(rt, links->pipes);
      co_await until_all_are_back(rt, links->buffers);
    }
    EXPECT_EQ(links->pipes.made(), 1u);
    links->client->close();
    links->upstream->close();
    co_await relaying;
  }

  // As many bytes as a buffer takes, so that it cannot know that there are no more.
  static task<void> full_buffers(R& rt) {
    auto links = co_await connected_chain(rt, never_splice);
    auto relaying = rt.spawn(run_relay(*links));
    for (unsigned round = 0; round < 5; ++round) {
      auto const sent = co_await send(*links->client, 2 * buffer_bytes, round, false);
      EXPECT_EQ(sent, 0);
      auto const heard = co_await receive(*links->upstream, round, 2 * buffer_bytes);
      EXPECT_EQ(heard, 2 * buffer_bytes);
      co_await until_all_are_back(rt, links->buffers);
    }
    links->client->close();
    links->upstream->close();
    co_await relaying;
  }

  static task<void> messages_only(R& rt) {
    auto links = co_await connected_chain(rt, 2 * buffer_bytes);
    auto relaying = rt.spawn(run_relay(*links));
    for (unsigned message = 0; message < 200; ++message) {
      auto const sent = co_await send(*links->client, 1'000, message, false);
      EXPECT_EQ(sent, 0);
      auto const heard = co_await receive(*links->upstream, message, 1'000);
      EXPECT_EQ(heard, 1'000u);
    }
    EXPECT_EQ(links->pipes.made(), 0u) << "messages with pauses between them are no bulk";
    links->client->close();
    links->upstream->close();
    co_await relaying;
  }

  // The pipe is full for a reader that does not read; then one of the three goes.
  enum class leaving { client, upstream, relay };
  static task<void> leave_in_the_middle(R& rt, leaving who) {
    auto links = co_await connected_chain(rt);
    auto first = race(run_relay(*links), send(*links->client, 500'000'000, 3, true),
                      leave_when_stalled(rt, *links, who));
    auto const won = co_await first;
    if (who == leaving::relay) {
      EXPECT_EQ(won.index(), 2u);
    } else {
      EXPECT_NE(won.index(), 2u);
    }
    EXPECT_EQ(links->pipes.made(), 1u);
    EXPECT_EQ(links->pipes.kept(), 0u) << "a pipe with bytes in it is for nobody else";
  }
  static task<void> leave_when_stalled(R& rt, chain& links, leaving who) {
    auto& written = links.watch.bytes_forward;
    for (u64 before = 1; before != written.load() || before < splice_from;) {
      before = written.load();
      co_await sleep(rt, 50ms);
    }
    if (who == leaving::client) links.client->reset();
    if (who == leaving::upstream) links.upstream->reset();
    if (who != leaving::relay) co_await sleep(rt, 10s);
  }

  // Nothing is spliced; the writer resets while the way waits for the reader.
  static task<void> writer_resets(R& rt) {
    auto links = co_await connected_chain(rt, never_splice);
    auto relaying = rt.spawn(run_relay(*links));
    auto first = race(send(*links->client, 500'000'000, 3, true), sleep(rt, 50ms));
    auto const won = co_await first;
    EXPECT_EQ(won.index(), 1u);
    links->client->reset();
    auto const ended = co_await relaying;
    EXPECT_EQ(ended.error, ECONNRESET);
  }

  static task<void> reset_after_the_end(R& rt) {
    auto links = co_await connected_chain(rt);
    auto relaying = rt.spawn(run_relay(*links));
    links->upstream->shutdown_write();
    auto const end = co_await receive(*links->client, 0);
    EXPECT_EQ(end, 0u);
    EXPECT_FALSE(relaying.is_finished());
    links->upstream->reset();
    auto const ended = co_await relaying;
    EXPECT_NE(ended.error, 0);
  }

  static task<void> no_descriptors(R& rt) {
    auto links = co_await connected_chain(rt);
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit low = before;
    low.rlim_cur = 4;
    ::setrlimit(RLIMIT_NOFILE, &low);
    auto relaying = rt.spawn(run_relay(*links));
    auto sending = rt.spawn(send(*links->client, 10'000'000, 4, true));
    auto const there = co_await receive(*links->upstream, 4);
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(there, 10'000'000u);
    EXPECT_EQ(links->pipes.made(), 0u);
    links->upstream->shutdown_write();
    co_await sending;
    auto const ended = co_await relaying;
    EXPECT_EQ(ended.error, 0);
  }

  static task<void> watched(R& rt, std::size_t from) {
    auto links = co_await connected_chain(rt, from);
    auto& watch = links->watch;
    auto relaying = rt.spawn(run_relay(*links));
    links->tick = 7;
    auto const asked = co_await send(*links->client, 1'000, 5, false);
    EXPECT_EQ(asked, 0);
    auto const heard = co_await receive(*links->upstream, 5, 1'000);
    EXPECT_EQ(heard, 1'000u);
    co_await until_is<R, u64>(rt, watch.bytes_forward, 1'000);
    EXPECT_EQ(watch.bytes_backward, 0u);
    EXPECT_EQ(watch.moved_at_tick, 7u);
    EXPECT_EQ(watch.stalled_since_tick, 0u);
    links->tick = 8;
    auto const answered = co_await send(*links->upstream, 10, 6, false);
    EXPECT_EQ(answered, 0);
    auto const answer = co_await receive(*links->client, 6, 10);
    EXPECT_EQ(answer, 10u);
    co_await until_is<R, u64>(rt, watch.bytes_backward, 10);
    EXPECT_EQ(watch.moved_at_tick, 8u);
    // Now the upstream reads nothing.
    links->tick = 9;
    auto sending = rt.spawn(send(*links->client, 20'000'000, 7, true));
    co_await until_is_not<R, u32>(rt, watch.stalled_since_tick, 0);
    links->tick = 10;
    co_await sleep(rt, 20ms);
    EXPECT_GE(watch.stalled_since_tick, 9u);
    auto const drained = co_await receive(*links->upstream, 7);
    EXPECT_EQ(drained, 20'000'000u);
    co_await sending;
    co_await until_is<R, u32>(rt, watch.stalled_since_tick, 0);
    EXPECT_EQ(watch.bytes_forward, 20'001'000u);
    EXPECT_EQ(watch.moved_at_tick, 10u);
    links->upstream->close();
    co_await relaying;
  }

  // One peer reads nothing, then the other as well: what counts is who has waited for longest.
  static task<void> both_stalled(R& rt) {
    auto links = co_await connected_chain(rt);
    auto& since = links->watch.stalled_since_tick;
    auto relaying = rt.spawn(run_relay(*links));
    links->tick = 3;
    auto sending = rt.spawn(send(*links->client, 20'000'000, 1, true));
    co_await until_is_not<R, u32>(rt, since, 0);
    co_await sleep(rt, 20ms);
    links->tick = 5;
    auto answering = rt.spawn(send(*links->upstream, 20'000'000, 2, true));
    co_await sleep(rt, 50ms);
    EXPECT_EQ(since, 3u);
    auto const there = co_await receive(*links->upstream, 1);
    EXPECT_EQ(there, 20'000'000u);
    co_await until_is<R, u32>(rt, since, 5);
    auto const back = co_await receive(*links->client, 2);
    EXPECT_EQ(back, 20'000'000u);
    co_await sending;
    co_await answering;
    co_await relaying;
    EXPECT_EQ(since, 0u);
  }

  // Clients that are sockets and nothing else, so that all memory is the server's.
  static task<void> connect_idle(R& rt, server<R>& middle, std::vector<int>& clients, u64 count) {
    auto const where = middle.local_endpoint();
    while (clients.size() < count) {
      for (int i = 0; i < 100; ++i) clients.push_back(connected_socket(where));
      co_await until_served(rt, middle, clients.size(), 0);
    }
    // All have sent something, so that each way has held a buffer.
    for (int const client : clients) {
      EXPECT_EQ(::send(client, "x", 1, MSG_NOSIGNAL), 1);
    }
    co_await until_served(rt, middle, clients.size(), 2 * clients.size());
  }
  static task<void> wait_for(joiner<end> serving) { co_await serving; }
  static int connected_socket(endpoint where) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(where.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int const made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(made, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::send(made, "x", 1, MSG_NOSIGNAL), 1);
    return made;
  }
};

// The anonymous memory of this process.
std::size_t resident_bytes() {
  std::ifstream rollup("/proc/self/smaps_rollup");
  for (std::string word; rollup >> word;) {
    std::size_t kibibytes = 0;
    if (word == "Anonymous:" && rollup >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

template <class R>
class Relay : public testing::Test {
 protected:
  R rt_{runtime_options{}};
};
using all_runtimes =
    testing::Types<runtimes::single_threaded::runtime, runtimes::lightweight::runtime,
                   runtimes::work_stealing::runtime>;
TYPED_TEST_SUITE(Relay, all_runtimes);

TYPED_TEST(Relay, SplicesBulkAndLosesNothing) {
  this->rt_.block_on(on<TypeParam>::bulk(this->rt_, 12'000'001, 8'000'000));
}
TYPED_TEST(Relay, SplicesTheOneWayThatIsBulk) {
  this->rt_.block_on(on<TypeParam>::bulk(this->rt_, 100, 8'000'000));
}
TYPED_TEST(Relay, HoldsNothingBetweenBulkAndMessages) {
  this->rt_.block_on(on<TypeParam>::bulk_and_messages(this->rt_));
}
TYPED_TEST(Relay, HoldsNothingAfterABufferThatCameExactlyFull) {
  this->rt_.block_on(on<TypeParam>::full_buffers(this->rt_));
}
TYPED_TEST(Relay, CopiesMessages) { this->rt_.block_on(on<TypeParam>::messages_only(this->rt_)); }
TYPED_TEST(Relay, AWriterMayResetWhileBytesAreInAPipe) {
  using test = on<TypeParam>;
  this->rt_.block_on(test::leave_in_the_middle(this->rt_, test::leaving::client));
}
TYPED_TEST(Relay, AReaderMayResetWhileBytesAreInAPipe) {
  using test = on<TypeParam>;
  this->rt_.block_on(test::leave_in_the_middle(this->rt_, test::leaving::upstream));
}
TYPED_TEST(Relay, MayBeCancelledWhileBytesAreInAPipe) {
  using test = on<TypeParam>;
  this->rt_.block_on(test::leave_in_the_middle(this->rt_, test::leaving::relay));
}
TYPED_TEST(Relay, AStalledWayNoticesTheResetOfItsWriter) {
  this->rt_.block_on(on<TypeParam>::writer_resets(this->rt_));
}
TYPED_TEST(Relay, AWayThatHasEndedNoticesAReset) {
  this->rt_.block_on(on<TypeParam>::reset_after_the_end(this->rt_));
}
TYPED_TEST(Relay, CopiesWhereThereAreNoDescriptorsForAPipe) {
  this->rt_.block_on(on<TypeParam>::no_descriptors(this->rt_));
}
TYPED_TEST(Relay, ShowsAWatchWhatMovesAndWhatIsStalled) {
  this->rt_.block_on(on<TypeParam>::watched(this->rt_, never_splice));
}
TYPED_TEST(Relay, ShowsAWatchWhoHasBeenStalledForLongest) {
  this->rt_.block_on(on<TypeParam>::both_stalled(this->rt_));
}
TYPED_TEST(Relay, ShowsAWatchWhatIsSpliced) {
  this->rt_.block_on(on<TypeParam>::watched(this->rt_, splice_from));
}

// Two sockets, the task with its relay, and what the runtime keeps of both.
TYPED_TEST(Relay, AnIdleConnectionTakesAtMostAKibibyte) {
  if (REGATTA_ADDRESS_SANITIZER || REGATTA_THREAD_SANITIZER) GTEST_SKIP() << "not our memory alone";
  using test = on<TypeParam>;
  // What other tests have left is not to be used again.
  frame_pool::trim();
  ::malloc_trim(0);
  constexpr u64 few = 500;
  constexpr u64 many = 2'000;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  rlimit enough = files;
  enough.rlim_cur = std::min<rlim_t>(files.rlim_max, 4 * many + 100);
  if (enough.rlim_cur < 3 * many + 100) GTEST_SKIP() << "too few descriptors";
  ::setrlimit(RLIMIT_NOFILE, &enough);
  auto nowhere = this->rt_.listen(endpoint::loopback(), {.backlog = 4'096});
  auto door = this->rt_.listen(endpoint::loopback());
  auto middle = forward_to(this->rt_, std::move(*door), nowhere->local_endpoint());
  auto serving = this->rt_.spawn(middle.serve());
  std::vector<int> clients;
  clients.reserve(many);
  this->rt_.block_on(test::connect_idle(this->rt_, middle, clients, few));
  std::size_t const before = resident_bytes();
  this->rt_.block_on(test::connect_idle(this->rt_, middle, clients, many));
  std::size_t const after = resident_bytes();
  EXPECT_LE((after - before) / (many - few), 1'024u);
  EXPECT_GE((after - before) / (many - few), 500u) << "this test has measured something else";
  middle.abort();
  this->rt_.block_on(test::wait_for(std::move(serving)));
  for (int const client : clients) ::close(client);
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace
}  // namespace regatta::proxy
