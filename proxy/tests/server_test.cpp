// What a server promises, on runtimes of ours that have sockets: limits, timeouts, several
// upstreams, counts, and its end.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/echo.hpp"
#include "proxy/server.hpp"
#include "proxy/tests/refusing_port.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/lightweight/runtime.hpp"
#include "runtimes/single_threaded/runtime.hpp"
#include "runtimes/work_stealing/runtime.hpp"

namespace regatta::proxy {
namespace {

using namespace std::chrono_literals;

std::size_t open_descriptors() {
  auto const all = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

u64 sum_of_ends(counts const& c) {
  return c.completed + c.unreachable + c.broken + c.timed_out + c.shut_down;
}

// How many there are now, and how many there ever were at once.
struct gauge {
  std::atomic<int> now{0};
  std::atomic<int> most{0};

  void enter() {
    int const reached = ++now;
    int seen = most.load();
    while (seen < reached && !most.compare_exchange_weak(seen, reached)) {
    }
  }
  void leave() { --now; }
};

template <net_runtime R>
struct on {
  using stream = typename R::stream;
  using listener = typename R::listener;

  static task<void> sleep(R& rt, duration how_long) {
    co_await rt.sleep_until(clock::now() + how_long);
  }
  static task<io_result> read_once(stream& from) {
    std::array<std::byte, 256> buffer;
    auto const got = co_await from.read(buffer);
    co_return got;
  }
  // A message of `size` bytes there and back.
  static task<bool> ask(stream& server, std::size_t size = 10) {
    std::vector<std::byte> const message(size, std::byte{42});
    std::vector<std::byte> echoed(size);
    auto const put = co_await write_all(server, message);
    if (put.error != 0) co_return false;
    auto const got = co_await read_exactly(server, echoed);
    co_return got.count == size&& echoed == message;
  }
  // Until `is_so()`; fails after 10 s.
  template <class Condition>
  static task<bool> wait_until(R& rt, Condition is_so) {
    for (auto const begin = clock::now(); clock::now() - begin < 10s;) {
      if (is_so()) co_return true;
      co_await sleep(rt, 1ms);
    }
    co_return false;
  }

  // An echo server, and where it is.
  struct echo_server {
    explicit echo_server(R& rt) : echo_server(rt, endpoint::loopback()) {}
    echo_server(R& rt, endpoint at)
        : door(std::move(*rt.listen(at))),
          where(door.local_endpoint()),
          serving(rt.spawn(serve_echo(rt, door, 4'096))) {}
    task<u64> stop() {
      door.close();
      co_return co_await serving;
    }

    listener door;
    endpoint where;
    joiner<u64> serving;
  };

  static std::vector<listener> listen(R& rt, std::size_t doors) {
    std::vector<listener> opened;
    for (std::size_t i = 0; i < doors; ++i) {
      opened.push_back(std::move(*rt.listen(endpoint::loopback())));
    }
    return opened;
  }

  // Where connecting takes for ever: the backlog is full, and nobody accepts.
  struct dead_end {
    explicit dead_end(R& rt) : door(std::move(*rt.listen(endpoint::loopback(), {.backlog = 0}))) {}
    // Only when this has ended.
    static task<void> fill(R& rt, dead_end& end) {
      for (int i = 0; i < 3; ++i) {
        auto first = race(connect_to(rt, end.where()), sleep(rt, 20ms));
        auto won = co_await first;
        if (won.index() == 0) end.waiting.push_back(std::get<0>(std::move(won)));
      }
    }
    static task<io_expected<stream>> connect_to(R& rt, endpoint where) {
      auto connected = co_await rt.connect(where);
      co_return std::move(connected);
    }
    endpoint where() const { return door.local_endpoint(); }
    listener door;
    std::vector<io_expected<stream>> waiting;
  };

  // --- Limits ---

  static task<bool> ask_and_stay(R& rt, endpoint where, gauge& served) {
    auto server = co_await rt.connect(where);
    if (!server) co_return false;
    auto const is_answered = co_await ask(*server);
    if (!is_answered) co_return false;
    // Whoever has been answered and has not left is being served.
    served.enter();
    co_await sleep(rt, 1ms);
    served.leave();
    server->close();
    co_return true;
  }

  static task<void> limit_by_waiting(R& rt) {
    echo_server echo(rt);
    server<R> middle(rt, listen(rt, 3), {.upstreams = {echo.where.text()}, .most_connections = 5});
    auto serving = rt.spawn(middle.serve());
    gauge served;
    auto asking = spawn_n(
        rt, 120, [&](u64 i) { return ask_and_stay(rt, middle.local_endpoint(i % 3), served); });
    u64 most_active = 0;
    while (!asking.back().is_finished()) {
      most_active = std::max(most_active, middle.counts().active);
      co_await rt.yield();
    }
    auto const answers = co_await join_all(std::move(asking));
    for (bool const was_served : answers) EXPECT_TRUE(was_served);
    EXPECT_LE(served.most, 5);
    EXPECT_LE(most_active, 5u);
    EXPECT_GT(served.most, 1);
    middle.stop();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.accepted, 120u);
    EXPECT_EQ(ended.counts.completed, 120u);
    EXPECT_EQ(ended.counts.refused, 0u);
    co_await echo.stop();
  }

  // All of the limit through one door, while the acceptors at the others wait as well.
  static task<void> limit_with_quiet_doors(R& rt) {
    echo_server echo(rt);
    server<R> middle(rt, listen(rt, 4), {.upstreams = {echo.where.text()}, .most_connections = 2});
    auto serving = rt.spawn(middle.serve());
    auto const busy = middle.local_endpoint(2);
    auto first = co_await rt.connect(busy);
    auto second = co_await rt.connect(busy);
    bool const is_first_served = co_await ask(*first);
    bool const is_second_served = co_await ask(*second);
    EXPECT_TRUE(is_first_served && is_second_served);
    std::vector<io_expected<stream>> others;
    std::vector<joiner<bool>> asking;
    for (std::size_t door = 0; door < 4; ++door) {
      others.push_back(co_await rt.connect(middle.local_endpoint(door)));
    }
    for (auto& other : others) asking.push_back(rt.spawn(ask_and_finish(*other)));
    co_await sleep(rt, 10ms);
    for (auto const& other : asking) EXPECT_FALSE(other.is_finished());
    EXPECT_EQ(middle.counts().active, 2u);
    EXPECT_EQ(middle.counts().accepted, 2u);
    first->close();
    auto const answers = co_await join_all(std::move(asking));
    for (bool const was_served : answers) EXPECT_TRUE(was_served);
    second->close();
    middle.stop();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.completed, 6u);
    co_await echo.stop();
  }
  static task<bool> ask_and_finish(stream& server) {
    bool const is_answered = co_await ask(server);
    server.close();
    co_return is_answered;
  }

  static task<void> limit_by_reset(R& rt) {
    echo_server echo(rt);
    server<R> middle(
        rt, listen(rt, 2),
        {.upstreams = {echo.where.text()}, .most_connections = 3, .beyond = over_limit::reset});
    auto serving = rt.spawn(middle.serve());
    std::vector<io_expected<stream>> clients;
    for (std::size_t i = 0; i < 20; ++i) {
      clients.push_back(co_await rt.connect(middle.local_endpoint(i % 2)));
    }
    auto waiting_for_it = wait_until(rt, [&] { return middle.counts().refused == 17; });
    bool const are_refused = co_await waiting_for_it;
    EXPECT_TRUE(are_refused);
    int served = 0;
    for (auto& client : clients) {
      // The reset may come before the client has noticed that it is connected.
      if (!client) {
        EXPECT_EQ(client.error(), ECONNRESET);
        continue;
      }
      // To whoever was reset writing is an error from the beginning.
      auto const put = co_await write_all(*client, bytes_of("hello"));
      if (put.error != 0) {
        EXPECT_TRUE(put.error == ECONNRESET || put.error == EPIPE) << put.error;
        continue;
      }
      auto const got = co_await read_once(*client);
      EXPECT_EQ(got.count, 5u);
      ++served;
    }
    EXPECT_EQ(served, 3);
    EXPECT_EQ(middle.counts().active, 3u);
    EXPECT_EQ(middle.counts().accepted, 3u);
    EXPECT_EQ(middle.counts().refused, 17u);
    clients.clear();
    middle.stop();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.active, 0u);
    co_await echo.stop();
  }

  // More clients than there are descriptors for. Upstreams that are connected but not accepted cost
  // none, so all are the proxy's.
  static task<void> few_descriptors(R& rt) {
    auto upstream = rt.listen(endpoint::loopback());
    server<R> middle(rt, listen(rt, 1),
                     {.upstreams = {upstream->local_endpoint().text()}, .idle_timeout = 50ms});
    std::vector<io_expected<stream>> clients;
    for (std::size_t i = 0; i < 60; ++i) {
      clients.push_back(co_await rt.connect(middle.local_endpoint()));
      auto const put = co_await write_all(*clients.back(), bytes_of("0123456789"));
      EXPECT_EQ(put.error, 0);
    }
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    int const lowest_free = ::dup(0);
    ::close(lowest_free);
    rlimit low = before;
    low.rlim_cur = static_cast<rlim_t>(lowest_free) + 31;
    ::setrlimit(RLIMIT_NOFILE, &low);
    auto serving = rt.spawn(middle.serve());
    auto const begin = clock::now();
    auto waiting_for_it = wait_until(rt, [&] { return middle.counts().timed_out == 60; });
    bool const are_served = co_await waiting_for_it;
    EXPECT_TRUE(are_served);
    auto const took = clock::now() - begin;
    ::setrlimit(RLIMIT_NOFILE, &before);
    middle.stop();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.timed_out, 60u);
    EXPECT_EQ(ended.counts.bytes_up, 600u) << "whoever was accepted had an upstream";
    EXPECT_GE(ended.counts.shortages, 1u);
    EXPECT_LE(ended.counts.shortages, static_cast<u64>(took / 10ms) + 1) << "it spins";
    EXPECT_EQ(middle.upstreams()[0].failures, 0u);
  }

  // --- Timeouts ---

  static task<void> idle_timeout(R& rt) {
    echo_server echo(rt);
    server<R> middle(rt, listen(rt, 1), {.upstreams = {echo.where.text()}, .idle_timeout = 150ms});
    auto serving = rt.spawn(middle.serve());
    auto silent = co_await rt.connect(middle.local_endpoint());
    auto busy = co_await rt.connect(middle.local_endpoint());
    auto const begin = clock::now();
    bool const was_served = co_await ask(*silent);
    EXPECT_TRUE(was_served);
    auto waiting = rt.spawn(read_once(*silent));
    while (!waiting.is_finished() && clock::now() - begin < 10s) {
      bool const is_served = co_await ask(*busy);
      EXPECT_TRUE(is_served);
      co_await sleep(rt, 10ms);
    }
    EXPECT_GE(clock::now() - begin, 150ms);
    auto const told = co_await waiting;
    EXPECT_EQ(told.error, ECONNRESET);
    bool const is_served = co_await ask(*busy);
    EXPECT_TRUE(is_served);
    EXPECT_EQ(middle.counts().timed_out, 1u);
    EXPECT_EQ(middle.counts().active, 1u);
    busy->close();
    middle.stop();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.completed, 1u);
    co_await echo.stop();
  }

