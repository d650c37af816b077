// The twin of cancel_read that does wrong: what is given up is not a read but the reading of a
// whole message, which may have taken half of it from the socket already. Messages come in two
// halves with a pause between them that is longer than the reader's patience. What a reader had
// when it was given up is gone, and nobody is told: `lost_bytes` among the counters says how much
// that was.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtimes/interface/net.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/time.hpp"
#include "scenarios/support/loopback.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct cancel_exact {
  static constexpr std::string_view name = "cancel_exact";
  static constexpr std::string_view summary =
      "reading whole messages in a race with a timer, which is not cancel-safe: bytes are lost";

  struct params {
    u64 chunks = 20;
    u64 chunk_bytes = 100;
    u64 pause_us = 2'000;  // between the halves of a chunk; the reader waits for 1 ms
    void each(auto&& visit) {
      visit("chunks", chunks);
      visit("chunk_bytes", chunk_bytes);
      visit("pause_us", pause_us);
    }
  };

  static params smoke() { return {.chunks = 3}; }
  static std::vector<params> quick() { return {{}}; }
  static std::vector<params> full() { return {{}, {.chunk_bytes = 10'000}}; }

  // Bytes that a reader got, and those that were lost on the way to it.
  static u64 expected(params p) { return p.chunks * p.chunk_bytes; }
  static u64 operations(params p) { return p.chunks; }
  static std::string invalid(params p) {
    return p.chunks == 0 || p.chunk_bytes < 2 ? "chunks must be at least 1, chunk_bytes 2" : "";
  }

  template <net_runtime R>
  static task<u64> run(R& rt, params p, recorder& counts) {
    auto door = listen_on_loopback(rt);
    auto connecting = connect_to(rt, door.local_endpoint());
    auto writing_end = co_await connecting;
    auto accepted = co_await door.accept();
    if (!accepted) throw std::runtime_error("cannot accept: " + accepted.error_text());
    auto reading_end = std::move(*accepted);
    auto writing = rt.spawn(write_halves(rt, std::move(writing_end), p));
    auto reading = read_messages(rt, reading_end, p);
    u64 const got = co_await reading;
    reading_end.reset();
    co_await writing;
    u64 const lost = expected(p) - got;
    counts.count("lost_bytes", lost);
    co_return got + lost;
  }

 private:
  static constexpr auto patience = std::chrono::milliseconds(1);

  template <net_runtime R>
  static task<void> write_halves(R& rt, typename R::stream peer, params p) {
    std::vector<std::byte> const chunk(p.chunk_bytes);
    std::span<std::byte const> const all(chunk);
    for (u64 i = 0; i < p.chunks; ++i) {
      auto const first = co_await write_all(peer, all.first(all.size() / 2));
      exchange::check_sent(first);
      co_await regatta::sleep_for(rt, std::chrono::microseconds(p.pause_us));
      auto const second = co_await write_all(peer, all.subspan(all.size() / 2));
      exchange::check_sent(second);
      co_await regatta::sleep_for(rt, std::chrono::microseconds(p.pause_us));
    }
    peer.shutdown_write();
  }

  // Answers how many bytes it was given.
  template <net_runtime R>
  static task<u64> read_messages(R& rt, typename R::stream& peer, params p) {
    u64 given = 0;
    for (;;) {
      auto contest = race(read_message(peer, p.chunk_bytes), lose_patience(rt));
      auto const first = co_await contest;
      if (first.index() == 1) continue;
      io_result const got = std::get<0>(first);
      if (!got.ok()) throw std::runtime_error("cannot receive: " + io_error{got.error}.text());
      given += got.count;
      if (got.count < p.chunk_bytes) break;
    }
    co_return given;
  }

  // The buffer dies with the task, and with it what it holds.
  template <byte_stream S>
  static task<io_result> read_message(S& from, u64 bytes) {
    std::vector<std::byte> buffer(bytes);
    co_return co_await read_exactly(from, std::span<std::byte>(buffer));
  }

  template <timed_runtime R>
  static task<void> lose_patience(R& rt) {
    co_await regatta::sleep_for(rt, patience);
  }
};
static_assert(scenario<cancel_exact>);

}  // namespace regatta::scenarios
