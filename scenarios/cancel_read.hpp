// A reader that waits for bytes from a socket, but never for longer than a millisecond at a time,
// while the writer pauses for about as long between its chunks: reads are cancelled again and
// again, often as bytes arrive. Whether the runtime learns that bytes are there or has them read
// for it by the kernel, not one may be lost, doubled or out of its place.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtimes/interface/net.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/time.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct cancel_read {
  static constexpr std::string_view name = "cancel_read";
  static constexpr std::string_view summary =
      "reading from a socket in a race with a timer, again and again: no byte is lost";
  static constexpr bool counts_system_calls = true;

  struct params {
    u64 chunks = 100;
    u64 chunk_bytes = 100;
    u64 pause_us = 1'000;  // between two chunks: from half of it to one and a half times it
    void each(auto&& visit) {
      visit("chunks", chunks);
      visit("chunk_bytes", chunk_bytes);
      visit("pause_us", pause_us);
    }
  };

  static params smoke() { return {.chunks = 5, .pause_us = 500}; }
  static std::vector<params> quick() { return {{.chunks = 50}}; }
  static std::vector<params> full() {
    return grid<params>().over(&params::chunk_bytes, {1, 100, 10'000});
  }

  // Bytes that came as they were sent, each in its place.
  static u64 expected(params p) { return p.chunks * p.chunk_bytes; }
  static u64 operations(params p) { return p.chunks; }
  static std::string invalid(params p) {
    return p.chunks == 0 || p.chunk_bytes == 0 ? "chunks and chunk_bytes must be at least 1" : "";
  }

  template <net_runtime R>
  static task<u64> run(R& rt, params p, recorder& latency) {
    auto connecting = connect(rt);
    auto [writing_end, reading_end] = co_await connecting;
    auto writing = rt.spawn(write_chunks(rt, std::move(writing_end), p));
    auto reading = read_all(rt, reading_end, latency);
    u64 const right_bytes = co_await reading;
    // So that no port waits in TIME_WAIT for the next run.
    reading_end.reset();
    co_await writing;
    co_return right_bytes;
  }

 private:
  static constexpr auto patience = std::chrono::milliseconds(1);

  template <net_runtime R>
  struct connection {
    typename R::stream writing_end;
    typename R::stream reading_end;
  };

  template <net_runtime R>
  static task<connection<R>> connect(R& rt) {
    auto door = rt.listen(endpoint::loopback());
    if (!door) throw std::runtime_error("cannot listen on loopback: " + door.error_text());
    auto connected = co_await rt.connect(door->local_endpoint());
    if (!connected) throw std::runtime_error("cannot connect: " + connected.error_text());
    auto accepted = co_await door->accept();
    if (!accepted) throw std::runtime_error("cannot accept: " + accepted.error_text());
    connection<R> made{std::move(*connected), std::move(*accepted)};
    co_return made;
  }

  static std::byte byte_at(u64 place) { return static_cast<std::byte>(place * 131 + 7); }

  template <net_runtime R>
  static task<void> write_chunks(R& rt, typename R::stream peer, params p) {
    std::vector<std::byte> chunk(p.chunk_bytes);
    u64 place = 0;
    for (u64 i = 0; i < p.chunks; ++i) {
      for (auto& byte : chunk) byte = byte_at(place++);
      auto const sent = co_await write_all(peer, chunk);
      if (!sent.ok()) throw std::runtime_error("cannot send: " + io_error{sent.error}.text());
      u64 const pause_us = p.pause_us * (50 + i * 37 % 100) / 100;
      co_await regatta::sleep_for(rt, std::chrono::microseconds(pause_us));
    }
    peer.shutdown_write();
  }

  // Answers how many bytes were right.
  template <net_runtime R>
  static task<u64> read_all(R& rt, typename R::stream& peer, recorder& latency) {
    std::array<std::byte, 64> buffer;
    u64 place = 0;
    u64 right_bytes = 0;
    u64 timeouts = 0;
    for (;;) {
      auto contest = race(read(peer, buffer), lose_patience(rt));
      auto const first = co_await contest;
      if (first.index() == 1) {
        ++timeouts;
        continue;
      }
      io_result const got = std::get<0>(first);
      if (!got.ok()) throw std::runtime_error("cannot receive: " + io_error{got.error}.text());
      if (got.is_end()) break;
      for (u64 i = 0; i < got.count; ++i) {
        if (buffer[i] == byte_at(place++)) ++right_bytes;
      }
    }
    latency.count("timeouts", timeouts);
    co_return right_bytes;
  }

  template <byte_stream S>
  static task<io_result> read(S& from, std::span<std::byte> target) {
    co_return co_await from.read(target);
  }

  template <timed_runtime R>
  static task<void> lose_patience(R& rt) {
    co_await regatta::sleep_for(rt, patience);
  }
};
static_assert(scenario<cancel_read>);

}  // namespace regatta::scenarios
