// A client that says all it has to say, finishes writing, and then waits for its answer, as many
// protocols have it (HTTP/1.0, rsh, a shell's pipe). Between client and server stands a relay: one
// that carries the half-close on and lets the other way go on (the proxy's), or the one that
// everybody writes first, which closes both ways as soon as either ends. Of an answer that was
// still under way then nobody hears again: `lost_bytes` among the counters says how much that was.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "proxy/buffers.hpp"
#include "proxy/relay.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/race.hpp"
#include "scenarios/support/loopback.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct half_close {
  static constexpr std::string_view name = "half_close";
  static constexpr std::string_view summary =
      "a client that finishes writing before it is answered, through a relay that heeds that or "
      "not";

  struct params {
    choice<"carry_on", "close_both"> on_end{};  // what the relay does when one side has finished
    u64 exchanges = 20;
    u64 answer_bytes = 1'000;
    void each(auto&& visit) {
      visit("on_end", on_end);
      visit("exchanges", exchanges);
      visit("answer_bytes", answer_bytes);
    }
  };

  static params smoke() { return {.exchanges = 2}; }
  static std::vector<params> quick() {
    return grid<params>().over(&params::on_end, {"carry_on", "close_both"});
  }
  static std::vector<params> full() { return quick(); }

  // Bytes of the answers that came, and those that were lost.
  static u64 expected(params p) { return p.exchanges * p.answer_bytes; }
  static u64 operations(params p) { return p.exchanges; }
  static std::string invalid(params p) {
    return p.exchanges == 0 || p.answer_bytes == 0 ? "exchanges and answer_bytes must be at least 1"
                                                   : "";
  }

  template <net_runtime R>
  static task<u64> run(R& rt, params p, recorder& counts) {
    auto front_door = listen_on_loopback(rt);
    auto back_door = listen_on_loopback(rt);
    u64 came = 0;
    for (u64 i = 0; i < p.exchanges; ++i) {
      auto exchanging = exchange_once(rt, front_door, back_door, p);
      u64 const right = co_await exchanging;
      came += right;
    }
    u64 const lost = expected(p) - came;
    // The relay that heeds it must lose nothing; then the answer is wrong, and no figure.
    if (p.on_end == "carry_on" && lost != 0) throw std::logic_error("the relay lost bytes");
    counts.count("lost_bytes", lost);
    co_return came + lost;
  }

 private:
  template <net_runtime R>
  struct connection {
    typename R::stream caller;
    typename R::stream called;
  };

  template <net_runtime R>
  static task<connection<R>> connect_through(R& rt, typename R::listener& door) {
    auto connecting = connect_to(rt, door.local_endpoint());
    auto caller = co_await connecting;
    auto accepted = co_await door.accept();
    if (!accepted) throw std::runtime_error("cannot accept: " + accepted.error_text());
    connection<R> made{std::move(caller), std::move(*accepted)};
    co_return made;
  }

  // Client, relay and server each end by themselves, whatever the others do.
  template <net_runtime R>
  static task<u64> exchange_once(R& rt, typename R::listener& front_door,
                                 typename R::listener& back_door, params p) {
    auto front_connecting = connect_through(rt, front_door);
    auto front = co_await front_connecting;
    auto back_connecting = connect_through(rt, back_door);
    auto back = co_await back_connecting;
    auto serving = rt.spawn(answer(std::move(back.called), p.answer_bytes));
    auto relaying = rt.spawn(carry<R>(std::move(front.called), std::move(back.caller), p));
    auto asking = ask_and_finish(std::move(front.caller));
    u64 const came = co_await asking;
    co_await relaying;
    co_await serving;
    co_return came;
  }

  // Answers how many bytes of the answer came.
  template <byte_stream S>
  static task<u64> ask_and_finish(S server) {
    std::array<std::byte, 16> const question{};
    auto const sent = co_await write_all(server, std::span<std::byte const>(question));
    exchange::check_sent(sent);
    server.shutdown_write();
    u64 const came = co_await read_to_end(server);
    server.reset();
    co_return came;
  }

  // What a task owns lives as long as its joiner, and the client waits for the end before anybody
  // looks at a joiner: so who fails closes, that the others see it.
  template <byte_stream S>
  static task<void> answer(S client, u64 answer_bytes) {
    try {
      co_await read_to_end(client);
      std::vector<std::byte> const all(answer_bytes);
      // Where the relay has closed both ways there is nobody to send to: that is the point.
      [[maybe_unused]] auto const sent =
          co_await write_all(client, std::span<std::byte const>(all));
      client.shutdown_write();
    } catch (...) {
      client.close();
      throw;
    }
  }

  // Until the peer has finished, or the connection has broken.
  template <byte_stream S>
  static task<u64> read_to_end(S& from) {
    std::array<std::byte, 1'024> buffer;
    u64 bytes = 0;
    for (;;) {
      auto const got = co_await from.read(buffer);
      if (!got.ok() || got.is_end()) break;
      bytes += got.count;
    }
    co_return bytes;
  }

  template <net_runtime R>
  static task<void> carry(typename R::stream front, typename R::stream back, params p) {
    try {
      auto carrying =
          p.on_end == "carry_on" ? carry_on<R>(front, back) : until_either_ends<R>(front, back);
      co_await carrying;
    } catch (...) {
      front.close();
      back.close();
      throw;
    }
  }

  template <net_runtime R>
  static task<void> carry_on(typename R::stream& front, typename R::stream& back) {
    regatta::proxy::buffer_store<typename R::threading> buffers(relay_buffer_bytes);
    auto relaying = regatta::proxy::relay(front, back, buffers);
    co_await relaying;
  }

  template <net_runtime R>
  static task<void> until_either_ends(typename R::stream& front, typename R::stream& back) {
    auto contest = race(copy(front, back), copy(back, front));
    co_await contest;
    front.close();
    back.close();
  }

  static constexpr std::size_t relay_buffer_bytes = 4'096;

  template <byte_stream S>
  static task<void> copy(S& from, S& to) {
    std::array<std::byte, relay_buffer_bytes> buffer;
    for (;;) {
      auto const got = co_await from.read(buffer);
      if (!got.ok() || got.is_end()) break;
      auto const sent = co_await write_all(to, std::span<std::byte const>(buffer).first(got.count));
      if (!sent.ok()) break;
    }
  }
};
static_assert(scenario<half_close>);

}  // namespace regatta::scenarios
