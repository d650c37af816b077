// The relay and the server in a simulated world, with thousands of seeds: windows of a few bytes,
// slow readers, peers that finish early or reset at any moment, a network that resets as well.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "proxy/echo.hpp"
#include "proxy/relay.hpp"
#include "proxy/server.hpp"
#include "runtimes/interface/join.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/time.hpp"
#include "runtimes/simulated/runtime.hpp"
#include "runtimes/simulated/search.hpp"

namespace regatta::proxy {
namespace {

using namespace std::chrono_literals;
using runtimes::simulated::chance;
using runtimes::simulated::conditions;
using simulated_rt = runtimes::simulated::runtime;
using stream = simulated_rt::stream;
using listener = simulated_rt::listener;
using store = buffer_store<simulated_rt::threading>;

constexpr std::size_t buffer_bytes = 300;
constexpr conditions small_windows{.smallest_window = 50, .largest_window = 1'500};

std::byte byte_at(std::size_t place, std::size_t sender) {
  return static_cast<std::byte>(place * 31 + (place >> 8) + sender);
}

task<io_expected<stream>> accept_one(listener& door) {
  auto accepted = co_await door.accept();
  co_return std::move(accepted);
}
task<std::pair<stream, stream>> connected(simulated_rt& rt) {
  auto door = rt.listen(endpoint::loopback());
  auto accepting = rt.spawn(accept_one(*door));
  auto left = co_await rt.connect(door->local_endpoint());
  auto right = co_await accepting;
  co_return std::pair(std::move(*left), std::move(*right));
}

// What one side of a connection does, drawn for each seed.
struct plan {
  std::size_t name;       // Of the sender, so that nobody takes one's bytes for another's.
  std::size_t bytes;      // To send before it finishes.
  std::size_t reset_at;   // Or before it resets; more than there are: it does not.
  duration longest_rest;  // Between two pieces, of those that it writes and those that it reads.
};
plan drawn_plan(chance& draw, std::size_t name, bool may_reset) {
  plan drawn{.name = name, .bytes = draw.below(4'000), .reset_at = 0, .longest_rest = 0us};
  bool const resets = may_reset && draw.one_in(3);
  drawn.reset_at = resets ? draw.below(drawn.bytes + 1) : drawn.bytes + 1;
  if (draw.one_in(2)) drawn.longest_rest = 300us;
  return drawn;
}

// And what became of it.
struct course {
  std::size_t sent = 0;
  bool has_finished = false;
  bool has_reset = false;
  int send_error = 0;
  std::size_t received = 0;
  bool is_right = true;   // What was received is what the other had sent.
  int receive_error = 0;  // 0: an end that looks in order.
};

task<void> rest(simulated_rt& rt, chance& draw, duration longest) {
  if (longest > 0us) co_await sleep_for(rt, draw.up_to(longest));
}
task<void> nap(simulated_rt& rt, duration how_long) { co_await sleep_for(rt, how_long); }
task<void> send(simulated_rt& rt, stream& to, plan p, course& of) {
  chance draw(p.name * 1'000 + p.bytes);
  std::array<std::byte, 500> piece;
  while (of.sent < p.bytes) {
    auto const size = std::min<std::size_t>(p.bytes - of.sent, draw.between(1, piece.size()));
    for (std::size_t i = 0; i < size; ++i) piece[i] = byte_at(of.sent + i, p.name);
    auto const put = co_await write_all(to, std::span(piece).first(size));
    of.sent += put.count;
    if (of.sent >= p.reset_at) break;
    of.send_error = put.error;
    if (put.error != 0) co_return;
    co_await rest(rt, draw, p.longest_rest);
  }
  if (of.sent >= p.reset_at) {
    of.has_reset = true;
    to.reset();
  } else {
    of.has_finished = true;
    to.shutdown_write();
  }
}
task<void> receive(simulated_rt& rt, stream& from, plan p, std::size_t sender, course& of) {
  chance draw(p.name * 2'000 + p.bytes);
  std::array<std::byte, 400> piece;
  for (;;) {
    auto const got = co_await from.read(std::span(piece).first(draw.between(1, piece.size())));
    for (std::size_t i = 0; i < got.count; ++i, ++of.received) {
      of.is_right = of.is_right && piece[i] == byte_at(of.received, sender);
    }
    of.receive_error = got.error;
    if (got.count == 0) co_return;
    co_await rest(rt, draw, p.longest_rest);
  }
}
task<course> act(simulated_rt& rt, stream me, plan p, std::size_t other) {
  course taken;
  co_await join(send(rt, me, p, taken), receive(rt, me, p, other, taken));
  me.close();
  co_return taken;
}

// Why it is not as relay.hpp says, or "".
std::string wrong_with(course const& one, course const& other) {
  if (!one.is_right) return "bytes are wrong; ";
  if (one.received > other.sent) return "more came than was sent; ";
  // An error is told once, to whoever asks first: here it may have been the writer.
  bool const saw_an_end = one.receive_error == 0 && one.send_error == 0;
  if (saw_an_end && !other.has_finished) return "a broken stream was taken for a complete one; ";
  if (saw_an_end && one.received != other.sent) return "the end came before the last byte; ";
  if (!one.has_reset && !other.has_reset && one.receive_error != 0) {
    return "error " + std::to_string(one.receive_error) + " for no reason; ";
  }
  return "";
}

task<relay_result> run_relay(stream near, stream far, store& buffers,
                             pipe_store<simulated_rt::threading>* pipes = nullptr) {
  auto relaying = relay(near, far, buffers, pipes);
  auto const ended = co_await relaying;
  near.close();
  far.close();
  co_return ended;
}
task<std::string> relay_between(simulated_rt& rt, bool may_reset,
                                std::size_t splice_from = never_splice) {
  chance draw(rt.seed());
  pipe_store<simulated_rt::threading> pipes(splice_from);
  plan const left_plan = drawn_plan(draw, 1, may_reset);
  plan const right_plan = drawn_plan(draw, 2, may_reset);
  store buffers(buffer_bytes);
  auto first = co_await connected(rt);
  auto second = co_await connected(rt);
  auto relaying =
      rt.spawn(run_relay(std::move(first.second), std::move(second.first), buffers, &pipes));
  auto acting = rt.spawn(act(rt, std::move(first.first), left_plan, 2));
  auto const right = co_await act(rt, std::move(second.second), right_plan, 1);
  auto const left = co_await acting;
  auto const ended = co_await relaying;
  std::string wrong = wrong_with(left, right) + wrong_with(right, left);
  if (buffers.kept() != buffers.made()) wrong += "a buffer was not given back; ";
  if (buffers.made() > 2) wrong += "more than a buffer for each way; ";
  if (pipes.made() > 2) wrong += "more than a pipe for each way; ";
  if (left.has_reset || right.has_reset) co_return wrong;
  if (pipes.kept() != pipes.made()) wrong += "a pipe was not given back; ";
  if (ended.error != 0) wrong += "an error for no reason; ";
  bool const is_all = ended.bytes_forward == left.sent && ended.bytes_backward == right.sent;
  co_return is_all ? wrong : wrong + "the relay counts wrong; ";
}

void expect_with_every_seed(auto program, conditions how = small_windows) {
  auto const failure = runtimes::simulated::first_failure(program, how, 1s);
  EXPECT_FALSE(failure) << failure->text();
}

TEST(SimulatedProxy, ARelayCarriesEverythingBothWays) {
  expect_with_every_seed([](simulated_rt& rt) { return relay_between(rt, false); });
}

TEST(SimulatedProxy, ARelayMakesNoEndOfAReset) {
  expect_with_every_seed([](simulated_rt& rt) { return relay_between(rt, true); });
}

TEST(SimulatedProxy, ARelayThatSplicesCarriesEverythingBothWays) {
  expect_with_every_seed([](simulated_rt& rt) { return relay_between(rt, false, 0); });
  expect_with_every_seed([](simulated_rt& rt) { return relay_between(rt, false, 700); });
}

TEST(SimulatedProxy, ARelayThatSplicesMakesNoEndOfAReset) {
  expect_with_every_seed([](simulated_rt& rt) { return relay_between(rt, true, 0); });
}

// The reader does not read, so the way to it is stalled; then one of the two resets.
task<std::string> reset_while_stalled(simulated_rt& rt, bool by_the_reader) {
  chance draw(rt.seed());
  store buffers(buffer_bytes);
  pipe_store<simulated_rt::threading> pipes(draw.one_in(2) ? 0 : never_splice);
  auto first = co_await connected(rt);
  auto second = co_await connected(rt);
  stream client = std::move(first.first);
  stream upstream = std::move(second.second);
  auto relaying =
      rt.spawn(run_relay(std::move(first.second), std::move(second.first), buffers, &pipes));
  plan const much{.name = 1, .bytes = 20'000, .reset_at = 20'001, .longest_rest = 0us};
  course taken;
  auto either = race(send(rt, client, much, taken), nap(rt, 50ms));
  auto const won = co_await either;
  if (won.index() != 1) co_return "the writer has not had to wait";
  (by_the_reader ? upstream : client).reset();
  co_await sleep_for(rt, 10ms);
  if (!relaying.is_finished()) co_return "a stalled way has not noticed a reset";
  auto const ended = co_await relaying;
  co_return ended.error != 0 ? "" : "the relay has lost a reset";
}

TEST(SimulatedProxy, AStalledWayNoticesTheResetOfItsWriter) {
  expect_with_every_seed([](simulated_rt& rt) { return reset_while_stalled(rt, false); });
}

TEST(SimulatedProxy, AStalledWayNoticesTheResetOfItsReader) {
  expect_with_every_seed([](simulated_rt& rt) { return reset_while_stalled(rt, true); });
}

// The upstream finishes, and resets only when its end has been passed on. Nobody reads from it any
// more nor writes to it: the reset must be noticed all the same.
task<std::string> reset_after_the_end(simulated_rt& rt) {
  store buffers(buffer_bytes);
  auto first = co_await connected(rt);
  auto second = co_await connected(rt);
  stream client = std::move(first.first);
  stream upstream = std::move(second.second);
  auto relaying = rt.spawn(run_relay(std::move(first.second), std::move(second.first), buffers));
  upstream.shutdown_write();
  std::array<std::byte, 1> nothing;
  auto const end = co_await client.read(nothing);
  if (!end.is_end()) co_return "the end was not passed on";
  upstream.reset();
  co_await sleep_for(rt, 10ms);
  if (!relaying.is_finished()) co_return "a way that has ended has not noticed a reset";
  auto const ended = co_await relaying;
  co_return ended.error != 0 ? "" : "the relay has lost a reset";
}

TEST(SimulatedProxy, ARelayLosesNoResetThatComesAfterTheEnd) {
  expect_with_every_seed([](simulated_rt& rt) { return reset_after_the_end(rt); });
}

// From here on with a server. A client finishes what it sends and hears the echo of all of it, or
// an error; it never takes less for all.
task<std::string> ask(simulated_rt& rt, endpoint where, plan p) {
  auto connected_to = co_await rt.connect(where);
  if (!connected_to) co_return "";
  auto const heard = co_await act(rt, *std::move(connected_to), p, p.name);
  if (!heard.is_right) co_return "the echo is wrong; ";
  bool const looks_complete = heard.receive_error == 0 && heard.send_error == 0;
  co_return looks_complete&& heard.received != p.bytes ? "an echo ends early; " : "";
}

task<std::string> serve_some(simulated_rt& rt, bool stops_early) {
  chance draw(rt.seed());
  auto echo_door = rt.listen(endpoint::loopback());
  auto echoing = rt.spawn(serve_echo(rt, *echo_door, 200));
  auto door = rt.listen(endpoint::loopback(), {.backlog = 2});
  auto middle =
      forward_to(rt, std::move(*door), echo_door->local_endpoint(), {.buffer_bytes = buffer_bytes});
  auto serving = rt.spawn(middle.serve());
  auto const where = middle.local_endpoint();
  u64 const clients = 4;
  auto asking = spawn_n(rt, clients, [&](u64 i) {
    plan p = drawn_plan(draw, i, false);
    p.bytes %= 1'000;
    return ask(rt, where, p);
  });
  if (stops_early) {
    co_await sleep_for(rt, draw.up_to(500us));
    middle.stop();
  }
  auto const answers = co_await join_all(std::move(asking));
  std::string wrong;
  for (auto const& answer : answers) wrong += answer;
  middle.stop();
  auto const ended = co_await serving;
  auto const counts = ended.counts;
  u64 const served = counts.accepted;
  if (counts.active != 0) wrong += "somebody is still being served; ";
  if (served > clients || (!stops_early && served != clients)) wrong += "clients are missing; ";
  echo_door->close();
  co_await echoing;
  co_return wrong;
}

TEST(SimulatedProxy, AServerServesEverybodyAlsoWhenDescriptorsAreShort) {
  expect_with_every_seed(
      [](simulated_rt& rt) { return serve_some(rt, false); },
      {.smallest_window = 50, .largest_window = 1'500, .shortages_per_million = 200'000});
}

TEST(SimulatedProxy, AServerThatIsStoppedLetsThoseWhoAreThereEnd) {
  expect_with_every_seed([](simulated_rt& rt) { return serve_some(rt, true); });
}

TEST(SimulatedProxy, AServerInANetworkThatResetsTellsEveryClient) {
  expect_with_every_seed(
      [](simulated_rt& rt) { return serve_some(rt, true); },
      {.smallest_window = 50, .largest_window = 1'500, .resets_per_million = 10'000});
}

// Everything at once, as drawn: doors, limits, timeouts, upstreams that refuse, clients that reset,
// the time of the stop. Whatever happens, the counts add up and the limit holds.
settings drawn_settings(chance& draw, std::vector<std::string> upstreams) {
  settings told{.upstreams = std::move(upstreams)};
  if (draw.one_in(2)) told.choose = balance::least_connections;
  told.most_connections = draw.between(1, 5);
  if (draw.one_in(3)) told.beyond = over_limit::reset;
  auto const timeout = [&] {
    return std::chrono::milliseconds(draw.one_in(2) ? 0 : draw.between(1, 60));
  };
  told.connect_timeout = timeout();
  told.idle_timeout = timeout();
  told.stall_timeout = timeout();
  told.shutdown_timeout = timeout();
  told.buffer_bytes = buffer_bytes;
  return told;
}
std::string wrong_with_sums(counts const& read, settings const& told) {
  u64 const ended =
      read.completed + read.unreachable + read.broken + read.timed_out + read.shut_down;
  std::string wrong;
  if (read.accepted != read.active + ended) wrong += "the counts do not add up; ";
  if (read.active > told.most_connections) wrong += "more are served than may be; ";
  return wrong;
}
task<void> watch_sums(simulated_rt& rt, server<simulated_rt> const& middle, settings const& told,
                      bool const& is_over, std::string& wrong) {
  while (!is_over && wrong.empty()) {
    wrong += wrong_with_sums(middle.counts(), told);
    co_await sleep_for(rt, 100us);
  }
}
task<std::string> serve_anything(simulated_rt& rt) {
  chance draw(rt.seed());
  auto echo_door = rt.listen(endpoint::loopback());
  auto echoing = rt.spawn(serve_echo(rt, *echo_door, 200));
  std::vector<std::string> upstreams;
  for (u64 i = draw.between(1, 3); i > 0; --i) {
    upstreams.push_back(draw.one_in(4) ? "127.0.0.1:1" : echo_door->local_endpoint().text());
  }
  auto const told = drawn_settings(draw, upstreams);
  std::vector<listener> doors;
  std::vector<endpoint> where;
  for (u64 i = draw.between(1, 3); i > 0; --i) {
    auto door = rt.listen(endpoint::loopback());
    where.push_back(door->local_endpoint());
    doors.push_back(std::move(*door));
  }
  server<simulated_rt> middle(rt, std::move(doors), told);
  auto serving = rt.spawn(middle.serve());
  bool is_over = false;
  std::string wrong;
  auto watching = rt.spawn(watch_sums(rt, middle, told, is_over, wrong));
  auto asking = spawn_n(rt, 10, [&](u64 i) {
    plan p = drawn_plan(draw, i, true);
    p.bytes %= 1'000;
    return ask(rt, where[i % where.size()], p);
  });
  co_await sleep_for(rt, draw.up_to(draw.one_in(2) ? 1ms : 30ms));
  middle.stop();
  if (draw.one_in(3)) {
    co_await sleep_for(rt, draw.up_to(1ms));
    middle.abort();
  }
  auto const ended = co_await serving;
  auto const answers = co_await join_all(std::move(asking));
  is_over = true;
  co_await watching;
  for (auto const& answer : answers) wrong += answer;
  wrong += wrong_with_sums(ended.counts, told);
  if (ended.counts.active != 0) wrong += "somebody is still being served; ";
  if (ended.deadline_came && told.shutdown_timeout == 0ms) wrong += "there was no deadline; ";
  for (auto const& each : middle.upstreams()) {
    if (each.connections != 0) wrong += "an upstream keeps a connection; ";
  }
  echo_door->close();
  co_await echoing;
  co_return wrong;
}

TEST(SimulatedProxy, AServerKeepsItsWordWhateverHappens) {
  expect_with_every_seed([](simulated_rt& rt) { return serve_anything(rt); });
}

TEST(SimulatedProxy, AServerKeepsItsWordInANetworkThatResets) {
  expect_with_every_seed([](simulated_rt& rt) { return serve_anything(rt); },
                         {.smallest_window = 50,
                          .largest_window = 1'500,
                          .resets_per_million = 10'000,
                          .shortages_per_million = 50'000});
}

// Within its limit a server serves everybody, however few may be served at once.
task<std::string> serve_in_turn(simulated_rt& rt) {
  chance draw(rt.seed());
  auto echo_door = rt.listen(endpoint::loopback());
  auto echoing = rt.spawn(serve_echo(rt, *echo_door, 200));
  std::vector<listener> doors;
  std::vector<endpoint> where;
  for (u64 i = draw.between(1, 4); i > 0; --i) {
    auto door = rt.listen(endpoint::loopback());
    where.push_back(door->local_endpoint());
    doors.push_back(std::move(*door));
  }
  settings const told{.upstreams = {echo_door->local_endpoint().text()},
                      .most_connections = draw.between(1, 3),
                      .stall_timeout = 0ms,
                      .buffer_bytes = buffer_bytes};
  server<simulated_rt> middle(rt, std::move(doors), told);
  auto serving = rt.spawn(middle.serve());
  bool is_over = false;
  std::string wrong;
  auto watching = rt.spawn(watch_sums(rt, middle, told, is_over, wrong));
  u64 const clients = 8;
  auto asking = spawn_n(rt, clients, [&](u64 i) {
    plan p = drawn_plan(draw, i, false);
    p.bytes %= 1'000;
    return ask(rt, where[draw.below(where.size())], p);
  });
  auto const answers = co_await join_all(std::move(asking));
  for (auto const& answer : answers) wrong += answer;
  middle.stop();
  auto const ended = co_await serving;
  is_over = true;
  co_await watching;
  if (ended.counts.completed != clients) wrong += "clients are missing; ";
  echo_door->close();
  co_await echoing;
  co_return wrong;
}

TEST(SimulatedProxy, AServerServesEverybodyInTurnWithinItsLimit) {
  expect_with_every_seed([](simulated_rt& rt) { return serve_in_turn(rt); });
}

}  // namespace
}  // namespace regatta::proxy
