// A consumer ten times slower than each of its producers, and four ways to deal with it:
//   wait       the sender waits for room: memory stays bounded, the producers slow down
//   drop       what finds no room is thrown away and counted: nobody waits
//   spill      a task of its own waits for room with it: memory grows again, behind the channel's
//   back unbounded  there is always room: memory grows
// Each message's latency shows what the queue does to it; `most_waiting` among the counters is the
// longest that all queues together became, and the peak of memory follows it.
#pragma once

#include <algorithm>
#include <atomic>

#include "runtimes/interface/channel.hpp"
#include "scenarios/support/message.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct channel_backpressure {
  static constexpr std::string_view name = "channel_backpressure";
  static constexpr std::string_view summary =
      "a consumer ten times slower than its producers: wait, drop, spill into tasks, or grow";

  struct params {
    choice<"wait", "drop", "spill", "unbounded"> policy{};
    u64 capacity = 100;  // of no interest to `unbounded`
    u64 producers = 4;
    u64 messages = 1'000;
    u64 steps = 5'000;  // of the consumer's work on a message, 5 µs or so; a producer's is a tenth
    void each(auto&& visit) {
      visit("policy", policy);
      visit("capacity", capacity);
      visit("producers", producers);
      visit("messages", messages);
      visit("steps", steps);
    }
  };

  static params smoke() { return {.capacity = 4, .messages = 100, .steps = 100}; }
  static std::vector<params> quick() { return grid<params>().over(&params::policy, {"wait"}); }
  static std::vector<params> full() {
    return grid<params>()
        .over(&params::policy, {"wait", "drop", "spill", "unbounded"})
        .over(&params::messages, {1'000, 10'000, 50'000});
  }

  // What was dropped counts too: with what was received it must be everything.
  static u64 expected(params p) { return sum_of_indices(p.messages); }
  static u64 operations(params p) { return p.messages; }
  static std::string invalid(params p) {
    if (p.capacity == 0) return "capacity must be at least 1";
    return p.producers == 0 || p.messages == 0 ? "there must be a producer and a message" : "";
  }

  template <runtime R>
  static task<u64> run(R& rt, params p, recorder& latency) {
    using pipe = regatta::channel<parcel, R>;
    pipe parcels(p.policy == "unbounded" ? pipe::unlimited : p.capacity);
    waiting_room waiting;
    auto consumer = rt.spawn(consume(parcels, p, waiting, latency));
    auto producers = spawn_n(rt, p.producers, [&](u64 i) {
      return produce(rt, parcels, p, share_of(i, p.producers, p.messages), waiting);
    });
    auto ends = co_await join_all(std::move(producers));
    parcels.close();
    tally const received = co_await consumer;

    latency.count("most_waiting", waiting.most.load());
    latency.count("dropped", count_of(ends));
    ends.push_back(received);
    co_return sum_of_all(ends, p.messages);
  }

 private:
  struct parcel {
    u64 number;
    recorder::moment sent;
  };

  // How many parcels wait, in the channel or for room in it. Relaxed everywhere: safe because these
  // are only counted.
  struct waiting_room {
    std::atomic<u64> now{0};
    std::atomic<u64> most{0};

    void enter() {
      u64 const here = now.fetch_add(1, std::memory_order_relaxed) + 1;
      u64 before = most.load(std::memory_order_relaxed);
      while (before < here &&
             !most.compare_exchange_weak(before, here, std::memory_order_relaxed)) {
      }
    }
    void leave() { now.fetch_sub(1, std::memory_order_relaxed); }
  };

  // Answers what it dropped.
  template <runtime R, class Pipe>
  static task<tally> produce(R& rt, Pipe& parcels, params p, numbers mine, waiting_room& waiting) {
    tally dropped;
    std::vector<joiner<void>> spilled;
    for (u64 i = mine.first; i < mine.end; ++i) {
      toil(p.steps / 10);
      // Producers that never wait would keep the consumer from a runtime's only thread.
      co_await rt.yield();
      parcel const next{i, recorder::now()};
      waiting.enter();
      if (p.policy == "drop") {
        if (parcels.try_send(next) != send_result::sent) {
          waiting.leave();
          dropped.add(i);
        }
      } else if (p.policy == "spill") {
        if (parcels.try_send(next) != send_result::sent)
          spilled.push_back(rt.spawn(send_later(parcels, next)));
      } else {
        co_await parcels.send(next);
      }
    }
    co_await join_all(std::move(spilled));
    co_return dropped;
  }

  template <class Pipe>
  static task<void> send_later(Pipe& parcels, parcel next) {
    co_await parcels.send(next);
  }

  template <class Pipe>
  static task<tally> consume(Pipe& parcels, params p, waiting_room& waiting, recorder& latency) {
    tally received;
    while (auto const next = co_await parcels.recv()) {
      waiting.leave();
      latency.record_since(next->sent);
      toil(p.steps);
      received.add(next->number);
    }
    co_return received;
  }
};
static_assert(scenario<channel_backpressure>);

}  // namespace regatta::scenarios
