// Producers send as fast as they can to consumers that receive as fast as they can, through one
// channel. A small capacity (0 is a rendezvous) makes them take turns, a large one lets them run
// apart; the unbounded channel shows what never having to wait is worth. Receiving many at a time
// spares wakes and locks.
#pragma once

#include <algorithm>

#include "runtimes/interface/channel.hpp"
#include "scenarios/support/message.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct channel {
  static constexpr std::string_view name = "channel";
  static constexpr std::string_view summary =
      "producers and consumers at full speed on one channel";

  struct params {
    number_or<"unbounded"> capacity = 100;
    u64 producers = 1;
    u64 consumers = 1;
    u64 payload_bytes = 8;
    choice<"one", "many"> receive{};
    u64 messages = 5'000;
    void each(auto&& visit) {
      visit("capacity", capacity);
      visit("producers", producers);
      visit("consumers", consumers);
      visit("payload_bytes", payload_bytes);
      visit("receive", receive);
      visit("messages", messages);
    }
  };

  static params smoke() { return {.producers = 2, .consumers = 2, .messages = 200}; }
  static std::vector<params> quick() {
    return {{.capacity = 1},
            {.producers = 5},
            {.producers = 5, .receive = "many"},
            {.capacity = 1'024, .producers = 4, .consumers = 4},
            {.capacity = "unbounded"}};
  }
  static std::vector<params> full() {
    auto const shapes = grid<params>({.producers = 1, .consumers = 1}) +
                        grid<params>({.producers = 5, .consumers = 1}) +
                        grid<params>({.producers = 1, .consumers = 4}) +
                        grid<params>({.producers = 4, .consumers = 4});
    return shapes.over(&params::capacity, {1, 16, 100, 1'024, 1'000'000, "unbounded"})
        .over(&params::payload_bytes, {8, 512, 32'768})
        .over(&params::receive, {"one", "many"})
        .over(&params::messages, {5'000, 1'000'000})
        .where([](params p) { return invalid(p).empty(); });
  }

  static u64 expected(params p) { return sum_of_indices(p.messages); }
  static u64 operations(params p) { return p.messages; }
  static std::string invalid(params p) {
    if (p.producers == 0 || p.consumers == 0) return "there must be a producer and a consumer";
    if (p.messages == 0) return "messages must be at least 1";
    if (p.payload_bytes != 8 && p.payload_bytes != 512 && p.payload_bytes != 32'768) {
      return "payload_bytes must be 8, 512 or 32768";
    }
    // All messages together, because nobody can tell how far a producer gets ahead.
    u64 const most_in_channel =
        p.capacity.is_word() ? p.messages : std::min(p.messages, p.capacity.number());
    if (most_in_channel > (u64{512} << 20) / p.payload_bytes)
      return "the channel could hold more than 512 MiB";
    return "";
  }

  template <runtime R>
  static task<u64> run(R& rt, params p) {
    if (p.payload_bytes == 8) return flow<message<8>>(rt, p);
    if (p.payload_bytes == 512) return flow<message<512>>(rt, p);
    return flow<message<32'768>>(rt, p);
  }

 private:
  template <class Message, runtime R>
  static task<u64> flow(R& rt, params p) {
    using pipe = regatta::channel<Message, R>;
    pipe messages(p.capacity.is_word() ? pipe::unlimited : p.capacity.number());
    auto consumers = spawn_n(rt, p.consumers, [&](u64) {
      return p.receive == "one" ? consume(messages) : consume_many(messages);
    });
    auto producers = spawn_n(rt, p.producers, [&](u64 i) {
      return produce(messages, share_of(i, p.producers, p.messages));
    });
    co_await join_all(std::move(producers));
    messages.close();
    auto const received = co_await join_all(std::move(consumers));
    co_return sum_of_all(received, p.messages);
  }

  template <class Pipe>
  static task<void> produce(Pipe& messages, numbers mine) {
    for (u64 i = mine.first; i < mine.end; ++i)
      co_await messages.send(typename Pipe::value_type(i));
  }

  template <class Pipe>
  static task<tally> consume(Pipe& messages) {
    tally received;
    while (auto const next = co_await messages.recv()) received.add(next->number());
    co_return received;
  }

  template <class Pipe>
  static task<tally> consume_many(Pipe& messages) {
    constexpr u64 at_most = 100;
    tally received;
    std::vector<typename Pipe::value_type> batch;
    while (auto const count = co_await messages.recv_many(batch, at_most)) {
      for (std::size_t i = 0; i < count; ++i) received.add(batch[i].number());
      batch.clear();
    }
    co_return received;
  }
};
static_assert(scenario<channel>);

}  // namespace regatta::scenarios
