// A pipeline: numbers flow from a producer through stages, each a task that adds one and passes on,
// to a consumer. Between any two is a bounded channel, so that the slowest sets the pace; its
// capacity says how far the others may run ahead. With no stage this is a channel and nothing else.
#pragma once

#include "runtimes/interface/stream.hpp"
#include "scenarios/support/message.hpp"
#include "scenarios/support/pipes.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct stream {
  static constexpr std::string_view name = "stream";
  static constexpr std::string_view summary =
      "a pipeline of tasks over bounded channels: producer, stages, consumer";

  struct params {
    u64 stages = 1;
    u64 elements = 10'000;
    u64 capacity = 64;  // of each channel
    void each(auto&& visit) {
      visit("stages", stages);
      visit("elements", elements);
      visit("capacity", capacity);
    }
  };

  static params smoke() { return {.elements = 100}; }
  static std::vector<params> quick() {
    return grid<params>({.elements = 5'000}).over(&params::stages, {1, 8});
  }
  static std::vector<params> full() {
    return grid<params>().over(&params::stages, {0, 1, 8}).over(&params::capacity, {1, 64, 1'024});
  }

  // Each stage has added one to each element.
  static u64 expected(params p) { return sum_of_indices(p.elements) + p.stages * p.elements; }
  static u64 operations(params p) { return p.elements; }
  static std::string invalid(params p) {
    return p.elements == 0 || p.capacity == 0 ? "elements and capacity must be at least 1" : "";
  }

  template <runtime R>
  static task<u64> run(R& rt, params p) {
    auto const channels = make_pipes<u64, R>(p.stages + 1, p.capacity);
    auto producer = rt.spawn(produce<R>(channels, p.elements));
    auto stages = spawn_n(rt, p.stages, [&](u64 i) { return stage<R>(channels, i); });
    auto consumer = rt.spawn(consume<R>(channels));
    tally const received = co_await consumer;
    co_await join_all(std::move(stages));
    co_await producer;
    co_return sum_of_all(std::vector{received}, p.elements);
  }

 private:
  template <runtime R>
  static task<void> produce(pipes<u64, R> channels, u64 elements) {
    auto& first = channels->front();
    for (u64 i = 0; i < elements; ++i) co_await first.send(i);
    first.close();
  }

  template <runtime R>
  static task<void> stage(pipes<u64, R> channels, u64 i) {
    auto increased = map(stream_of((*channels)[i]), [](u64 element) { return element + 1; });
    auto passing_on = regatta::forward(std::move(increased), (*channels)[i + 1]);
    co_await passing_on;
  }

  template <runtime R>
  static task<tally> consume(pipes<u64, R> channels) {
    auto& last = channels->back();
    tally received;
    while (auto const element = co_await last.recv()) received.add(*element);
    co_return received;
  }
};
static_assert(scenario<stream>);

}  // namespace regatta::scenarios
