// What the simulated sockets owe: the same as real ones, with every seed.
#include "runtimes/simulated/network.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/time.hpp"
#include "runtimes/simulated/runtime.hpp"
#include "runtimes/simulated/search.hpp"

namespace regatta::runtimes::simulated {
namespace {

using namespace std::chrono_literals;
using bytes = std::vector<std::byte>;

// Says what is not as it should be.
class findings {
 public:
  template <class A, class B>
  void expect_equal(A const& is, B const& should_be, char const* what) {
    if (!(is == should_be)) text_ += std::string(what) + "; ";
  }
  void expect(bool is_so, char const* what) { expect_equal(is_so, true, what); }
  std::string text() const { return text_; }

 private:
  std::string text_;
};

struct pair_of_streams {
  stream left;
  stream right;
};
task<stream> accept_one(listener& door) {
  auto accepted = co_await door.accept();
  co_return *std::move(accepted);
}
task<pair_of_streams> connected(runtime& rt) {
  auto door = rt.listen(endpoint::loopback());
  auto accepting = rt.spawn(accept_one(*door));
  auto left = co_await rt.connect(door->local_endpoint());
  auto right = co_await accepting;
  co_return pair_of_streams{*std::move(left), std::move(right)};
}
bytes pattern(std::size_t size) {
  bytes made(size);
  for (std::size_t i = 0; i < size; ++i) made[i] = static_cast<std::byte>(i * 7 + i / 256);
  return made;
}
task<io_result> write_some(stream& to, std::size_t size) {
  bytes const source(size);
  co_return co_await to.write(source);
}
task<io_result> read_one(stream& from) {
  std::array<std::byte, 1> target;
  co_return co_await from.read(target);
}
task<int> send_and_finish(stream& to, bytes source) {
  auto const sent = co_await write_all(to, source);
  if (sent.ok()) to.shutdown_write();
  co_return sent.error;
}
// All until the end, or until an error, which it answers.
task<std::pair<bytes, int>> receive(stream& from) {
  bytes received;
  std::array<std::byte, 700> part;
  for (;;) {
    auto const got = co_await from.read(part);
    received.insert(received.end(), part.begin(),
                    part.begin() + static_cast<std::ptrdiff_t>(got.count));
    if (got.count == 0) co_return std::pair(std::move(received), got.error);
  }
}

void expect_with_every_seed(auto program, conditions how = {}) {
  auto const found = first_failure(program, how);
  EXPECT_FALSE(found) << found->text();
}

TEST(SimulatedNetwork, BytesArriveInOrderBothWaysThroughSmallWindows) {
  expect_with_every_seed(
      [](runtime& rt) -> task<std::string> {
        findings found;
        auto links = co_await connected(rt);
        auto const there = pattern(3'000);
        auto const back = pattern(2'000);
        auto sending = rt.spawn(send_and_finish(links.left, there));
        auto answering = rt.spawn(send_and_finish(links.right, back));
        auto receiving = rt.spawn(receive(links.right));
        auto const got_back = co_await receive(links.left);
        auto const got_there = co_await receiving;
        found.expect_equal(got_there, std::pair(there, 0), "what went there is not what came");
        found.expect_equal(got_back, std::pair(back, 0), "what went back is not what came");
        co_await sending;
        co_await answering;
        co_return found.text();
      },
      {.smallest_window = 1, .largest_window = 500});
}

TEST(SimulatedNetwork, AWriterWaitsForItsReader) {
  expect_with_every_seed(
      [](runtime& rt) -> task<std::string> {
        findings found;
        auto links = co_await connected(rt);
        std::size_t written = 0;
        auto const write_for_ever = [](stream& to, std::size_t& count) -> task<void> {
          bytes const piece(64);
          for (;;) {
            auto const put = co_await to.write(piece);
            count += put.count;
          }
        };
        auto patient = timeout(rt, 50ms, write_for_ever(links.left, written));
        co_await patient;
        found.expect_equal(written, 1'000u, "the writer went beyond the window, or stopped before");
        bytes target(100);
        auto const got = co_await links.right.read(target);
        found.expect(got.count > 0, "what was written does not arrive");
        auto const writable = co_await links.left.writable();
        found.expect(writable.ok(), "there is room again");
        co_return found.text();
      },
      {.smallest_window = 1'000, .largest_window = 1'000});
}

TEST(SimulatedNetwork, AResetIsToldOnceAndThenThePipeIsBroken) {
  expect_with_every_seed([](runtime& rt) -> task<std::string> {
    findings found;
    auto links = co_await connected(rt);
    auto reading = rt.spawn(read_one(links.right));
    co_await rt.yield();
    links.left.reset();
    auto const told = co_await reading;
    found.expect_equal(told, (io_result{0, ECONNRESET}), "the reader is not told");
    auto const after = co_await read_one(links.right);
    found.expect_equal(after, (io_result{0, 0}), "the error is told twice");
    auto const put = co_await write_some(links.right, 10);
    found.expect_equal(put, (io_result{0, EPIPE}), "the pipe is not broken");
    found.expect_equal(links.right.shutdown_write(), ENOTCONN, "it is still connected");
    found.expect_equal(links.left.native_handle(), -1, "who has reset has closed");
    co_return found.text();
  });
}

TEST(SimulatedNetwork, WhoClosesWithoutHavingReadResets) {
  expect_with_every_seed([](runtime& rt) -> task<std::string> {
    findings found;
    auto links = co_await connected(rt);
    auto const put = co_await write_some(links.left, 10);
    found.expect(put.ok(), "there is room");
    auto const readable = co_await links.right.readable();
    found.expect(readable.ok(), "it has come");
    links.right.close();
    auto const told = co_await read_one(links.left);
    found.expect_equal(told, (io_result{0, ECONNRESET}), "the writer is not told");
    co_return found.text();
  });
}

TEST(SimulatedNetwork, WhoWritesToAClosedStreamIsTold) {
  expect_with_every_seed([](runtime& rt) -> task<std::string> {
    auto links = co_await connected(rt);
    links.right.close();
    for (int attempt = 0; attempt < 100; ++attempt) {
      auto const put = co_await write_some(links.left, 10);
      if (put.error == ECONNRESET || put.error == EPIPE) co_return "";
      co_await sleep_for(rt, 1ms);
    }
    co_return "nobody was told";
  });
}

TEST(SimulatedNetwork, ARefusedConnectionIsAnError) {
  expect_with_every_seed([](runtime& rt) -> task<std::string> {
    findings found;
    auto door = rt.listen(endpoint::loopback());
    auto const where = door->local_endpoint();
    auto const again = rt.listen(where);
    found.expect_equal(again.error(), EADDRINUSE, "two listen on one port");
    door->close();
    auto const refused = co_await rt.connect(where);
    found.expect_equal(refused.error(), ECONNREFUSED, "nobody listens");
    co_return found.text();
  });
}

task<int> connect_and_wait(runtime& rt, endpoint where) {
  auto made = co_await rt.connect(where);
  if (!made) co_return made.error();
  auto const end = co_await read_one(*made);
  co_return end.error;
}

TEST(SimulatedNetwork, AFullBacklogKeepsOthersWaitingAndAClosedDoorResetsThem) {
  expect_with_every_seed([](runtime& rt) -> task<std::string> {
    findings found;
    auto door = rt.listen(endpoint::loopback(), {.backlog = 2});
    auto const where = door->local_endpoint();
    auto all = spawn_n(rt, 5, [&](u64) { return connect_and_wait(rt, where); });
    co_await sleep_for(rt, 20ms);
    door->close();
    auto const errors = co_await join_all(std::move(all));
    found.expect_equal(std::ranges::count(errors, ECONNRESET), 2, "two had come");
    found.expect_equal(std::ranges::count(errors, ECONNREFUSED), 3, "three had not");
    co_return found.text();
  });
}

TEST(SimulatedNetwork, ACancelledConnectLeavesNobodyBehind) {
  expect_with_every_seed([](runtime& rt) -> task<std::string> {
    auto door = rt.listen(endpoint::loopback());
    auto const where = door->local_endpoint();
    auto impatient = timeout(rt, 30us, connect_and_wait(rt, where));
    auto const answered = co_await impatient;
    if (answered) co_return "nobody has closed it";
    auto patient = timeout(rt, 1s, accept_one(*door));
    auto accepted = co_await patient;
    if (!accepted) co_return "";
    auto const end = co_await read_one(*accepted);
    co_return end.is_end() ? "" : "the attempt did not end";
  });
}

TEST(SimulatedNetwork, AShortageOfDescriptorsLosesNoConnection) {
  expect_with_every_seed(
      [](runtime& rt) -> task<std::string> {
        auto door = rt.listen(endpoint::loopback());
        auto const where = door->local_endpoint();
        auto all = spawn_n(rt, 5, [&](u64) { return connect_and_wait(rt, where); });
        for (int accepted = 0; accepted < 5;) {
          auto peer = co_await door->accept();
          if (!peer && peer.error() != EMFILE) co_return "another error";
          if (peer) ++accepted;
        }
        co_await join_all(std::move(all));
        co_return "";
      },
      {.shortages_per_million = 300'000});
}

TEST(SimulatedNetwork, NoByteThatArrivesIsWrongWhereTheNetworkResets) {
  u64 resets = 0;
  auto const program = [](runtime& rt, u64& count) -> task<std::string> {
    findings found;
    auto links = co_await connected(rt);
    auto const whole = pattern(5'000);
    auto sending = rt.spawn(send_and_finish(links.left, whole));
    auto const [received, error] = co_await receive(links.right);
    auto const sender_error = co_await sending;
    found.expect(std::equal(received.begin(), received.end(), whole.begin()), "a byte is wrong");
    found.expect(error != 0 || received == whole, "an end came before the end");
    found.expect(error == 0 || error == ECONNRESET, "another error");
    found.expect(sender_error == 0 || sender_error == ECONNRESET || sender_error == EPIPE,
                 "the sender got another error");
    count += error != 0;
    co_return found.text();
  };
  expect_with_every_seed(
      [&](runtime& rt) { return program(rt, resets); },
      {.smallest_window = 100, .largest_window = 500, .resets_per_million = 10'000});
  EXPECT_GT(resets, 0u);
}

TEST(SimulatedNetwork, AddressesLeadWhereTheySay) {
  runtime rt;
  auto const path = *endpoint::unix_path("@somewhere");
  auto const reach = [](runtime& on, endpoint where) -> task<int> {
    auto made = co_await on.connect(where);
    co_return made.error();
  };
  EXPECT_EQ(rt.block_on(reach(rt, path)), ECONNREFUSED);
  auto local = rt.listen(path);
  auto everywhere = rt.listen(endpoint());
  auto const port = everywhere->local_endpoint().port();
  EXPECT_EQ(rt.block_on(reach(rt, path)), 0);
  EXPECT_EQ(rt.block_on(reach(rt, endpoint::loopback(port))), 0);
  EXPECT_EQ(rt.block_on(reach(rt, endpoint::loopback_v6(port))), ECONNREFUSED);
  EXPECT_EQ(rt.listen(endpoint::loopback(port)).error(), EADDRINUSE);
  auto first = rt.listen(endpoint::loopback(80), {.reuse_port = true});
  EXPECT_TRUE(rt.listen(endpoint::loopback(80), {.reuse_port = true}));
  EXPECT_EQ(rt.listen(endpoint::loopback(80)).error(), EADDRINUSE);
}

}  // namespace
}  // namespace regatta::runtimes::simulated
