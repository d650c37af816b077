// One message for many receivers: a copy of its bytes for each, or a share of the one buffer that
// there is. A copy costs its bytes, a share costs a count that all receivers' threads touch; from
// what size on, and for how many, is sharing the cheaper one?
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <vector>

#include "scenarios/support/pipes.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct bytes {
  static constexpr std::string_view name = "bytes";
  static constexpr std::string_view summary =
      "buffers for many receivers: a copy for each, or one that they share";

  struct params {
    u64 receivers = 8;
    u64 size = 4'096;  // of a message, in bytes
    choice<"copy", "share"> by{};
    u64 messages = 100;
    void each(auto&& visit) {
      visit("receivers", receivers);
      visit("size", size);
      visit("by", by);
      visit("messages", messages);
    }
  };

  static params smoke() { return {.receivers = 3, .size = 100, .messages = 5}; }
  static std::vector<params> quick() {
    return grid<params>()
        .over(&params::receivers, {1, 8})
        .over(&params::size, {64, 4'096, 65'536})
        .over(&params::by, {"copy", "share"});
  }
  static std::vector<params> full() {
    return grid<params>()
        .over(&params::receivers, {1, 8, 64})
        .over(&params::size, {64, 1'024, 4'096, 16'384, 65'536, 1'048'576})
        .over(&params::by, {"copy", "share"})
        .where([](params p) { return invalid(p).empty(); });
  }

  // Of each message, at each receiver: the first byte, the one in the middle, and the last.
  static u64 expected(params p) {
    u64 total = 0;
    for (u64 message = 0; message < p.messages; ++message) {
      total += byte_of(message, 0) + byte_of(message, p.size / 2) + byte_of(message, p.size - 1);
    }
    return p.receivers * total;
  }
  static u64 operations(params p) { return p.messages * p.receivers; }
  static std::string invalid(params p) {
    if (p.receivers == 0 || p.size == 0 || p.messages == 0) {
      return "receivers, size and messages must be at least 1";
    }
    u64 const most_waiting = std::min(p.messages, capacity) * (p.by == "copy" ? p.receivers : 1);
    return p.size > (u64{512} << 20) / most_waiting ? "the channels could hold more than 512 MiB"
                                                    : "";
  }

  template <runtime R>
  static task<u64> run(R& rt, params p) {
    if (p.by == "share") return distribute<std::shared_ptr<buffer const>>(rt, p);
    return distribute<buffer>(rt, p);
  }

 private:
  using buffer = std::vector<std::byte>;
  static constexpr u64 capacity = 16;

  static constexpr u64 byte_of(u64 message, u64 place) { return (place * 7 + message) & 255; }

  static buffer make(u64 message, u64 size) {
    buffer made(size);
    for (u64 i = 0; i < size; ++i) made[i] = static_cast<std::byte>(byte_of(message, i));
    return made;
  }

  template <class Parcel, runtime R>
  static task<u64> distribute(R& rt, params p) {
    auto const channels = make_pipes<Parcel, R>(p.receivers, capacity);
    auto receivers = spawn_n(rt, p.receivers,
                             [&](u64 i) { return receive<Parcel, R>(channels, i, p.messages); });
    auto sender = rt.spawn(send<Parcel, R>(channels, p));
    co_await sender;
    auto const sums = co_await join_all(std::move(receivers));
    co_return sum(sums);
  }

  template <class Parcel, runtime R>
  static task<void> send(pipes<Parcel, R> channels, params p) {
    for (u64 i = 0; i < p.messages; ++i) {
      Parcel const parcel = pack<Parcel>(make(i, p.size));
      for (auto& each : *channels) co_await each.send(parcel);
    }
    for (auto& each : *channels) each.close();
  }

  template <class Parcel>
  static Parcel pack(buffer made) {
    if constexpr (std::same_as<Parcel, buffer>) {
      return made;
    } else {
      return std::make_shared<buffer const>(std::move(made));
    }
  }

  template <class Parcel, runtime R>
  static task<u64> receive(pipes<Parcel, R> channels, u64 index, u64 messages) {
    auto& mine = (*channels)[index];
    u64 received = 0;
    u64 total = 0;
    while (auto const parcel = co_await mine.recv()) {
      ++received;
      total += sample(*parcel);
    }
    if (received != messages) throw std::logic_error("a receiver did not have every message");
    co_return total;
  }

  static u64 sample(std::shared_ptr<buffer const> const& share) { return sample(*share); }
  static u64 sample(buffer const& copy) {
    return std::to_integer<u64>(copy.front()) + std::to_integer<u64>(copy[copy.size() / 2]) +
           std::to_integer<u64>(copy.back());
  }
};
static_assert(scenario<bytes>);

}  // namespace regatta::scenarios
