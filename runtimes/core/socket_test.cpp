#include "runtimes/core/socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "runtimes/core/test_loop.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/race.hpp"

namespace regatta::core {
namespace {

static_assert(byte_stream<socket_stream<one_thread>>);
static_assert(byte_stream<socket_stream<many_threads>>);
static_assert(failure_telling_stream<socket_stream<one_thread>>);
static_assert(spliceable_stream<socket_stream<one_thread>>);
static_assert(stream_listener<socket_listener<one_thread>, socket_stream<one_thread>>);

template <class Threading>
struct world {
  using loop = test_loop<Threading>;
  using stream = socket_stream<Threading>;
  using listener = socket_listener<Threading>;

  struct pair {
    stream left;
    stream right;
  };

  static listener listen(loop& rt, endpoint where, listen_options options = {}) {
    auto made = listener::listen(rt.reactor(), where, options);
    EXPECT_TRUE(made) << made.error_text();
    return std::move(*made);
  }

  static connect_operation<Threading> connect(loop& rt, endpoint where) {
    return connect_operation<Threading>(rt.reactor(), where, {});
  }

  static task<io_expected<stream>> accept_one(listener& from) {
    auto accepted = co_await from.accept();
    co_return std::move(accepted);
  }

  static task<pair> connected_pair(loop& rt, endpoint where = endpoint::loopback()) {
    listener door = listen(rt, where);
    auto accepting = rt.spawn(accept_one(door));
    auto left = co_await connect(rt, door.local_endpoint());
    EXPECT_TRUE(left) << left.error_text();
    auto right = co_await accepting;
    EXPECT_TRUE(right) << right.error_text();
    co_return pair{std::move(*left), std::move(*right)};
  }

  static task<io_result> read_some(stream& from, std::span<std::byte> target) {
    auto const result = co_await from.read(target);
    co_return result;
  }

  static task<std::string> read_to_end(stream& from) {
    std::string all;
    std::array<std::byte, 1000> buffer;
    for (;;) {
      auto const [count, error] = co_await from.read(buffer);
      EXPECT_EQ(error, 0);
      if (count == 0) co_return all;
      all.append(reinterpret_cast<char const*>(buffer.data()), count);
    }
  }

  static task<void> yields(loop& rt, int times) {
    for (int i = 0; i < times; ++i) co_await rt.yield();
  }
};

template <class Threading>
class Socket : public testing::Test {
 protected:
  using in = world<Threading>;
  using stream = typename in::stream;
  using listener = typename in::listener;
  typename in::loop rt_;
};
using policies = testing::Types<one_thread, many_threads>;
TYPED_TEST_SUITE(Socket, policies);

template <class W>
task<void> talk_over(typename W::loop& rt, endpoint where) {
  auto both = co_await W::connected_pair(rt, where);
  auto const wrote = co_await write_all(both.left, bytes_of("over the water"));
  EXPECT_EQ(wrote, (io_result{14, 0}));
  EXPECT_EQ(both.left.shutdown_write(), 0);
  auto const heard = co_await W::read_to_end(both.right);
  EXPECT_EQ(heard, "over the water");
  // Half-close: the other way still works.
  auto const answered = co_await write_all(both.right, bytes_of("and back"));
  EXPECT_TRUE(answered.ok());
  both.right.close();
  auto const echo = co_await W::read_to_end(both.left);
  EXPECT_EQ(echo, "and back");
}

TYPED_TEST(Socket, CarriesBytesAndHalfCloseOverEveryFamily) {
  std::vector<endpoint> families{
      endpoint::loopback(), *endpoint::unix_path("@regatta-test-" + std::to_string(::getpid()))};
  int const probe = ::socket(AF_INET6, SOCK_STREAM, 0);
  auto const v6 = to_socket_address(endpoint::loopback_v6());
  if (probe >= 0 && ::bind(probe, v6.get(), v6.length) == 0) {
    families.push_back(endpoint::loopback_v6());
  }
  ::close(probe);
  for (auto const& family : families) {
    this->rt_.block_on(talk_over<typename TestFixture::in>(this->rt_, family));
  }
}

TYPED_TEST(Socket, CarriesBytesOverAUnixPath) {
  std::string const path = "/tmp/regatta-test-" + std::to_string(::getpid()) + ".sock";
  ::unlink(path.c_str());
  this->rt_.block_on(talk_over<typename TestFixture::in>(this->rt_, *endpoint::unix_path(path)));
  ::unlink(path.c_str());
}

TYPED_TEST(Socket, TheListenerKnowsItsPortAndTheStreamItsEnds) {
  using W = typename TestFixture::in;
  auto const check = [](typename W::loop& rt) -> task<void> {
    auto door = W::listen(rt, endpoint::loopback());
    EXPECT_NE(door.local_endpoint().port(), 0);
    auto accepting = rt.spawn(W::accept_one(door));
    auto left = co_await W::connect(rt, door.local_endpoint());
    EXPECT_TRUE(left);
    auto right = co_await accepting;
    EXPECT_EQ(left->peer_endpoint(), door.local_endpoint());
    EXPECT_EQ(left->local_endpoint(), right->peer_endpoint());
    for (int const descriptor : {left->native_handle(), right->native_handle()}) {
      int no_delay = 0;
      socklen_t length = sizeof no_delay;
      ::getsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &no_delay, &length);
      EXPECT_EQ(no_delay, 1);
      EXPECT_NE(::fcntl(descriptor, F_GETFD) & FD_CLOEXEC, 0);
    }
  };
  this->rt_.block_on(check(this->rt_));
}

template <class W>
task<void> send_much(typename W::stream& to, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + (i >> 10));
  auto const wrote = co_await write_all(to, bytes);
  EXPECT_EQ(wrote, (io_result{size, 0}));
  EXPECT_EQ(to.shutdown_write(), 0);
}

