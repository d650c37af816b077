// How long a message is under way: from before its sender asks for room until its receiver has it.
// A small capacity keeps messages young, because the sender waits where the clock already runs; a
// large one lets them queue. What throughput gains by a larger channel, latency pays.
#pragma once

#include "runtimes/interface/channel.hpp"
#include "scenarios/support/message.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct channel_latency {
  static constexpr std::string_view name = "channel_latency";
  static constexpr std::string_view summary =
      "the time from send to receive of each message in a channel";

  struct params {
    u64 capacity = 16;
    u64 producers = 1;
    u64 consumers = 1;
    u64 messages = 5'000;
    void each(auto&& visit) {
      visit("capacity", capacity);
      visit("producers", producers);
      visit("consumers", consumers);
      visit("messages", messages);
    }
  };

  static params smoke() { return {.producers = 2, .consumers = 2, .messages = 100}; }
  static std::vector<params> quick() { return {params{}}; }
  static std::vector<params> full() {
    auto const shapes = grid<params>({.producers = 1, .consumers = 1}) +
                        grid<params>({.producers = 5, .consumers = 1}) +
                        grid<params>({.producers = 1, .consumers = 4}) +
                        grid<params>({.producers = 4, .consumers = 4});
    return shapes.over(&params::capacity, {1, 16, 100, 1'024, 1'000'000});
  }

  static u64 expected(params p) { return sum_of_indices(p.messages); }
  static u64 operations(params p) { return p.messages; }
  static std::string invalid(params p) {
    if (p.producers == 0 || p.consumers == 0) return "there must be a producer and a consumer";
    return p.messages == 0 ? "messages must be at least 1" : "";
  }

  template <runtime R>
  static task<u64> run(R& rt, params p, recorder& latency) {
    regatta::channel<stamped, R> messages(p.capacity);
    auto consumers = spawn_n(rt, p.consumers, [&](u64) { return consume(messages, latency); });
    auto producers = spawn_n(rt, p.producers, [&](u64 i) {
      return produce(messages, share_of(i, p.producers, p.messages));
    });
    co_await join_all(std::move(producers));
    messages.close();
    auto const received = co_await join_all(std::move(consumers));
    co_return sum_of_all(received, p.messages);
  }

 private:
  struct stamped {
    u64 number;
    recorder::moment sent;
  };

  template <class Pipe>
  static task<void> produce(Pipe& messages, numbers mine) {
    for (u64 i = mine.first; i < mine.end; ++i) {
      stamped const next{i, recorder::now()};
      co_await messages.send(next);
    }
  }

  template <class Pipe>
  static task<tally> consume(Pipe& messages, recorder& latency) {
    tally received;
    while (auto const next = co_await messages.recv()) {
      latency.record_since(next->sent);
      received.add(next->number);
    }
    co_return received;
  }
};
static_assert(scenario<channel_latency>);

}  // namespace regatta::scenarios
