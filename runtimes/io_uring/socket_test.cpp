#include "runtimes/io_uring/socket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtimes/core/socket_address.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/io_uring/runtime.hpp"
#include "runtimes/io_uring/test_support.hpp"

namespace regatta::runtimes::io_uring {
namespace {

template <class R>
class IoUringSockets : public ::testing::Test {
 protected:
  void SetUp() override {
    if (auto const why = why_refused<R>(); !why.empty()) GTEST_SKIP() << why;
  }
};
using each_runtime = ::testing::Types<one_thread, per_core>;
TYPED_TEST_SUITE(IoUringSockets, each_runtime);

std::byte byte_at(u64 place) { return static_cast<std::byte>(place * 31 + place / 251); }

// A socket of the test's own, which knows nothing of the runtime.
class outsider {
 public:
  explicit outsider(endpoint const& where) {
    auto const address = core::to_socket_address(where);
    descriptor_ = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(descriptor_, address.get(), address.length), 0);
  }
  outsider(outsider const&) = delete;
  outsider& operator=(outsider const&) = delete;
  ~outsider() { ::close(descriptor_); }

  // How many bytes the system takes without waiting.
  u64 try_send(std::span<std::byte const> bytes) {
    ssize_t const count =
        ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return count > 0 ? static_cast<u64>(count) : 0;
  }
  void finish() { ::shutdown(descriptor_, SHUT_WR); }
  // Waits until the other side has closed.
  bool is_closed() {
    char any;
    return ::recv(descriptor_, &any, 1, 0) <= 0;
  }