template <class W>
task<std::size_t> count_right_bytes(typename W::stream& from) {
  std::vector<std::byte> buffer(10'000);
  std::size_t at = 0;
  for (;;) {
    auto const [count, error] = co_await from.read(buffer);
    EXPECT_EQ(error, 0);
    if (count == 0) co_return at;
    for (std::size_t i = 0; i < count; ++i, ++at) {
      if (buffer[i] != static_cast<std::byte>(at * 7 + (at >> 10))) co_return 0;
    }
  }
}

template <class W>
task<void> send_more_than_fits(typename W::loop& rt) {
  constexpr std::size_t size = 6'000'000;
  auto both = co_await W::connected_pair(rt);
  auto sending = rt.spawn(send_much<W>(both.left, size));
  auto const right = co_await count_right_bytes<W>(both.right);
  EXPECT_EQ(right, size);
  co_await sending;
}

TYPED_TEST(Socket, AWriterThatIsFasterThanItsReaderWaits) {
  this->rt_.block_on(send_more_than_fits<typename TestFixture::in>(this->rt_));
}

template <class W>
task<void> read_and_write_at_once(typename W::loop& rt) {
  constexpr std::size_t size = 3'000'000;
  auto both = co_await W::connected_pair(rt);
  auto sending_left = rt.spawn(send_much<W>(both.left, size));
  auto sending_right = rt.spawn(send_much<W>(both.right, size));
  auto counting = rt.spawn(count_right_bytes<W>(both.left));
  auto const right = co_await count_right_bytes<W>(both.right);
  auto const left = co_await counting;
  EXPECT_EQ(left, size);
  EXPECT_EQ(right, size);
  co_await sending_left;
  co_await sending_right;
}

TYPED_TEST(Socket, OneTaskReadsWhileAnotherWrites) {
  this->rt_.block_on(read_and_write_at_once<typename TestFixture::in>(this->rt_));
}

TYPED_TEST(Socket, ConnectingWhereNobodyListensIsRefused) {
  using W = typename TestFixture::in;
  auto const check = [](typename W::loop& rt) -> task<void> {
    auto door = W::listen(rt, endpoint::loopback());
    auto const nowhere = door.local_endpoint();
    door.close();
    auto refused = co_await W::connect(rt, nowhere);
    EXPECT_EQ(refused.error(), ECONNREFUSED);
    auto missing = co_await W::connect(rt, *endpoint::unix_path("/nonexistent/regatta.sock"));
    EXPECT_EQ(missing.error(), ENOENT);
  };
  this->rt_.block_on(check(this->rt_));
  EXPECT_FALSE(this->rt_.reactor().has_sources());
}

TYPED_TEST(Socket, ListeningOnAPortInUseIsRefused) {
  using W = typename TestFixture::in;
  auto door = W::listen(this->rt_, endpoint::loopback());
  auto second = W::listener::listen(this->rt_.reactor(), door.local_endpoint(), {});
  EXPECT_EQ(second.error(), EADDRINUSE);
  auto first_shared = W::listen(this->rt_, endpoint::loopback(), {.reuse_port = true});
  auto second_shared = W::listen(this->rt_, first_shared.local_endpoint(), {.reuse_port = true});
  EXPECT_EQ(first_shared.local_endpoint(), second_shared.local_endpoint());
}

template <class W>
task<void> meet_a_reset(typename W::loop& rt) {
  auto both = co_await W::connected_pair(rt);
  std::array<std::byte, 8> buffer;
  auto reading = rt.spawn(W::read_some(both.right, buffer));
  co_await rt.yield();
  both.left.reset();
  auto const reset = co_await reading;
  EXPECT_EQ(reset, (io_result{0, ECONNRESET}));
  // A broken pipe is an answer, never a signal.
  auto const broken = co_await write_all(both.right, bytes_of("anybody there?"));
  EXPECT_EQ(broken, (io_result{0, EPIPE}));
}

TYPED_TEST(Socket, AResetIsSeenByThePeerAndRaisesNoSignal) {
  ::signal(SIGPIPE, SIG_DFL);
  this->rt_.block_on(meet_a_reset<typename TestFixture::in>(this->rt_));
}

template <class W>
task<io_result> wait_readable(typename W::stream& from) {
  auto const result = co_await from.readable();
  co_return result;
}
template <class W>
task<io_result> wait_writable(typename W::stream& to) {
  auto const result = co_await to.writable();
  co_return result;
}

template <class W>
task<void> close_while_waiting(typename W::loop& rt) {
  auto both = co_await W::connected_pair(rt);
  std::array<std::byte, 8> buffer;
  auto reading = rt.spawn(W::read_some(both.left, buffer));
  auto reading_readiness = rt.spawn(wait_readable<W>(both.right));
  co_await rt.yield();
  both.left.close();
  both.right.close();
  auto const closed = co_await reading;
  EXPECT_EQ(closed, (io_result{0, ECANCELED}));
  auto const also_closed = co_await reading_readiness;
  EXPECT_EQ(also_closed, (io_result{0, ECANCELED}));
  // And what begins afterwards is answered the same.
  auto const late = co_await both.left.read(buffer);
  EXPECT_EQ(late, (io_result{0, ECANCELED}));
  EXPECT_EQ(both.left.shutdown_write(), ECANCELED);
  EXPECT_EQ(both.left.native_handle(), -1);

  auto door = W::listen(rt, endpoint::loopback());
  auto accepting = rt.spawn(W::accept_one(door));
  co_await rt.yield();
  door.close();
  auto const accepted = co_await accepting;
  EXPECT_EQ(accepted.error(), ECANCELED);
}

TYPED_TEST(Socket, ClosingAnswersWhoeverWaits) {
  this->rt_.block_on(close_while_waiting<typename TestFixture::in>(this->rt_));
  EXPECT_FALSE(this->rt_.reactor().has_sources());
}

template <class W>
task<void> wait_for_readiness(typename W::loop& rt) {
  auto both = co_await W::connected_pair(rt);
  auto const writable = co_await both.left.writable();
  EXPECT_TRUE(writable.ok());
  auto reading = rt.spawn(wait_readable<W>(both.right));
  co_await W::yields(rt, 20);
  EXPECT_FALSE(reading.is_finished()) << "nothing has been written yet";
  auto const wrote = co_await both.left.write(bytes_of("now"));
  EXPECT_EQ(wrote.count, 3u);
  auto const readable = co_await reading;
  EXPECT_TRUE(readable.ok());
  std::array<std::byte, 8> buffer;
  auto const read = co_await both.right.read(buffer);
  EXPECT_EQ(read, (io_result{3, 0}));
  // Full: not writable until the reader has made room.
  std::vector<std::byte> block(1 << 16);
  for (;;) {
    auto filling = race(W::read_some(both.left, buffer), W::yields(rt, 3));
    co_await std::move(filling);
    ssize_t const count =
        ::send(both.left.native_handle(), block.data(), block.size(), MSG_NOSIGNAL);
    if (count < 0) break;
  }
  EXPECT_EQ(errno, EAGAIN);
  auto writing = rt.spawn(wait_writable<W>(both.left));
  co_await W::yields(rt, 20);
  EXPECT_FALSE(writing.is_finished()) << "the buffers are full";
  both.left.shutdown_write();
  auto draining = rt.spawn(W::read_to_end(both.right));
  auto const room = co_await writing;
  EXPECT_TRUE(room.ok());
  auto const drained = co_await draining;
  EXPECT_GT(drained.size(), block.size());
}

TYPED_TEST(Socket, ReadinessIsToldWhenItIsThere) {
  this->rt_.block_on(wait_for_readiness<typename TestFixture::in>(this->rt_));
}

// A reader that gives up again and again must not lose a byte.
template <class W>
task<void> send_slowly(typename W::loop& rt, typename W::stream& to, int messages) {
  for (int i = 0; i < messages; ++i) {
    std::array<std::byte, 3> message;
    message.fill(static_cast<std::byte>(i));
    auto const wrote = co_await write_all(to, message);
    EXPECT_TRUE(wrote.ok());
    co_await W::yields(rt, i % 5);
  }
  to.shutdown_write();
}

template <class W>
task<void> read_with_impatience(typename W::loop& rt) {
  constexpr int messages = 2'000;
  auto both = co_await W::connected_pair(rt);
  auto sending = rt.spawn(send_slowly<W>(rt, both.left, messages));
  std::vector<std::byte> all;
  int given_up = 0;
  for (int turn = 0;; ++turn) {
    std::array<std::byte, 4> buffer;
    auto attempt = race(W::read_some(both.right, buffer), W::yields(rt, turn % 3));
    auto const first = co_await std::move(attempt);
    if (first.index() == 1) {
      ++given_up;
      continue;
    }
    auto const [count, error] = std::get<0>(first);
    EXPECT_EQ(error, 0);
    if (count == 0) break;
    all.insert(all.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(count));
  }
  co_await sending;
  EXPECT_GT(given_up, 0);
  EXPECT_EQ(all.size(), messages * 3u);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i], static_cast<std::byte>(i / 3)) << "at byte " << i;
    if (all[i] != static_cast<std::byte>(i / 3)) break;
  }
}

