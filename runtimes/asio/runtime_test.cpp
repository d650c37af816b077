// Of one variant, REGATTA_ASIO_VARIANT: what the laws do not ask for.
#include "runtimes/asio/runtime.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/race.hpp"

namespace regatta::runtimes::asio {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::Not;
using tested = REGATTA_ASIO_VARIANT;
constexpr bool is_uring = std::is_same_v<tested, io_uring>;

// What the descriptors of this process are, as the kernel names them.
std::set<std::string> descriptors() {
  std::set<std::string> names;
  for (auto const& one : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    names.insert(std::filesystem::read_symlink(one.path(), gone).string());
  }
  return names;
}

task<std::thread::id> where_it_runs(tested& rt) {
  co_await rt.yield();
  co_return std::this_thread::get_id();
}
task<bool> any_runs_on(tested& rt, std::thread::id thread) {
  bool found = std::this_thread::get_id() == thread;
  for (int round = 0; round < 50; ++round) {
    auto tasks = spawn_n(rt, 20, [&](u64) { return where_it_runs(rt); });
    auto const threads = co_await join_all(std::move(tasks));
    found = found || std::ranges::find(threads, thread) != threads.end();
  }
  co_return found;
}

TEST(Asio, TheThreadInBlockOnRunsTasksOnlyWhereItDrives) {
  tested rt;
  constexpr bool only_waits = std::is_same_v<tested, thread_pool>;
  EXPECT_EQ(rt.block_on(any_runs_on(rt, std::this_thread::get_id())), !only_waits);
}

struct pair_of_streams {
  tested::stream client;
  tested::stream server;
};
task<pair_of_streams> connected(tested& rt) {
  auto door = rt.listen(endpoint::loopback());
  auto client = co_await rt.connect(door->local_endpoint());
  auto server = co_await door->accept();
  co_return pair_of_streams{std::move(*client), std::move(*server)};
}
task<io_result> read_some(tested::stream& from, std::span<std::byte> target) {
  co_return co_await from.read(target);
}
task<void> sleep(tested& rt, duration how_long) { co_await rt.sleep_for(how_long); }
task<void> yields(tested& rt, int times) {
  for (int i = 0; i < times; ++i) co_await rt.yield();
}

task<std::set<std::string>> names_while_it_reads(tested& rt) {
  auto both = co_await connected(rt);
  std::array<std::byte, 1> target;
  auto const first = co_await race(read_some(both.server, target), sleep(rt, 1ms));
  EXPECT_EQ(first.index(), 1u);
  co_return descriptors();
}

TEST(Asio, WaitsWithWhatItSaysItWaitsWith) {
  tested rt;
  auto const names = rt.block_on(names_while_it_reads(rt));
  constexpr char const* ring = "anon_inode:[io_uring]";
  constexpr char const* epoll = "anon_inode:[eventpoll]";
  EXPECT_EQ(tested::info().io, is_uring ? "io_uring" : "epoll");
  EXPECT_THAT(names, Contains(is_uring ? ring : epoll));
  EXPECT_THAT(names, Not(Contains(is_uring ? epoll : ring)));
}

task<void> reads_after_the_end(tested& rt) {
  auto both = co_await connected(rt);
  both.client.shutdown_write();
  std::array<std::byte, 4> target;
  for (int round = 0; round < 3; ++round) {
    auto const end = co_await both.server.read(target);
    EXPECT_TRUE(end.is_end());
    auto const still = co_await both.server.readable();
    EXPECT_TRUE(still.ok());
  }
}

TEST(Asio, AnEndStaysAnEndHoweverOftenOneReads) {
  tested rt;
  rt.block_on(reads_after_the_end(rt));
}

// The read wins its bytes and loses the race, in whatever moment between the two.
task<void> losers_give_back(tested& rt) {
  auto both = co_await connected(rt);
  std::array<std::byte, 8> target;
  u64 read = 0;
  for (u64 round = 0; read < 500; ++round) {
    std::array<std::byte, 1> const message{std::byte(round)};
    if (round < 500) {
      auto const sent = co_await write_all(both.client, message);
      EXPECT_TRUE(sent.ok());
    }
    auto const first =
        co_await race(read_some(both.server, target), yields(rt, static_cast<int>(round % 5)));
    if (first.index() != 0) continue;
    auto const got = std::get<0>(first);
    for (std::size_t i = 0; i < got.count; ++i) EXPECT_EQ(target[i], std::byte(read + i));
    read += got.count;
  }
  EXPECT_EQ(read, 500u);
}

TEST(Asio, AReadThatLosesARaceGivesBackWhatItHasRead) {
  tested rt;
  rt.block_on(losers_give_back(rt));
}

task<int> write_until_it_fails(tested& rt) {
  auto both = co_await connected(rt);
  both.server.reset();
  std::array<std::byte, 1'000> const message{};
  for (;;) {
    auto const sent = co_await write_all(both.client, message);
    if (!sent.ok()) co_return sent.error;
    co_await rt.yield();
  }
}

TEST(Asio, WritingToAPeerThatIsGoneIsAnErrorAndNoSignal) {
  tested rt;
  EXPECT_THAT(rt.block_on(write_until_it_fails(rt)), testing::AnyOf(EPIPE, ECONNRESET));
}

// The new socket has the old one's descriptor, and what Asio kept for it.
task<bool> a_new_socket_reads_its_own(tested& rt) {
  auto old = co_await connected(rt);
  auto door = rt.listen(endpoint::loopback());  // Has the descriptor that connected() left free.
  std::array<std::byte, 1> of_old{};
  auto reader = rt.spawn(read_some(old.client, of_old));
  co_await rt.sleep_for(1ms);  // Enough, nearly always, for the read to be under way.
  old.client.close();
  auto client = co_await rt.connect(door->local_endpoint());
  auto server = co_await door->accept();
  std::array<std::byte, 1> const message{std::byte(7)};
  auto const sent = co_await write_all(*server, message);
  EXPECT_TRUE(sent.ok());
  std::array<std::byte, 1> target{};
  auto const first = co_await race(read_some(*client, target), sleep(rt, 5s));
  auto const ended = co_await std::move(reader);
  EXPECT_EQ(ended.error, ECANCELED);
  co_return first.index() == 0 && target == message;
}

TEST(Asio, AReadOnAClosedSocketTakesNothingFromTheNextOne) {
  tested rt;
  EXPECT_TRUE(rt.block_on(a_new_socket_reads_its_own(rt)));
}

task<bool> reads_on_while_others_close(tested& rt) {
  auto lasting = co_await connected(rt);
  std::array<std::byte, 1> const message{std::byte(7)};
  std::array<std::byte, 1> target{};
  for (int i = 0; i < 20'000; ++i) {  // More than a ring has entries: each has been used.
    auto const sent = co_await write_all(lasting.client, message);
    auto const got = co_await lasting.server.read(target);
    EXPECT_EQ(sent.count, got.count);
  }
  auto reader = rt.spawn(read_some(lasting.server, target));
  for (int i = 0; i < 100; ++i) {
    auto other = co_await connected(rt);
    std::array<std::byte, 1> of_other{};
    auto doomed = rt.spawn(read_some(other.client, of_other));
    // Rounds of unlike lengths, so that closing uses the entries of reads and of writes.
    if (i % 2 != 0) {
      auto const unread = co_await write_all(other.client, message);
      EXPECT_TRUE(unread.ok());
    }
    for (int turn = 0; turn < 3; ++turn) co_await rt.yield();
    other.client.close();
    auto const ended = co_await std::move(doomed);
    EXPECT_EQ(ended.error, ECANCELED);
  }
  auto const sent = co_await write_all(lasting.client, message);
  auto const got = co_await std::move(reader);
  co_return sent.ok() && got.count == 1;
}

TEST(Asio, ClosingASocketEndsNoReadOfAnother) {
  tested rt;
  EXPECT_TRUE(rt.block_on(reads_on_while_others_close(rt)));
}

// From here on the kernel answers EPERM to this process when it asks for a ring.
void refuse_rings() {
  std::array<sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  sock_fprog const filter{static_cast<unsigned short>(program.size()), program.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

TEST(AsioDeathTest, AKernelThatRefusesRingsIsSaidToDoSo) {
  if (!is_uring) GTEST_SKIP() << "this variant needs no ring";
  auto const try_it = [] {
    refuse_rings();
    try {
      tested const rt;
    } catch (runtime_unsupported const& error) {
      std::cerr << error.what() << std::endl;
      ::_exit(7);
    }
    ::_exit(0);
  };
  EXPECT_EXIT(try_it(), testing::ExitedWithCode(7), "the kernel refuses Asio its io_uring: ");
}

}  // namespace
}  // namespace regatta::runtimes::asio
