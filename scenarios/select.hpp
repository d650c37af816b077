// One consumer that waits for whichever of three comes first: a message of one stream, a message of
// the next, or something that never comes. Which two streams rotates. Two of the three waits are
// cancelled each time, and one of them may be about to be handed a message: nothing may be lost by
// that, and every stream must stay in order.
#pragma once

#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "runtimes/interface/race.hpp"
#include "scenarios/support/pipes.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct select {
  static constexpr std::string_view name = "select";
  static constexpr std::string_view summary =
      "one consumer of many streams, which always waits for the first of three";

  struct params {
    u64 streams = 7;
    u64 items = 10'000;  // of each stream
    void each(auto&& visit) {
      visit("streams", streams);
      visit("items", items);
    }
  };

  static params smoke() { return {.streams = 3, .items = 20}; }
  static std::vector<params> quick() { return {{.items = 1'000}}; }
  static std::vector<params> full() { return grid<params>().over(&params::streams, {2, 7}); }

  static u64 expected(params p) { return p.streams * sum_of_indices(p.items); }
  static u64 operations(params p) { return p.streams * p.items; }
  static std::string invalid(params p) {
    if (p.streams < 2) return "streams must be at least 2";
    return p.items == 0 ? "items must be at least 1" : "";
  }

  template <runtime R>
  static task<u64> run(R& rt, params p) {
    auto const channels = make_pipes<u64, R>(p.streams + 1, capacity);  // The last is silent.
    auto producers =
        spawn_n(rt, p.streams, [&](u64 i) { return produce<R>(channels, i, p.items); });
    auto consuming = consume<R>(channels, p);
    u64 const received = co_await consuming;
    co_await join_all(std::move(producers));
    co_return received;
  }

 private:
  static constexpr u64 capacity = 16;

  template <runtime R>
  static task<void> produce(pipes<u64, R> channels, u64 stream, u64 items) {
    auto& mine = (*channels)[stream];
    for (u64 i = 0; i < items; ++i) co_await mine.send(i);
    mine.close();
  }

  // A stream that has not ended, and what it must bring next.
  struct source {
    u64 stream;
    u64 next = 0;
  };

  template <runtime R>
  static task<u64> consume(pipes<u64, R> channels, params p) {
    std::vector<source> open;
    for (u64 i = 0; i < p.streams; ++i) open.push_back({i});

    u64 total = 0;
    for (u64 turn = 0; !open.empty(); ++turn) {
      u64 const places[] = {turn % open.size(), (turn + 1) % open.size()};
      auto contest =
          race(receive((*channels)[open[places[0]].stream]),
               receive((*channels)[open[places[1]].stream]), receive((*channels)[p.streams]));
      auto const first = co_await contest;
      if (first.index() == 2) throw std::logic_error("the silent channel brought something");

      auto const place = places[first.index()];
      auto const item = first.index() == 0 ? std::get<0>(first) : std::get<1>(first);
      if (item) {
        check_order(open[place], *item);
        total += *item;
      } else {
        if (open[place].next != p.items) throw std::logic_error("a stream ended too soon");
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(place));
      }
    }
    co_return total;
  }

  template <class Pipe>
  static task<std::optional<u64>> receive(Pipe& from) {
    co_return co_await from.recv();
  }

  static void check_order(source& from, u64 item) {
    if (item != from.next) {
      throw std::logic_error("stream " + std::to_string(from.stream) + " brought " +
                             std::to_string(item) + " instead of " + std::to_string(from.next));
    }
    ++from.next;
  }
};
static_assert(scenario<select>);

}  // namespace regatta::scenarios