TYPED_TEST(Socket, AResetIsToldToWhoeverWaitsForAFailureAlsoWithBytesUnread) {
  using W = typename TestFixture::in;
  auto const watch = [](typename W::stream& watched) -> task<io_result> {
    auto const failed = co_await watched.failure();
    co_return failed;
  };
  auto const check = [](typename W::loop& rt, auto watching) -> task<void> {
    auto both = co_await W::connected_pair(rt);
    auto told = rt.spawn(watching(both.left));
    // That bytes come is no failure.
    for (int i = 0; i < 3; ++i) {
      auto const wrote = co_await write_all(both.right, bytes_of("unread"));
      EXPECT_TRUE(wrote.ok());
      co_await W::yields(rt, 20);
    }
    EXPECT_FALSE(told.is_finished());
    both.right.reset();
    auto const failed = co_await told;
    EXPECT_EQ(failed, (io_result{0, ECONNRESET}));
    // And where the stream is closed nobody waits.
    both.left.close();
    auto const closed = co_await both.left.failure();
    EXPECT_EQ(closed, (io_result{0, ECANCELED}));
  };
  this->rt_.block_on(check(this->rt_, watch));
}

TYPED_TEST(Socket, TwoSidesThatHaveFinishedHaveNotFailed) {
  using W = typename TestFixture::in;
  auto const watch = [](typename W::stream& watched) -> task<io_result> {
    auto const failed = co_await watched.failure();
    co_return failed;
  };
  auto const check = [](typename W::loop& rt, auto watching) -> task<void> {
    auto both = co_await W::connected_pair(rt);
    auto told = rt.spawn(watching(both.left));
    auto const wrote = co_await write_all(both.right, bytes_of("last words"));
    EXPECT_TRUE(wrote.ok());
    both.right.shutdown_write();
    both.left.shutdown_write();
    co_await W::yields(rt, 50);
    EXPECT_FALSE(told.is_finished());
    auto const heard = co_await W::read_to_end(both.left);
    EXPECT_EQ(heard, "last words");
    both.left.close();
    auto const closed = co_await told;
    EXPECT_EQ(closed.error, ECANCELED);
  };
  this->rt_.block_on(check(this->rt_, watch));
}

