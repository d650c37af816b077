#include "runtimes/libuv/runtime.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "runtimes/core/blocking_thread.hpp"
#include "runtimes/interface/race.hpp"

namespace regatta::runtimes::libuv {
namespace {

using namespace std::chrono_literals;
using bytes = std::vector<std::byte>;

task<void> yields(runtime& rt, int times) {
  for (int i = 0; i < times; ++i) co_await rt.yield();
}
task<void> sleep(runtime& rt, duration how_long) { co_await rt.sleep_for(how_long); }
task<void> hog(runtime& rt) {
  for (;;) co_await rt.yield();
}

bytes pattern(std::size_t size) {
  bytes made(size);
  for (std::size_t i = 0; i < size; ++i) made[i] = static_cast<std::byte>(i * 31 + i / 251);
  return made;
}

struct both_ends {
  stream client;
  stream server;
};
task<both_ends> connected(runtime& rt, endpoint where = endpoint::loopback()) {
  auto door = rt.listen(where);
  auto client = co_await rt.connect(door->local_endpoint());
  auto server = co_await door->accept();
  co_return both_ends{*std::move(client), *std::move(server)};
}
task<io_result> read_some(stream& from, std::span<std::byte> target) {
  co_return co_await from.read(target);
}
task<io_result> wait_for_room(stream& to) { co_return co_await to.writable(); }
task<io_result> wait_for_bytes(stream& from) { co_return co_await from.readable(); }
task<void> accept_one(listener& at) {
  auto const accepted = co_await at.accept();
  EXPECT_TRUE(accepted.has_value());
}
task<void> send_all(stream& to, bytes message) {
  auto const sent = co_await write_all(to, message);
  EXPECT_TRUE(sent.ok());
  to.shutdown_write();
}
task<bytes> read_to_the_end(stream& from, std::size_t at_once) {
  bytes all;
  bytes part(at_once);
  for (;;) {
    auto const got = co_await from.read(part);
    if (got.count == 0) co_return all;
    all.insert(all.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(got.count));
  }
}
// Without the runtime's knowledge, until the system takes no more.
std::size_t fill(int descriptor) {
  std::array<std::byte, 65536> junk{};
  std::size_t filled = 0;
  for (;;) {
    ssize_t const more = ::send(descriptor, junk.data(), junk.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (more <= 0) return filled;
    filled += static_cast<std::size_t>(more);
  }
}

TEST(Libuv, CountsWhatItDoes) {
  runtime rt;
  rt.spawn(yields(rt, 0)).detach();
  rt.block_on(yields(rt, 9));
  auto const counted = rt.counters();
  EXPECT_EQ(counted.spawned, 2u);
  EXPECT_EQ(counted.polls, 11u);
  EXPECT_EQ(rt.threads(), 1u);
}

TEST(Libuv, RunsTasksFirstInFirstOut) {
  runtime rt;
  std::vector<int> order;
  auto const note = [](runtime& on, std::vector<int>& into, int which) -> task<void> {
    into.push_back(which);
    co_await on.yield();
    into.push_back(which + 10);
  };
  auto const all = [](runtime& on, auto make, std::vector<int>& into) -> task<void> {
    auto tasks = spawn_n(on, 3, [&](u64 i) { return make(on, into, static_cast<int>(i)); });
    co_await join_all(std::move(tasks));
  };
  rt.block_on(all(rt, note, order));
  EXPECT_EQ(order, (std::vector{0, 1, 2, 10, 11, 12}));
}

TEST(Libuv, ATaskThatNeverWaitsKeepsNoTimerFromFiring) {
  runtime rt;
  auto const first = rt.block_on(race(sleep(rt, 1ms), hog(rt)));
  EXPECT_EQ(first.index(), 0u);
}

TEST(Libuv, AnotherThreadWakesItFromItsSleep) {
  runtime rt;
  for (int turn = 0; turn < 50; ++turn) {
    auto const asleep = [](runtime& on) -> task<int> {
      auto blocking = on.run_blocking([] { return 8; });
      co_return co_await blocking;
    };
    EXPECT_EQ(rt.block_on(asleep(rt)), 8);
  }
}

// libuv's own threads: nobody else gives them a name.
TEST(LibuvBlocking, ItsThreadsBearTheNameOfThoseThatRunNoTask) {
  runtime rt;
  auto const ask = [](runtime& on) -> task<std::string> {
    auto asking = on.run_blocking([] {
      std::array<char, 16> given{};
      ::pthread_getname_np(::pthread_self(), given.data(), given.size());
      return std::string(given.data());
    });
    co_return co_await asking;
  };
  EXPECT_EQ(rt.block_on(ask(rt)), core::blocking_thread_name);
  std::array<char, 16> own{};
  ::pthread_getname_np(::pthread_self(), own.data(), own.size());
  EXPECT_NE(std::string(own.data()), core::blocking_thread_name) << "ours came back";
}

TEST(LibuvStreams, KeepWhatComesWhileNobodyReads) {
  runtime rt;
  auto const test = [](runtime& on) -> task<void> {
    auto ends = co_await connected(on);
    // The system, too, is to keep little.
    int const little = 100'000;
    ::setsockopt(ends.server.native_handle(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    ::setsockopt(ends.client.native_handle(), SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
    // The first read makes libuv read; then nobody does, while more comes than is ever kept.
    auto sending = on.spawn(send_all(ends.client, pattern(3'000'000)));
    bytes first(1);
    auto const got = co_await ends.server.read(first);
    EXPECT_EQ(got.count, 1u);
    auto const patience = sleep(on, 20ms);
    co_await patience;
    EXPECT_FALSE(sending.is_finished()) << "somebody has read without a bound";
    auto reading = read_to_the_end(ends.server, 10'000);
    auto const rest = co_await reading;
    auto const sent = pattern(3'000'000);
    EXPECT_EQ(first[0], sent[0]);
    EXPECT_TRUE(rest.size() == sent.size() - 1 &&
                std::equal(rest.begin(), rest.end(), sent.begin() + 1));
    co_await sending;
  };
  rt.block_on(test(rt));
}

// Both are read in one turn of the loop: the loser has its bytes when it is cancelled.
TEST(LibuvStreams, GiveBackWhatACancelledReadHasInHand) {
  runtime rt;
  auto const test = [](runtime& on) -> task<void> {
    auto one = co_await connected(on);
    auto other = co_await connected(on);
    auto const sent_to_one = co_await one.client.write(bytes_of("abc"));
    auto const sent_to_other = co_await other.client.write(bytes_of("abc"));
    EXPECT_EQ(sent_to_one.count + sent_to_other.count, 6u);
    bytes target(10);
    auto const first =
        co_await race(read_some(one.server, target), read_some(other.server, target));
    auto& loser = first.index() == 0 ? other.server : one.server;
    auto const second = co_await race(read_some(loser, target), sleep(on, 5s));
    EXPECT_EQ(second.index(), 0u) << "the bytes are lost";
  };
  rt.block_on(test(rt));
}

TEST(LibuvStreams, SayThatTheyAreReadableAndStillGiveTheBytes) {
  runtime rt;
  auto const test = [](runtime& on) -> task<void> {
    auto ends = co_await connected(on);
    auto const first = co_await race(wait_for_bytes(ends.server), yields(on, 20));
    EXPECT_EQ(first.index(), 1u);
    auto const sent = co_await ends.client.write(bytes_of("abc"));
    EXPECT_EQ(sent.count, 3u);
    auto const ready = co_await ends.server.readable();
    EXPECT_EQ(ready, (io_result{0, 0}));
    bytes target(10);
    auto const got = co_await ends.server.read(target);
    EXPECT_EQ(got.count, 3u);
    ends.client.close();
    auto const at_end = co_await ends.server.readable();
    EXPECT_EQ(at_end, (io_result{0, 0}));
    auto const end = co_await ends.server.read(target);
    EXPECT_TRUE(end.is_end());
  };
  rt.block_on(test(rt));
}

TEST(LibuvStreams, SayWhenThereIsRoomAgain) {
  runtime rt;
  auto const test = [](runtime& on) -> task<void> {
    auto ends = co_await connected(on);
    auto const at_first = co_await ends.client.writable();
    EXPECT_EQ(at_first, (io_result{0, 0}));
    std::size_t const filled = fill(ends.client.native_handle());
    for (int round = 0; round < 2; ++round) {
      auto const first = co_await race(wait_for_room(ends.client), yields(on, 100));
      EXPECT_EQ(first.index(), 1u) << "there was no room";
    }
    auto waiting = on.spawn(wait_for_room(ends.client));
    bytes target(filled);
    auto reading = read_exactly(ends.server, target);
    auto const got = co_await reading;
    EXPECT_EQ(got.count, filled);
    auto const room = co_await waiting;
    EXPECT_EQ(room, (io_result{0, 0}));
    // And closing ends the wait.
    fill(ends.client.native_handle());
    auto never = on.spawn(wait_for_room(ends.client));
    co_await on.yield();
    ends.client.close();
    auto const closed = co_await never;
    EXPECT_EQ(closed.error, ECANCELED);
  };
  rt.block_on(test(rt));
}

TEST(LibuvStreams, SendWhatACancelledWriteHasBegunBeforeTheNext) {
  runtime rt;
  auto const test = [](runtime& on) -> task<void> {
    auto ends = co_await connected(on);
    std::size_t const filled = fill(ends.client.native_handle());
    for (int round = 0; round < 3; ++round) {
      auto cancelled = send_all(ends.client, bytes(10, std::byte{1}));
      auto const first = co_await race(std::move(cancelled), yields(on, 10));
      EXPECT_EQ(first.index(), 1u) << "there was room";
    }
    auto last = on.spawn(send_all(ends.client, bytes(10, std::byte{2})));
    auto reading = read_to_the_end(ends.server, 100'000);
    auto const all = co_await reading;
    co_await last;
    // Of the cancelled ones the first alone had begun.
    auto expected = bytes(filled, std::byte{0});
    expected.insert(expected.end(), 10, std::byte{1});
    expected.insert(expected.end(), 10, std::byte{2});
    EXPECT_EQ(all.size(), expected.size());
    EXPECT_TRUE(all == expected);
  };
  rt.block_on(test(rt));
}

TEST(LibuvStreams, MayDieWithAWriteOnItsWay) {
  runtime rt;
  auto const hold = [](runtime& on) -> task<void> {
    auto ends = co_await connected(on);
    fill(ends.client.native_handle());
    auto const sent = co_await ends.client.write(bytes_of("never"));
    ADD_FAILURE() << "it was sent: " << sent.count;
  };
  rt.spawn(hold(rt)).detach();
  rt.block_on(yields(rt, 500));
}

TEST(LibuvStreams, ResetIsSeenByThePeerEvenAfterAShutdown) {
  runtime rt;
  auto const test = [](runtime& on, bool is_shut) -> task<int> {
    auto ends = co_await connected(on);
    if (is_shut) {
      EXPECT_EQ(ends.client.shutdown_write(), 0);
      EXPECT_EQ(ends.client.shutdown_write(), 0);
      bytes nothing(1);
      auto const end = co_await ends.server.read(nothing);
      EXPECT_TRUE(end.is_end());
    }
    ends.client.reset();
    bytes target(1);
    auto got = co_await ends.server.read(target);
    if (!is_shut) co_return got.error;
    // The end came first; whoever writes hears of the reset.
    int error = 0;
    for (int turn = 0; turn < 100 && error == 0; ++turn) {
      got = co_await ends.server.write(bytes_of("x"));
      error = got.error;
      co_await on.yield();
    }
    co_return error == ECONNRESET ? EPIPE : error;
  };
  EXPECT_EQ(rt.block_on(test(rt, false)), ECONNRESET);
  EXPECT_EQ(rt.block_on(test(rt, true)), EPIPE);
}

TEST(LibuvStreams, AnswerAWriteToAPeerThatIsGoneWithoutASignal) {
  runtime rt;
  auto const test = [](runtime& on) -> task<int> {
    auto ends = co_await connected(on);
    ends.server.reset();
    int error = 0;
    while (error == 0) {
      auto const sent = co_await ends.client.write(bytes_of("x"));
      error = sent.error;
      co_await on.yield();
    }
    if (error != ECONNRESET) co_return error;
    auto const again = co_await ends.client.write(bytes_of("x"));
    co_return again.error;
  };
  EXPECT_EQ(rt.block_on(test(rt)), EPIPE);
}

TEST(LibuvStreams, SpeakUnixByPathAndByName) {
  runtime rt;
  std::string folder = "/tmp/regatta_libuv_XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  auto const test = [](runtime& on, endpoint where) -> task<bytes> {
    auto ends = co_await connected(on, where);
    EXPECT_EQ(ends.client.peer_endpoint(), where);
    auto sending = on.spawn(send_all(ends.client, pattern(300'000)));
    auto reading = read_to_the_end(ends.server, 4'000);
    auto all = co_await reading;
    co_await sending;
    co_return all;
  };
  auto const by_path = *endpoint::unix_path(folder + "/socket");
  auto const by_name = *endpoint::unix_path("@regatta_libuv_" + std::to_string(::getpid()));
  EXPECT_EQ(rt.block_on(test(rt, by_path)), pattern(300'000));
  EXPECT_EQ(rt.block_on(test(rt, by_name)), pattern(300'000));
  EXPECT_EQ(::rmdir(folder.c_str()), 0) << "libuv removes the path of a listener";
}

TEST(LibuvListener, AnswersAnAddressThatIsInUse) {
  runtime rt;
  auto const first = rt.listen(endpoint::loopback());
  ASSERT_TRUE(first.has_value());
  auto door = rt.listen(endpoint::loopback(), {.reuse_port = true});
  ASSERT_TRUE(door.has_value());
  auto const where = door->local_endpoint();
  EXPECT_TRUE(rt.listen(where, {.reuse_port = true}).has_value());
  EXPECT_EQ(rt.listen(where).error(), EADDRINUSE);
}

TEST(LibuvListener, KeepsMoreConnectionsThanItAcceptsAhead) {
  runtime rt;
  auto const connect_to = [](runtime& on, endpoint where) -> task<stream> {
    auto connection = co_await on.connect(where);
    co_return *std::move(connection);
  };
  auto const test = [](runtime& on, auto connect) -> task<void> {
    auto door = on.listen(endpoint::loopback());
    auto const where = door->local_endpoint();
    auto connecting = spawn_n(on, 300, [&](u64) { return connect(on, where); });
    auto const clients = co_await join_all(std::move(connecting));
    std::vector<stream> servers;
    while (servers.size() < clients.size()) {
      auto accepted = co_await door->accept();
      servers.push_back(*std::move(accepted));
    }
    auto const first = co_await race(yields(on, 50), accept_one(*door));
    EXPECT_EQ(first.index(), 0u) << "one too many";
  };
  rt.block_on(test(rt, connect_to));
}

// libuv keeps a spare descriptor, and closes with its help who cannot be served.
TEST(LibuvListener, GoesOnAfterTheDescriptorsWereUsedUp) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  runtime rt;
  auto const test = [](runtime& on, rlimit normal) -> task<void> {
    // A sanitizer needs descriptors of its own to check an object of a type that it has not met.
    auto other_door = on.listen(endpoint::loopback());
    auto const earlier = co_await on.connect(other_door->local_endpoint());
    EXPECT_TRUE(earlier.has_value());

    auto door = on.listen(endpoint::loopback());
    // One descriptor is left, for the client.
    int const free = ::dup(door->native_handle());
    ::close(free);
    auto none_left = normal;
    none_left.rlim_cur = static_cast<rlim_t>(free) + 1;
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none_left), 0);
    auto unserved = co_await on.connect(door->local_endpoint());
    EXPECT_TRUE(unserved.has_value());
    bytes target(1);
    auto const end = co_await unserved->read(target);
    EXPECT_TRUE(end.count == 0);
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &normal), 0);
    auto served = co_await on.connect(door->local_endpoint());
    auto accepted = co_await door->accept();
    EXPECT_TRUE(accepted.has_value());
  };
  rt.block_on(test(rt, before));
}

class LibuvFiles : public ::testing::Test {
 protected:
  LibuvFiles() {
    std::string name = "/tmp/regatta_libuv_XXXXXX";
    int const descriptor = ::mkstemp(name.data());
    EXPECT_GE(descriptor, 0);
    ::close(descriptor);
    path_ = name;
  }
  ~LibuvFiles() override { ::unlink(path_.c_str()); }

  std::string path_;
};

TEST_F(LibuvFiles, AnswerAsManyBytesAsThereAre) {
  runtime rt;
  auto const test = [](runtime& on, std::string path) -> task<void> {
    auto opened = co_await on.open(path, open_mode::read_write);
    auto const content = pattern(200'000);
    auto const written = co_await opened->write_at(content, 5);
    EXPECT_EQ(written, (io_result{200'000, 0}));
    bytes target(300'000);
    auto const got = co_await opened->read_at(target, 5);
    EXPECT_EQ(got, (io_result{200'000, 0}));
    target.resize(got.count);
    EXPECT_TRUE(target == content);
    auto const end = co_await opened->read_at(target, 1'000'000);
    EXPECT_TRUE(end.is_end());
    auto const missing = co_await on.open(path + "/nothing", open_mode::read);
    EXPECT_EQ(missing.error(), ENOTDIR);
  };
  rt.block_on(test(rt, path_));
}

TEST_F(LibuvFiles, MayBeCancelledAndDieWithTheirRuntime) {
  auto const read = [](file& from) -> task<void> {
    bytes target(100'000);
    auto const got = co_await from.read_at(target, 0);
    static_cast<void>(got);
  };
  auto const test = [](runtime& on, std::string path, auto reads) -> task<void> {
    auto opened = co_await on.open(path, open_mode::write_truncated);
    for (int round = 0; round < 20; ++round) co_await race(reads(*opened), yields(on, round % 3));
    auto const never = co_await on.open(path, open_mode::read);
    EXPECT_TRUE(never.has_value());
  };
  for (int turns = 0; turns < 30; ++turns) {
    runtime rt;
    rt.spawn(test(rt, path_, read)).detach();
    rt.block_on(yields(rt, turns * 10));
  }
}

TEST(LibuvDeathTest, ASocketMustNotOutliveItsRuntime) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  auto const outlive = [] {
    std::optional<io_expected<listener>> door;
    runtime rt;
    door.emplace(rt.listen(endpoint::loopback()));
  };
  EXPECT_DEATH(outlive(), "a socket outlives its runtime");
}

}  // namespace
}  // namespace regatta::runtimes::libuv