  // Sends for as long as it can, and reads nothing.
  static task<int> flood(stream& to) {
    std::vector<std::byte> const piece(64 * 1024);
    for (;;) {
      auto const put = co_await to.write(piece);
      if (put.error != 0) co_return put.error;
    }
  }
  static task<u64> read_slowly(R& rt, stream& from, duration how_long) {
    std::vector<std::byte> piece(256 * 1024);
    u64 sum = 0;
    for (auto const begin = clock::now(); clock::now() - begin < how_long;) {
      auto const got = co_await from.read(piece);
      EXPECT_EQ(got.error, 0);
      if (got.error != 0) break;
      sum += got.count;
      co_await sleep(rt, 5ms);
    }
    co_return sum;
  }
  static task<void> stall_timeout(R& rt) {
    auto upstream = rt.listen(endpoint::loopback());
    server<R> middle(rt, listen(rt, 1),
                     {.upstreams = {upstream->local_endpoint().text()}, .stall_timeout = 200ms});
    auto serving = rt.spawn(middle.serve());
    auto client = co_await rt.connect(middle.local_endpoint());
    auto source = co_await upstream->accept();
    auto flooding = rt.spawn(flood(*source));
    // Slow is not stalled.
    auto reading = read_slowly(rt, *client, 500ms);
    auto const got = co_await reading;
    EXPECT_GT(got, 0u);
    EXPECT_EQ(middle.counts().timed_out, 0u);
    // It may have begun before: a writer goes on only when a good part of the buffer is free.
    auto const told = co_await flooding;
    EXPECT_TRUE(told == ECONNRESET || told == EPIPE) << told;
    auto waiting_for_it = wait_until(rt, [&] { return middle.counts().timed_out == 1; });
    bool const is_counted = co_await waiting_for_it;
    EXPECT_TRUE(is_counted);
    middle.stop();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.active, 0u);
  }