TYPED_TEST(Socket, BytesAreMovedThroughAPipe) {
  using W = typename TestFixture::in;
  auto const check = [](typename W::loop& rt) -> task<void> {
    auto first = co_await W::connected_pair(rt);
    auto second = co_await W::connected_pair(rt);
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    auto const wrote = co_await write_all(first.left, bytes_of("through a pipe"));
    EXPECT_TRUE(wrote.ok());
    auto const moved = co_await first.right.read_to_pipe(ends[1], 1'000);
    EXPECT_EQ(moved, (io_result{14, 0}));
    auto const out = co_await second.left.write_from_pipe(ends[0], 7);
    EXPECT_EQ(out, (io_result{7, 0}));
    auto const rest = co_await second.left.write_from_pipe(ends[0], 7);
    EXPECT_EQ(rest, (io_result{7, 0}));
    first.left.shutdown_write();
    auto const end = co_await first.right.read_to_pipe(ends[1], 1'000);
    EXPECT_TRUE(end.is_end());
    second.left.shutdown_write();
    auto const heard = co_await W::read_to_end(second.right);
    EXPECT_EQ(heard, "through a pipe");
    ::close(ends[0]);
    ::close(ends[1]);
  };
  this->rt_.block_on(check(this->rt_));
}

// What a try learns, that there is nothing, is as good as what a wait learns: and what comes
// afterwards is found all the same.
TYPED_TEST(Socket, AReadThatIsTriedAndDroppedLosesNoEdge) {
  using W = typename TestFixture::in;
  auto const drop = [](typename W::stream& from) {
    std::array<std::byte, 10> unused;
    auto tried = from.read(unused);
    EXPECT_FALSE(tried.await_ready());
  };
  auto const check = [](typename W::loop& rt, auto try_and_drop) -> task<void> {
    auto both = co_await W::connected_pair(rt);
    for (int round = 0; round < 3; ++round) {
      try_and_drop(both.right);
      auto const wrote = co_await write_all(both.left, bytes_of("x"));
      EXPECT_TRUE(wrote.ok());
      std::array<std::byte, 10> target;
      auto const got = co_await W::read_some(both.right, target);
      EXPECT_EQ(got, (io_result{1, 0}));
    }
  };
  this->rt_.block_on(check(this->rt_, drop));
}

TYPED_TEST(Socket, ACancelledReadLosesNoByte) {
  this->rt_.block_on(read_with_impatience<typename TestFixture::in>(this->rt_));
}

template <class W>
task<void> connect_many(typename W::loop& rt, endpoint where, std::vector<typename W::stream>& made,
                        int count) {
  for (int i = 0; i < count; ++i) {
    auto connected = co_await W::connect(rt, where);
    EXPECT_TRUE(connected) << connected.error_text();
    made.push_back(std::move(*connected));
    co_await W::yields(rt, i % 4);
  }
}

template <class W>
task<void> accept_with_impatience(typename W::loop& rt) {
  constexpr int connections = 100;
  auto door = W::listen(rt, endpoint::loopback());
  std::vector<typename W::stream> clients;
  auto connecting = rt.spawn(connect_many<W>(rt, door.local_endpoint(), clients, connections));
  int accepted = 0;
  for (int turn = 0; accepted < connections; ++turn) {
    auto attempt = race(W::accept_one(door), W::yields(rt, turn % 3));
    auto first = co_await std::move(attempt);
    if (first.index() == 0) {
      EXPECT_TRUE(std::get<0>(first)) << std::get<0>(first).error_text();
      ++accepted;
    }
  }
  co_await connecting;
}

TYPED_TEST(Socket, ACancelledAcceptLosesNoConnection) {
  this->rt_.block_on(accept_with_impatience<typename TestFixture::in>(this->rt_));
  EXPECT_FALSE(this->rt_.reactor().has_sources());
}

template <class W>
task<void> cancel_connects(typename W::loop& rt) {
  auto door = W::listen(rt, endpoint::loopback());
  for (int turn = 0; turn < 50; ++turn) {
    std::vector<typename W::stream> made;
    auto attempt = race(connect_many<W>(rt, door.local_endpoint(), made, 1), W::yields(rt, 0));
    co_await std::move(attempt);
  }
}

TYPED_TEST(Socket, ACancelledConnectLeavesNothingBehind) {
  this->rt_.block_on(cancel_connects<typename TestFixture::in>(this->rt_));
  EXPECT_FALSE(this->rt_.reactor().has_sources());
}

// Leaves only so many descriptors to be opened, for a scope.
class descriptor_shortage {
 public:
  explicit descriptor_shortage(rlim_t spare) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    int const lowest_free = ::dup(0);
    ::close(lowest_free);
    rlimit low = before_;
    low.rlim_cur = static_cast<rlim_t>(lowest_free) + spare;
    ::setrlimit(RLIMIT_NOFILE, &low);
  }
  ~descriptor_shortage() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

template <class W>
task<void> run_out_of_descriptors(typename W::loop& rt) {
  auto door = W::listen(rt, endpoint::loopback());
  auto waiting = co_await W::connect(rt, door.local_endpoint());
  EXPECT_TRUE(waiting);
  {
    descriptor_shortage const none_left(0);
    auto const accepted = co_await door.accept();
    EXPECT_EQ(accepted.error(), EMFILE);
    auto const connected = co_await W::connect(rt, door.local_endpoint());
    EXPECT_EQ(connected.error(), EMFILE);
    auto const listening = W::listener::listen(rt.reactor(), endpoint::loopback(), {});
    EXPECT_EQ(listening.error(), EMFILE);
  }
  // The connection is still there, although no new edge tells of it.
  auto const accepted = co_await door.accept();
  EXPECT_TRUE(accepted) << accepted.error_text();
}

TYPED_TEST(Socket, RunningOutOfDescriptorsIsAnAnswerAndPasses) {
  this->rt_.block_on(run_out_of_descriptors<typename TestFixture::in>(this->rt_));
}

TYPED_TEST(Socket, AReactorThatCannotEvenSleepLooksAgainSoon) {
  descriptor_shortage const none_left(0);
  epoll_reactor<TypeParam> starved;
  auto const deadline = clock::now() + std::chrono::microseconds(300);
  starved.sleep_until(deadline, [](work&) {}, [] { return true; });
  EXPECT_GE(clock::now(), deadline);
  EXPECT_EQ(starved.add(0).error(), EMFILE);
}

template <class W>
task<void> read_for_ever(typename W::stream& from, bool& others_ran) {
  std::array<std::byte, 1> one;
  for (u64 reads = 0; !others_ran && reads < 100'000; ++reads) {
    auto const result = co_await from.read(one);
    EXPECT_EQ(result.count, 1u);
  }
}

template <class W>
task<void> share_fairly(typename W::loop& rt) {
  auto both = co_await W::connected_pair(rt);
  auto sending = rt.spawn(send_much<W>(both.left, 100'000));
  co_await W::yields(rt, 10);
  bool others_ran = false;
  auto hog = rt.spawn(read_for_ever<W>(both.right, others_ran));
  co_await rt.yield();
  co_await rt.yield();
  EXPECT_FALSE(hog.is_finished()) << "a socket that is always ready must not keep its worker";
  others_ran = true;
  co_await hog;
  sending.detach();
  both.right.reset();
}

TYPED_TEST(Socket, AReaderThatAlwaysFindsBytesLetsOthersRun) {
  this->rt_.block_on(share_fairly<typename TestFixture::in>(this->rt_));
}

template <class W>
task<void> nothing_to_do(typename W::loop& rt) {
  auto both = co_await W::connected_pair(rt);
  auto const read = co_await both.left.read({});
  EXPECT_EQ(read, (io_result{0, 0}));
  auto const wrote = co_await both.left.write({});
  EXPECT_EQ(wrote, (io_result{0, 0}));
  auto const all = co_await write_all(both.left, {});
  EXPECT_EQ(all, (io_result{0, 0}));
  std::array<std::byte, 4> buffer;
  auto sending = rt.spawn(send_slowly<W>(rt, both.right, 2));
  auto const four = co_await read_exactly(both.left, buffer);
  EXPECT_EQ(four, (io_result{4, 0}));
  auto const two = co_await read_exactly(both.left, buffer);
  EXPECT_EQ(two, (io_result{2, 0})) << "the peer finished after six bytes";
  co_await sending;
}

TYPED_TEST(Socket, EmptySpansAndShortStreamsAreAnswered) {
  this->rt_.block_on(nothing_to_do<typename TestFixture::in>(this->rt_));
}

template <class W>
task<void> hold_and_read(typename W::loop& rt) {
  auto both = co_await W::connected_pair(rt);
  std::array<std::byte, 4> buffer;
  auto reading = rt.spawn(W::read_some(both.left, buffer));
  auto const never = co_await both.right.read(buffer);
  EXPECT_TRUE(never.ok());
}

TYPED_TEST(Socket, ARuntimeMayBeDestroyedWhileItsTasksWait) {
  using W = typename TestFixture::in;
  auto rt = std::make_unique<typename W::loop>();
  rt->spawn(hold_and_read<W>(*rt)).detach();
  rt->block_on(W::yields(*rt, 50));
  EXPECT_TRUE(rt->reactor().has_sources());
}

// From here on: several threads.

using many = world<many_threads>;

task<void> echo_until_end(many::stream& peer) {
  std::array<std::byte, 64> buffer;
  for (;;) {
    auto const [count, error] = co_await peer.read(buffer);
    if (count == 0) co_return;
    auto const wrote = co_await write_all(peer, std::span(buffer).first(count));
    EXPECT_TRUE(wrote.ok());
  }
}

task<void> serve_one(many::listener& door) {
  auto accepted = co_await door.accept();
  EXPECT_TRUE(accepted);
  co_await echo_until_end(*accepted);
}

task<void> ask(many::loop& reactors_home, endpoint where, int rounds) {
  auto connected = co_await many::connect(reactors_home, where);
  EXPECT_TRUE(connected);
  for (int round = 0; round < rounds; ++round) {
    std::array<std::byte, 16> question;
    question.fill(static_cast<std::byte>(round));
    auto const wrote = co_await write_all(*connected, question);
    EXPECT_TRUE(wrote.ok());
    std::array<std::byte, 16> answer{};
    auto const read = co_await read_exactly(*connected, answer);
    EXPECT_EQ(read.count, answer.size());
    EXPECT_EQ(answer, question);
  }
}

TEST(SocketThreads, ATaskMayWaitOnASocketOfAnotherThreadsReactor) {
  many::loop home;
  auto door = many::listen(home, endpoint::loopback());
  std::atomic<bool> done{false};
  std::thread guest([&] {
    many::loop away;
    // Its socket belongs to the reactor that the main thread polls.
    away.block_on(ask(home, door.local_endpoint(), 300));
    done.store(true);
  });
  home.block_on(serve_one(door));
  while (!done.load()) home.block_on(many::yields(home, 1));
  guest.join();
}

task<void> read_until_closed(many::stream& from, std::atomic<bool>& is_reading) {
  std::array<std::byte, 4> buffer;
  for (;;) {
    is_reading.store(true);
    auto const [count, error] = co_await from.read(buffer);
    if (error == ECANCELED) co_return;
    EXPECT_EQ(count, 1u);
  }
}

TEST(SocketThreads, ClosingFromAnotherThreadMeetsAReaderWhereverItIs) {
  many::loop home;
  for (int turn = 0; turn < 200; ++turn) {
    std::array<int, 2> ends;
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    {
      auto stream = many::stream::adopt(home.reactor(), ends[0]);
      ASSERT_TRUE(stream);
      std::atomic<bool> is_reading{false};
      std::thread closer([&] {
        while (!is_reading.load()) std::this_thread::yield();
        if (turn % 2 == 0) {
          EXPECT_EQ(::write(ends[1], "x", 1), 1);
        }
        stream->close();
      });
      home.block_on(read_until_closed(*stream, is_reading));
      closer.join();
    }
    ::close(ends[1]);
    EXPECT_FALSE(home.reactor().has_sources());
  }
}

}  // namespace
}  // namespace regatta::core