 private:
  int descriptor_;
};

template <class R>
struct pair_of_streams {
  typename R::stream near;
  typename R::stream far;
};
template <class R>
task<pair_of_streams<R>> connected(R& rt) {
  auto door = rt.listen(endpoint::loopback());
  auto near = co_await rt.connect(door->local_endpoint());
  auto far = co_await door->accept();
  co_return pair_of_streams<R>{std::move(*near), std::move(*far)};
}

template <class Stream>
task<io_result> read_some(Stream& from, std::span<std::byte> target) {
  co_return co_await from.read(target);
}
task<void> yields(auto& rt, u64 times) {
  for (u64 i = 0; i < times; ++i) co_await rt.yield();
}
template <class Stream>
task<u64> write_pattern(Stream& to, u64 count) {
  std::vector<std::byte> piece(8'000);
  u64 place = 0;
  while (place < count) {
    auto const length = std::min<u64>(piece.size(), count - place);
    for (u64 i = 0; i < length; ++i) piece[i] = byte_at(place + i);
    auto const sent = co_await write_all(to, std::span(piece).first(length));
    if (!sent.ok()) break;
    place += length;
  }
  to.shutdown_write();
  co_return place;
}
// How many bytes came before the end or the first wrong one.
template <class Stream>
task<u64> read_pattern(Stream& from) {
  std::vector<std::byte> target(3'000);
  u64 place = 0;
  for (;;) {
    auto const got = co_await from.read(target);
    if (got.count == 0) co_return place;
    for (u64 i = 0; i < got.count; ++i, ++place) {
      if (target[i] != byte_at(place)) co_return place;
    }
  }
}

// The read dies with its operation in the kernel, which goes on receiving.
TYPED_TEST(IoUringSockets, WhatArrivesForAReadThatWasCancelledIsKeptForTheNext) {
  TypeParam rt(options{});
  auto const body = [](TypeParam& on) -> task<void> {
    auto both = co_await connected(on);
    std::array<std::byte, 8> target{};
    auto attempt = race(read_some(both.far, target), yields(on, 2));
    auto const first = co_await attempt;
    EXPECT_EQ(first.index(), 1u);
    for (std::size_t sent = 1; sent <= 3; ++sent) {
      auto const wrote = co_await both.near.write(bytes_of("anchor"));
      EXPECT_EQ(wrote.count, 6u);
      while (both.far.pending_bytes() < 6 * sent) co_await on.yield();
    }
    std::array<std::byte, 32> all{};
    auto const got = co_await both.far.read(all);
    EXPECT_EQ(got.count, 18u);
    EXPECT_EQ(std::string_view(reinterpret_cast<char const*>(all.data()), 18),
              "anchoranchoranchor");
  };
  rt.block_on(body(rt));
}

// Sends all that the other side takes while nobody reads there, up to a limit.
task<u64> send_until_it_is_full(auto& rt, outsider& peer, u64 limit) {
  std::vector<std::byte> piece(8'000);
  u64 sent = 0;
  u64 refused_in_a_row = 0;
  while (sent < limit && refused_in_a_row < 50) {
    for (u64 i = 0; i < piece.size(); ++i) piece[i] = byte_at(sent + i);
    u64 const taken = peer.try_send(piece);
    refused_in_a_row = taken == 0 ? refused_in_a_row + 1 : 0;
    sent += taken;
    // So many that the loop looks at its ring in between.
    co_await yields(rt, 200);
  }
  co_return sent;
}

TYPED_TEST(IoUringSockets, NoMoreIsPendingThanTheBoundAndWhatWasOnItsWay) {
  options chosen;
  chosen.ring = {.buffers = 64, .buffer_bytes = 4'096};
  chosen.most_pending_bytes = 20'000;
  TypeParam rt(chosen);
  auto const body = [](TypeParam& on) -> task<void> {
    u64 const limit = 64'000'000;  // More than the system buffers for a connection.
    auto door = on.listen(endpoint::loopback());
    outsider peer(door->local_endpoint());
    auto accepted = co_await door->accept();
    // From here on the kernel receives, for nobody.
    std::array<std::byte, 8> target{};
    auto attempt = race(read_some(*accepted, target), yields(on, 2));
    co_await attempt;
    auto sending = send_until_it_is_full(on, peer, limit);
    u64 const sent = co_await sending;
    EXPECT_LT(sent, limit) << "the peer was never made to wait";
    EXPECT_GT(accepted->pending_bytes(), 20'000u);
    EXPECT_LE(accepted->pending_bytes(), 20'000u + 64 * 4'096);
    // And nothing is lost: it goes on when somebody reads.
    peer.finish();
    auto reading = read_pattern(*accepted);
    u64 const read = co_await reading;
    EXPECT_EQ(read, sent);
  };
  rt.block_on(body(rt));
}

TYPED_TEST(IoUringSockets, ManyReadersShareTwoTinyBuffersAndAllGetTheirBytes) {
  options chosen;
  chosen.ring = {.buffers = 2, .buffer_bytes = 64};
  TypeParam rt(chosen);
  auto const one = [](TypeParam& on, u64 bytes) -> task<u64> {
    auto both = co_await connected(on);
    auto writing = on.spawn(write_pattern(both.near, bytes));
    auto reading = read_pattern(both.far);
    u64 const read = co_await reading;
    co_await writing;
    co_return read;
  };
  auto const body = [](TypeParam& on, auto make, u64 bytes) -> task<u64> {
    auto all = spawn_n(on, 5, [&](u64) { return make(on, bytes); });
    auto const counts = co_await join_all(std::move(all));
    u64 sum = 0;
    for (u64 each : counts) sum += each;
    co_return sum;
  };
  EXPECT_EQ(rt.block_on(body(rt, one, 50'000)), 250'000u);
}

template <class R>
task<void> accept_and_drop(typename R::listener& door) {
  auto accepted = co_await door.accept();
  EXPECT_TRUE(accepted);
}

TYPED_TEST(IoUringSockets, AConnectionForAnAcceptThatWasCancelledGoesToTheNext) {
  TypeParam rt(options{});
  auto const body = [](TypeParam& on) -> task<void> {
    auto door = on.listen(endpoint::loopback());
    auto attempt = race(accept_and_drop<TypeParam>(*door), yields(on, 2));
    auto const first = co_await attempt;
    EXPECT_EQ(first.index(), 1u);
    // The kernel goes on accepting: the connection arrives for nobody.
    auto client = co_await on.connect(door->local_endpoint());
    EXPECT_TRUE(client);
    co_await yields(on, 200);
    auto accepted = co_await door->accept();
    EXPECT_TRUE(accepted);
    auto const wrote = co_await client->write(bytes_of("ahoy"));
    EXPECT_EQ(wrote.count, 4u);
    std::array<std::byte, 4> target{};
    auto const got = co_await read_exactly(*accepted, target);
    EXPECT_EQ(got.count, 4u);
  };
  rt.block_on(body(rt));
}

TYPED_TEST(IoUringSockets, AConnectionThatNobodyAcceptsIsClosedWithItsListener) {
  TypeParam rt(options{});
  std::optional<outsider> client;
  auto const body = [](TypeParam& on, std::optional<outsider>& peer) -> task<void> {
    auto door = on.listen(endpoint::loopback());
    auto attempt = race(accept_and_drop<TypeParam>(*door), yields(on, 2));
    co_await attempt;
    peer.emplace(door->local_endpoint());
    co_await yields(on, 200);
  };
  rt.block_on(body(rt, client));
  EXPECT_TRUE(client->is_closed());
}

TYPED_TEST(IoUringSockets, AStreamIsReadAfterAnotherThreadHasDriven) {
  TypeParam rt(options{});
  std::optional<pair_of_streams<TypeParam>> both;
  auto const set_up = [](TypeParam& on, auto& into) -> task<void> {
    into.emplace(co_await connected(on));
    // So that the kernel is receiving when its thread leaves.
    std::array<std::byte, 8> target{};
    auto attempt = race(read_some(into->far, target), yields(on, 3));
    co_await attempt;
  };
  auto const exchange = [](auto& streams, std::string_view text) -> task<void> {
    auto const wrote = co_await streams->near.write(bytes_of(text));
    EXPECT_EQ(wrote.count, text.size());
    std::vector<std::byte> target(text.size());
    auto const got = co_await read_exactly(streams->far, target);
    EXPECT_EQ(got.count, text.size());
  };
  std::thread([&] { rt.block_on(set_up(rt, both)); }).join();
  rt.block_on(exchange(both, "from the second thread"));
  std::thread([&] { rt.block_on(exchange(both, "from the third")); }).join();
  both.reset();
}

// A task that waits while nobody drives is served by whoever drives next.
TYPED_TEST(IoUringSockets, AReadThatWaitsOutlivesTheBlockOnInWhichItBegan) {
  TypeParam rt(options{});
  std::optional<pair_of_streams<TypeParam>> both;
  joiner<u64> reading;
  auto const set_up = [](TypeParam& on, auto& into, joiner<u64>& reader) -> task<void> {
    into.emplace(co_await connected(on));
    reader = on.spawn(read_pattern(into->far));
    co_await yields(on, 5);
  };
  auto const finish = [](auto& streams, joiner<u64>& reader) -> task<u64> {
    auto writing = write_pattern(streams->near, 10'000);
    co_await writing;
    co_return co_await reader;
  };
  std::thread([&] { rt.block_on(set_up(rt, both, reading)); }).join();
  EXPECT_EQ(rt.block_on(finish(both, reading)), 10'000u);
  both.reset();
}

TYPED_TEST(IoUringSockets, AWriteThatWaitsEndsWhenThePeerReads) {
  TypeParam rt(options{});
  auto const body = [](TypeParam& on) -> task<u64> {
    auto both = co_await connected(on);
    // More than both sides' buffers hold.
    auto writing = on.spawn(write_pattern(both.near, 30'000'000));
    co_await yields(on, 100);
    auto reading = read_pattern(both.far);
    u64 const read = co_await reading;
    co_await writing;
    co_return read;
  };
  EXPECT_EQ(rt.block_on(body(rt)), 30'000'000u);
}

TYPED_TEST(IoUringSockets, AClosedStreamIsSeenToEndByThePeerWhileItsReadIsInTheKernel) {
  TypeParam rt(options{});
  auto const body = [](TypeParam& on) -> task<void> {
    auto both = co_await connected(on);
    std::array<std::byte, 8> target{};
    auto attempt = race(read_some(both.far, target), yields(on, 3));
    co_await attempt;
    both.far.close();
    EXPECT_EQ(both.far.native_handle(), -1);
    auto const got = co_await both.near.read(target);
    EXPECT_TRUE(got.is_end());
    auto const none = co_await both.far.read(target);
    EXPECT_EQ(none.error, ECANCELED);
    auto const nowhere = co_await both.far.write(target);
    EXPECT_EQ(nowhere.error, ECANCELED);
  };
  rt.block_on(body(rt));
}

TYPED_TEST(IoUringSockets, AResetIsSeenByThePeerWhileItsReadIsInTheKernel) {
  TypeParam rt(options{});
  auto const body = [](TypeParam& on) -> task<void> {
    auto both = co_await connected(on);
    std::array<std::byte, 8> target{};
    auto attempt = race(read_some(both.far, target), yields(on, 3));
    co_await attempt;
    both.far.reset();
    auto const got = co_await both.near.read(target);
    EXPECT_EQ(got.error, ECONNRESET);
  };
  rt.block_on(body(rt));
}

TEST(IoUringPerCore, TheTasksOfConnectionsAreDealtOutToAllLoops) {
  if (auto const why = why_refused<per_core>(); !why.empty()) GTEST_SKIP() << why;
  std::set<std::thread::id> seen;
  std::mutex lock;
  auto const serve = [](per_core::stream peer, auto& into, std::mutex& guard) -> task<void> {
    {
      std::lock_guard const held(guard);
      into.insert(std::this_thread::get_id());
    }
    std::array<std::byte, 1> target;
    auto const got = co_await peer.read(target);
    EXPECT_TRUE(got.is_end());
  };
  auto const body = [](per_core& on, auto make, auto& into, std::mutex& guard) -> task<void> {
    auto door = on.listen(endpoint::loopback());
    std::vector<per_core::stream> clients;
    std::vector<joiner<void>> serving;
    for (int i = 0; i < 64; ++i) {
      auto client = co_await on.connect(door->local_endpoint());
      clients.push_back(std::move(*client));
      auto peer = co_await door->accept();
      serving.push_back(on.spawn(make(std::move(*peer), into, guard)));
    }
    clients.clear();
    co_await join_all(std::move(serving));
  };
  per_core rt(options{runtime_options{.threads = 2}});
  rt.block_on(body(rt, serve, seen, lock));
  EXPECT_EQ(seen.size(), 2u);
}

// Opens, waits on and closes sockets until it dies.
task<void> connect_over_and_over(per_core& rt) {
  auto door = rt.listen(endpoint::loopback());
  for (;;) {
    auto near = co_await rt.connect(door->local_endpoint());
    auto far = co_await door->accept();
    // A reset leaves no port in use behind.
    if (near) near->reset();
    if (far) far->reset();
    co_await rt.yield();
  }
}

// A loop that ends looks through all sources for its own, while its siblings open and close theirs.
// Only the thread sanitizer sees where that goes wrong.
TEST(IoUringPerCore, ALoopEndsWhileItsSiblingsOpenSockets) {
  if (auto const why = why_refused<per_core>(); !why.empty()) GTEST_SKIP() << why;
  auto const wait = [](per_core& on) -> task<void> { co_await on.sleep_for(duration(1'000'000)); };
  for (int round = 0; round < 20; ++round) {
    per_core rt(options{runtime_options{.threads = 4}});
    for (int i = 0; i < 8; ++i) rt.spawn(connect_over_and_over(rt));
    rt.block_on(wait(rt));
  }
}

task<int> read_until_closed(per_core::stream& from) {
  std::array<std::byte, 8> target{};
  auto const got = co_await from.read(target);
  co_return got.error;
}

// What a socket leaves behind is reused while the loop that was its home may still be in the
// function in which it let go. Again only the thread sanitizer sees it.
TEST(IoUringPerCore, ASocketIsTakenOverFromTheLoopThatHasJustLetGo) {
  if (auto const why = why_refused<per_core>(); !why.empty()) GTEST_SKIP() << why;
  auto const body = [](per_core& on) -> task<void> {
    auto door = on.listen(endpoint::loopback());
    for (int round = 0; round < 8; ++round) {
      std::optional<per_core::stream> near;
      auto connected = co_await on.connect(door->local_endpoint());
      near.emplace(*std::move(connected));
      auto far = co_await door->accept();
      // Each is dealt out to the next loop.
      auto reading = on.spawn(read_until_closed(*near));
      co_await on.sleep_for(duration(1'000'000));
      near->close();
      int const error = co_await reading;
      EXPECT_EQ(error, ECANCELED);
      // The thread waits, not the task: its loop must hear nothing from the other one meanwhile.
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      near.reset();
      auto next = co_await on.connect(door->local_endpoint());
      EXPECT_TRUE(next);
    }
  };
  per_core rt(options{runtime_options{.threads = 2}});
  rt.block_on(body(rt));
}

}  // namespace
}  // namespace regatta::runtimes::io_uring