  static task<void> connect_timeout(R& rt) {
    dead_end upstream(rt);
    co_await dead_end::fill(rt, upstream);
    server<R> middle(rt, listen(rt, 1),
                     {.upstreams = {upstream.where().text()}, .connect_timeout = 100ms});
    auto serving = rt.spawn(middle.serve());
    auto const begin = clock::now();
    auto client = co_await rt.connect(middle.local_endpoint());
    auto const told = co_await read_once(*client);
    EXPECT_EQ(told.error, ECONNRESET);
    EXPECT_GE(clock::now() - begin, 100ms);
    EXPECT_LT(clock::now() - begin, 2s);
    auto waiting_for_it = wait_until(rt, [&] { return middle.counts().unreachable == 1; });
    bool const is_counted = co_await waiting_for_it;
    EXPECT_TRUE(is_counted);
    EXPECT_EQ(middle.upstreams()[0].failures, 1u);
    EXPECT_EQ(middle.upstreams()[0].connections, 0u);
    middle.stop();
    co_await serving;
  }

  // A Unix socket with a full backlog answers EAGAIN at once.
  static task<void> full_unix_socket(R& rt) {
    auto const path = *endpoint::parse("unix:@regatta-server-test-" + std::to_string(::getpid()));
    auto door = rt.listen(path, {.backlog = 0});
    auto filling = co_await rt.connect(path);
    server<R> middle(rt, listen(rt, 1), {.upstreams = {path.text()}});
    auto serving = rt.spawn(middle.serve());
    auto client = co_await rt.connect(middle.local_endpoint());
    co_await sleep(rt, 30ms);
    EXPECT_EQ(middle.counts().active, 1u);
    auto room = co_await door->accept();
    auto there = co_await door->accept();
    auto const put = co_await write_all(*there, bytes_of("hello"));
    EXPECT_EQ(put.error, 0);
    auto const got = co_await read_once(*client);
    EXPECT_EQ(got.count, 5u);
    there->close();
    client->close();
    middle.stop();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.completed, 1u);
    EXPECT_EQ(middle.upstreams()[0].failures, 0u);
  }

  // --- Upstreams ---

  static task<u64> ask_one_after_another(R& rt, endpoint where, u64 times) {
    u64 served = 0;
    for (u64 i = 0; i < times; ++i) {
      auto client = co_await rt.connect(where);
      if (!client) continue;
      bool const is_answered = co_await ask_and_finish(*client);
      served += is_answered;
    }
    co_return served;
  }
  static task<void> one_refuses(R& rt) {
    echo_server echo(rt);
    refusing_port const nowhere;
    server<R> middle(rt, listen(rt, 1), {.upstreams = {nowhere.where().text(), echo.where.text()}});
    auto serving = rt.spawn(middle.serve());
    auto asking = ask_one_after_another(rt, middle.local_endpoint(), 30);
    auto const served = co_await asking;
    EXPECT_EQ(served, 30u);
    EXPECT_LE(middle.upstreams()[0].failures, 2u) << "it is passed over for a second";
    EXPECT_GE(middle.upstreams()[0].failures, 1u);
    EXPECT_TRUE(middle.upstreams()[0].is_passed_over);
    middle.stop();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.completed, 30u);
    EXPECT_EQ(ended.counts.unreachable, 0u);
    co_await echo.stop();
  }
  static task<void> one_does_not_answer(R& rt) {
    dead_end hung(rt);
    co_await dead_end::fill(rt, hung);
    echo_server echo(rt);
    server<R> middle(
        rt, listen(rt, 1),
        {.upstreams = {hung.where().text(), echo.where.text()}, .connect_timeout = 400ms});
    auto serving = rt.spawn(middle.serve());
    auto asking = ask_one_after_another(rt, middle.local_endpoint(), 5);
    auto const served = co_await asking;
    EXPECT_EQ(served, 5u);
    EXPECT_EQ(middle.upstreams()[0].failures, 1u);
    middle.stop();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.completed, 5u);
    co_await echo.stop();
  }
  // Nobody is there, then somebody is: clients find him at once, passed over or not.
  static task<void> comes_back(R& rt) {
    refusing_port const back_later;
    auto const where = back_later.where();
    server<R> middle(rt, listen(rt, 1), {.upstreams = {where.text()}});
    auto serving = rt.spawn(middle.serve());
    for (int i = 0; i < 3; ++i) {
      auto client = co_await rt.connect(middle.local_endpoint());
      auto const told = co_await read_once(*client);
      EXPECT_EQ(told.error, ECONNRESET);
    }
    EXPECT_EQ(middle.upstreams()[0].failures, 3u);
    EXPECT_TRUE(middle.upstreams()[0].is_passed_over);
    echo_server echo(rt, where);
    auto asking = ask_one_after_another(rt, middle.local_endpoint(), 3);
    auto const served = co_await asking;
    EXPECT_EQ(served, 3u);
    EXPECT_FALSE(middle.upstreams()[0].is_passed_over);
    middle.stop();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.unreachable, 3u);
    EXPECT_EQ(ended.counts.completed, 3u);
    co_await echo.stop();
  }
  static task<void> round_robin(R& rt) {
    echo_server a(rt);
    echo_server b(rt);
    echo_server c(rt, endpoint::loopback_v6());
    server<R> middle(rt, listen(rt, 1),
                     {.upstreams = {a.where.text(), b.where.text(), c.where.text()}});
    auto serving = rt.spawn(middle.serve());
    auto asking = ask_one_after_another(rt, middle.local_endpoint(), 30);
    auto const served = co_await asking;
    EXPECT_EQ(served, 30u);
    middle.stop();
    co_await serving;
    for (auto* const each : {&a, &b, &c}) {
      auto const got = co_await each->stop();
      EXPECT_EQ(got, 10u);
    }
  }
  static task<void> least_connections(R& rt) {
    echo_server a(rt);
    echo_server b(rt);
    server<R> middle(
        rt, listen(rt, 1),
        {.upstreams = {a.where.text(), b.where.text()}, .choose = balance::least_connections});
    auto serving = rt.spawn(middle.serve());
    std::vector<io_expected<stream>> staying;
    auto const of = [&](std::size_t index) { return middle.upstreams()[index].connections; };
    for (int i = 0; i < 6; ++i) {
      staying.push_back(co_await rt.connect(middle.local_endpoint()));
      bool const is_served = co_await ask(*staying.back());
      EXPECT_TRUE(is_served);
    }
    EXPECT_EQ(of(0), 3u);
    EXPECT_EQ(of(1), 3u);
    // Those of one upstream leave: the next ones go there.
    for (int i = 0; i < 6; i += 2) staying[static_cast<std::size_t>(i)]->close();
    auto waiting_for_it = wait_until(rt, [&] { return of(0) + of(1) == 3; });
    bool const have_left = co_await waiting_for_it;
    EXPECT_TRUE(have_left);
    for (int i = 0; i < 3; ++i) {
      staying.push_back(co_await rt.connect(middle.local_endpoint()));
      bool const is_served = co_await ask(*staying.back());
      EXPECT_TRUE(is_served);
    }
    EXPECT_EQ(of(0), 3u);
    EXPECT_EQ(of(1), 3u);
    staying.clear();
    middle.stop();
    co_await serving;
    EXPECT_EQ(of(0) + of(1), 0u);
    co_await a.stop();
    co_await b.stop();
  }

  // --- Names ---

  static task<void> a_name(R& rt) {
    echo_server echo(rt);
    refusing_port const refusing;
    std::atomic<int> asked{0};
    auto const look_up = [&](host_and_port const& name) {
      ++asked;
      EXPECT_EQ(name.host, "harbour");
      EXPECT_EQ(name.port, 7'000);
      std::this_thread::sleep_for(20ms);
      return std::vector{refusing.where(), echo.where};
    };
    server<R> middle(rt, listen(rt, 1), {.upstreams = {"harbour:7000"}}, look_up);
    auto serving = rt.spawn(middle.serve());
    gauge served;
    auto asking =
        spawn_n(rt, 20, [&](u64) { return ask_and_stay(rt, middle.local_endpoint(), served); });
    auto const answers = co_await join_all(std::move(asking));
    for (bool const was_served : answers) EXPECT_TRUE(was_served);
    EXPECT_EQ(asked, 1) << "all wait for one look-up";
    EXPECT_EQ(middle.upstreams()[0].failures, 0u)
        << "an upstream is reached at any of its addresses";
    middle.stop();
    co_await serving;
    co_await echo.stop();
  }
  static task<void> a_name_that_nobody_knows(R& rt) {
    std::atomic<int> asked{0};
    auto const look_up = [&](host_and_port const&) -> std::vector<endpoint> {
      if (++asked > 1) throw std::runtime_error("no network");
      return {};
    };
    server<R> middle(rt, listen(rt, 1), {.upstreams = {"harbour:7000"}}, look_up);
    auto serving = rt.spawn(middle.serve());
    for (int i = 0; i < 5; ++i) {
      auto client = co_await rt.connect(middle.local_endpoint());
      auto const told = co_await read_once(*client);
      EXPECT_EQ(told.error, ECONNRESET);
    }
    EXPECT_LE(asked, 3) << "not everybody asks";
    EXPECT_EQ(middle.upstreams()[0].failures, 5u);
    middle.stop();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.unreachable, 5u);
  }

  // --- Counts ---

  static task<void> bytes_while_it_lasts(R& rt) {
    echo_server echo(rt);
    server<R> middle(rt, listen(rt, 1), {.upstreams = {echo.where.text()}});
    auto serving = rt.spawn(middle.serve());
    auto client = co_await rt.connect(middle.local_endpoint());
    for (u64 i = 1; i <= 5; ++i) {
      bool const is_answered = co_await ask(*client, 1'000);
      EXPECT_TRUE(is_answered);
      EXPECT_EQ(middle.counts().bytes_up, 1'000 * i);
      // The last bytes are here before they are counted.
      auto waiting_for_it = wait_until(rt, [&] { return middle.counts().bytes_down == 1'000 * i; });
      bool const is_counted = co_await waiting_for_it;
      EXPECT_TRUE(is_counted);
    }
    EXPECT_EQ(middle.counts().active, 1u);
    client->close();
    middle.stop();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.bytes_up, 5'000u);
    EXPECT_EQ(ended.counts.bytes_down, 5'000u);
    co_await echo.stop();
  }

  // The client is gone before its upstream has said a word.
  static task<void> late_answer(R& rt) {
    auto upstream = rt.listen(endpoint::loopback());
    server<R> middle(rt, listen(rt, 1), {.upstreams = {upstream->local_endpoint().text()}});
    auto serving = rt.spawn(middle.serve());
    auto client = co_await rt.connect(middle.local_endpoint());
    auto there = co_await upstream->accept();
    client->reset();
    auto const told = co_await read_once(*there);
    EXPECT_EQ(told.error, ECONNRESET);
    auto const put = co_await write_all(*there, bytes_of("too late"));
    EXPECT_EQ(put.error, EPIPE);
    middle.stop();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.broken, 1u);
    EXPECT_EQ(ended.counts.bytes_down, 0u);
    EXPECT_EQ(middle.upstreams()[0].connections, 0u);
    EXPECT_EQ(middle.upstreams()[0].failures, 0u);
  }
  static task<void> client_gone_while_connecting(R& rt) {
    dead_end upstream(rt);
    co_await dead_end::fill(rt, upstream);
    server<R> middle(rt, listen(rt, 1),
                     {.upstreams = {upstream.where().text()}, .connect_timeout = 100ms});
    auto serving = rt.spawn(middle.serve());
    auto client = co_await rt.connect(middle.local_endpoint());
    client->reset();
    auto waiting_for_it = wait_until(rt, [&] { return middle.counts().unreachable == 1; });
    bool const is_counted = co_await waiting_for_it;
    EXPECT_TRUE(is_counted);
    middle.stop();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.accepted, 1u);
  }
  static task<void> upstream_vanishes(R& rt) {
    auto upstream = rt.listen(endpoint::loopback());
    server<R> middle(rt, listen(rt, 1), {.upstreams = {upstream->local_endpoint().text()}});
    auto serving = rt.spawn(middle.serve());
    auto client = co_await rt.connect(middle.local_endpoint());
    auto there = co_await upstream->accept();
    auto const put = co_await write_all(*there, bytes_of("half of it"));
    EXPECT_EQ(put.error, 0);
    auto const got = co_await read_once(*client);
    EXPECT_EQ(got.count, 10u);
    there->reset();
    auto const told = co_await read_once(*client);
    EXPECT_EQ(told.error, ECONNRESET);
    middle.stop();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.broken, 1u);
    EXPECT_EQ(ended.counts.bytes_down, 10u);
  }

  // What clients may do, drawn from `seed`.
  static task<void> live_at_random(R& rt, endpoint where, u64 seed) {
    for (u64 round = 0; round < 20; ++round) {
      seed = seed * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
      auto client = co_await rt.connect(where);
      if (!client) continue;
      switch ((seed >> 33) % 5) {
        case 0:
          client->reset();
          break;
        case 1:
          client->close();
          break;
        case 2: {
          bool const ignored = co_await ask(*client, (seed >> 40) % 50'000);
          (void)ignored;
          client->reset();
          break;
        }
        case 3: {
          auto const put = co_await write_all(*client, bytes_of("half"));
          (void)put;
          client->shutdown_write();
          auto const got = co_await read_once(*client);
          (void)got;
          break;
        }
        default: {
          bool const ignored = co_await ask(*client, (seed >> 40) % 5'000);
          (void)ignored;
        }
      }
    }
  }
  static task<void> sums_hold(R& rt) {
    echo_server echo(rt);
    refusing_port const nowhere;
    server<R> middle(
        rt, listen(rt, 2),
        {.upstreams = {echo.where.text(), nowhere.where().text()}, .most_connections = 10});
    auto serving = rt.spawn(middle.serve());
    std::atomic<bool> is_over{false};
    u64 readings = 0;
    // A thread that is no worker reads all the while.
    std::thread reader([&] {
      counts last;
      while (!is_over) {
        auto const read = middle.counts();
        ++readings;
        if (read.accepted != read.active + sum_of_ends(read) || read.active > 10 ||
            read.accepted < last.accepted || read.bytes_up < last.bytes_up ||
            read.bytes_down < last.bytes_down || sum_of_ends(read) < sum_of_ends(last)) {
          ADD_FAILURE() << "reading " << readings << " does not add up";
          return;
        }
        last = read;
      }
    });
    auto living =
        spawn_n(rt, 20, [&](u64 i) { return live_at_random(rt, middle.local_endpoint(i % 2), i); });
    co_await join_all(std::move(living));
    middle.stop();
    auto const ended = co_await serving;
    is_over = true;
    reader.join();
    EXPECT_EQ(ended.counts.active, 0u);
    EXPECT_EQ(ended.counts.accepted, sum_of_ends(ended.counts));
    EXPECT_EQ(ended.counts.accepted, 400u);
    EXPECT_EQ(middle.upstreams()[0].connections + middle.upstreams()[1].connections, 0u);
    EXPECT_GT(readings, 10u);
    co_await echo.stop();
  }

  // --- The end ---

  static task<void> deadline(R& rt) {
    echo_server echo(rt);
    server<R> middle(rt, listen(rt, 1),
                     {.upstreams = {echo.where.text()}, .shutdown_timeout = 100ms});
    auto serving = rt.spawn(middle.serve());
    auto early = co_await rt.connect(middle.local_endpoint());
    auto late = co_await rt.connect(middle.local_endpoint());
    bool const is_early_served = co_await ask(*early);
    bool const is_late_served = co_await ask(*late);
    EXPECT_TRUE(is_early_served && is_late_served);
    auto const begin = clock::now();
    middle.stop();
    early->close();
    auto const told = co_await read_once(*late);
    EXPECT_EQ(told.error, ECONNRESET);
    EXPECT_GE(clock::now() - begin, 100ms);
    auto const ended = co_await serving;
    EXPECT_TRUE(ended.deadline_came);
    EXPECT_EQ(ended.counts.completed, 1u);
    EXPECT_EQ(ended.counts.shut_down, 1u);
    co_await echo.stop();
  }
  // Whatever a connection waits for when the end comes.
  static task<void> second_stop(R& rt) {
    dead_end hung(rt);
    co_await dead_end::fill(rt, hung);
    echo_server echo(rt);
    auto const released = std::make_shared<std::atomic<bool>>(false);
    auto const slow = [released](host_and_port const&) {
      while (!*released) std::this_thread::sleep_for(1ms);
      return std::vector<endpoint>();
    };
    server<R> middle(rt, listen(rt, 1),
                     {.upstreams = {echo.where.text(), hung.where().text(), "slow:1"},
                      .connect_timeout = 0ms,
                      .stall_timeout = 0ms,
                      .shutdown_timeout = 0ms},
                     slow);
    auto serving = rt.spawn(middle.serve());
    std::vector<io_expected<stream>> clients;
    for (u64 i = 0; i < 3; ++i) {
      clients.push_back(co_await rt.connect(middle.local_endpoint()));
      auto waiting_for_it = wait_until(rt, [&] { return middle.upstreams()[i].connections == 1; });
      bool const is_there = co_await waiting_for_it;
      EXPECT_TRUE(is_there);
    }
    middle.stop();
    co_await sleep(rt, 5ms);
    EXPECT_FALSE(serving.is_finished());
    middle.stop();
    auto const ended = co_await serving;
    *released = true;
    EXPECT_FALSE(ended.deadline_came);
    EXPECT_EQ(ended.counts.shut_down, 3u);
    for (auto& client : clients) {
      auto const told = co_await read_once(*client);
      EXPECT_EQ(told.error, ECONNRESET);
    }
    for (auto const& each : middle.upstreams()) {
      EXPECT_EQ(each.connections, 0u);
      EXPECT_EQ(each.failures, 0u) << each.name;
    }
    co_await echo.stop();
  }
  // Whoever has come before the stop is served, also if nobody has accepted him yet.
  static task<void> stop_in_a_crowd(R& rt) {
    echo_server echo(rt);
    server<R> middle(rt, listen(rt, 2), {.upstreams = {echo.where.text()}});
    std::vector<io_expected<stream>> clients;
    for (std::size_t i = 0; i < 100; ++i) {
      clients.push_back(co_await rt.connect(middle.local_endpoint(i % 2)));
    }
    middle.stop();
    auto serving = rt.spawn(middle.serve());
    u64 served = 0;
    for (auto& client : clients) {
      bool const is_answered = co_await ask_and_finish(*client);
      served += is_answered;
    }
    EXPECT_EQ(served, 100u);
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.completed, 100u);
    co_await echo.stop();
  }
  // Each waits for its answer, so that the backlog never overflows, which would make a pause.
  static task<void> come_and_go(R& rt, endpoint where) {
    for (;;) {
      auto client = co_await rt.connect(where);
      if (!client) co_return;
      bool const is_served = co_await ask(*client);
      static_cast<void>(is_served);
      client->reset();
    }
  }
  static task<void> stop_under_steady_arrivals(R& rt) {
    echo_server echo(rt);
    server<R> middle(rt, listen(rt, 1),
                     {.upstreams = {echo.where.text()}, .shutdown_timeout = 100ms});
    auto serving = rt.spawn(middle.serve());
    auto coming = spawn_n(rt, 64, [&](u64) { return come_and_go(rt, middle.local_endpoint()); });
    co_await sleep(rt, 20ms);
    middle.stop();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.active, 0u);
    EXPECT_EQ(ended.counts.accepted, sum_of_ends(ended.counts));
    co_await join_all(std::move(coming));
    co_await echo.stop();
  }
  static task<void> abort_in_a_crowd(R& rt) {
    echo_server echo(rt);
    server<R> middle(rt, listen(rt, 1), {.upstreams = {echo.where.text()}, .most_connections = 20});
    auto serving = rt.spawn(middle.serve());
    gauge served;
    auto asking =
        spawn_n(rt, 50, [&](u64) { return ask_and_stay(rt, middle.local_endpoint(), served); });
    co_await sleep(rt, 1ms);
    middle.abort();
    auto const ended = co_await serving;
    EXPECT_EQ(ended.counts.active, 0u);
    EXPECT_EQ(ended.counts.accepted, sum_of_ends(ended.counts));
    co_await join_all(std::move(asking));
    co_await echo.stop();
  }
};

template <class R>
class Server : public testing::Test {
 protected:
  // Nothing is left open, whatever happened.
  void TearDown() override {
    rt_.reset();
    EXPECT_EQ(open_descriptors(), before_);
  }
  R& rt() { return *rt_; }

  std::size_t before_ = open_descriptors();
  std::unique_ptr<R> rt_ =
      std::make_unique<R>(runtime_options{.threads = R::threading::single ? 0U : 3U});
};
using all_runtimes =
    testing::Types<runtimes::single_threaded::runtime, runtimes::work_stealing::runtime,
                   runtimes::lightweight::runtime>;
TYPED_TEST_SUITE(Server, all_runtimes);

TYPED_TEST(Server, NeverServesMoreThanItsLimitHoweverManyCome) {
  this->rt().block_on(on<TypeParam>::limit_by_waiting(this->rt()));
}
TYPED_TEST(Server, UsesItsWholeLimitThoughOtherDoorsAreQuiet) {
  this->rt().block_on(on<TypeParam>::limit_with_quiet_doors(this->rt()));
}
TYPED_TEST(Server, ResetsWhoeverIsBeyondTheLimitIfToldTo) {
  this->rt().block_on(on<TypeParam>::limit_by_reset(this->rt()));
}
TYPED_TEST(Server, ServesEverybodyAlsoWithFewDescriptors) {
  this->rt().block_on(on<TypeParam>::few_descriptors(this->rt()));
}
TYPED_TEST(Server, ResetsWhoeverIsIdleForTooLong) {
  this->rt().block_on(on<TypeParam>::idle_timeout(this->rt()));
}
TYPED_TEST(Server, ResetsWhereAReaderHasStoppedButNotWhereItIsSlow) {
  this->rt().block_on(on<TypeParam>::stall_timeout(this->rt()));
}
TYPED_TEST(Server, GivesUpConnectingWhenTheTimeIsOver) {
  this->rt().block_on(on<TypeParam>::connect_timeout(this->rt()));
}
TYPED_TEST(Server, WaitsForAUnixSocketWhoseBacklogIsFull) {
  this->rt().block_on(on<TypeParam>::full_unix_socket(this->rt()));
}
TYPED_TEST(Server, PassesOverAnUpstreamThatRefuses) {
  this->rt().block_on(on<TypeParam>::one_refuses(this->rt()));
}
TYPED_TEST(Server, LeavesTimeForTheNextWhereAnUpstreamDoesNotAnswer) {
  this->rt().block_on(on<TypeParam>::one_does_not_answer(this->rt()));
}
TYPED_TEST(Server, TriesTheLastUpstreamAlsoWhenItIsPassedOver) {
  this->rt().block_on(on<TypeParam>::comes_back(this->rt()));
}
TYPED_TEST(Server, GivesEachUpstreamItsTurn) {
  this->rt().block_on(on<TypeParam>::round_robin(this->rt()));
}
TYPED_TEST(Server, GivesTheNextClientToTheUpstreamWithTheFewest) {
  this->rt().block_on(on<TypeParam>::least_connections(this->rt()));
}
TYPED_TEST(Server, LooksANameUpOnceForAllAndTriesItsAddressesInOrder) {
  this->rt().block_on(on<TypeParam>::a_name(this->rt()));
}
TYPED_TEST(Server, ResetsClientsOfAnUpstreamWhoseNameNobodyKnows) {
  this->rt().block_on(on<TypeParam>::a_name_that_nobody_knows(this->rt()));
}
TYPED_TEST(Server, CountsBytesWhileAConnectionLasts) {
  this->rt().block_on(on<TypeParam>::bytes_while_it_lasts(this->rt()));
}
TYPED_TEST(Server, TellsAnUpstreamThatItsClientHasGone) {
  this->rt().block_on(on<TypeParam>::late_answer(this->rt()));
}
TYPED_TEST(Server, CountsAClientThatLeavesWhileItsUpstreamIsSought) {
  this->rt().block_on(on<TypeParam>::client_gone_while_connecting(this->rt()));
}
TYPED_TEST(Server, TellsAClientThatItsUpstreamHasVanished) {
  this->rt().block_on(on<TypeParam>::upstream_vanishes(this->rt()));
}
TYPED_TEST(Server, CountsAddUpAtAnyMomentWhateverClientsDo) {
  this->rt().block_on(on<TypeParam>::sums_hold(this->rt()));
}
TYPED_TEST(Server, ResetsWhatIsLeftWhenTheDeadlineComes) {
  this->rt().block_on(on<TypeParam>::deadline(this->rt()));
}
TYPED_TEST(Server, EndsAtOnceWhenItIsStoppedASecondTime) {
  this->rt().block_on(on<TypeParam>::second_stop(this->rt()));
}
TYPED_TEST(Server, ServesWhoeverHadComeBeforeItWasStopped) {
  this->rt().block_on(on<TypeParam>::stop_in_a_crowd(this->rt()));
}
TYPED_TEST(Server, EndsAlsoWhenNewClientsNeverCeaseToCome) {
  this->rt().block_on(on<TypeParam>::stop_under_steady_arrivals(this->rt()));
}
TYPED_TEST(Server, EndsAtOnceInTheMiddleOfACrowd) {
  this->rt().block_on(on<TypeParam>::abort_in_a_crowd(this->rt()));
}
TYPED_TEST(Server, SaysWhatIsWrongWithItsSettings) {
  using R = TypeParam;
  auto const make = [&](settings told) {
    server<R> made(this->rt(), on<R>::listen(this->rt(), 1), std::move(told));
  };
  EXPECT_THROW(make({}), std::invalid_argument);
  EXPECT_THROW(make({.upstreams = {"nonsense"}}), std::invalid_argument);
  EXPECT_THROW(make({.upstreams = {"[::1:80"}}), std::invalid_argument);
  EXPECT_THROW(make({.upstreams = {"a:1"}, .most_connections = 0}), std::invalid_argument);
  EXPECT_NO_THROW(make({.upstreams = {"a:1"}}));
}

}  // namespace
}  // namespace regatta::proxy
