// Pairs of tasks, each pair with two one-shot channels: the first sends a number and waits for it
// to come back one larger. Both tasks are new, both channels are used once: the price of a request
// and its reply between two tasks, with nothing of it shared or kept.
#pragma once

#include "runtimes/interface/oneshot.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct ping_pong {
  static constexpr std::string_view name = "ping_pong";
  static constexpr std::string_view summary =
      "pairs of tasks that exchange a ping and a pong over two one-shot channels";

  struct params {
    u64 pairs = 1'000;
    void each(auto&& visit) { visit("pairs", pairs); }
  };

  static params smoke() { return {.pairs = 20}; }
  static std::vector<params> quick() { return {params{}}; }
  static std::vector<params> full() {
    return grid<params>().over(&params::pairs, {1, 1'000, 100'000});
  }

  static u64 expected(params p) { return sum_of_indices(p.pairs) + p.pairs; }
  static u64 operations(params p) { return p.pairs; }
  static std::string invalid(params p) { return p.pairs == 0 ? "pairs must be at least 1" : ""; }

  template <runtime R>
  static task<u64> run(R& rt, params p) {
    auto pings = spawn_n(rt, p.pairs, [&](u64 i) { return ping(rt, i); });
    auto const pongs = co_await join_all(std::move(pings));
    co_return sum(pongs);
  }

 private:
  template <runtime R>
  using letter = regatta::oneshot<u64, R>;

  template <runtime R>
  static task<u64> ping(R& rt, u64 number) {
    letter<R> there;
    letter<R> back;
    auto partner = rt.spawn(pong<R>(std::move(there.receiver), std::move(back.sender)));
    there.sender.send(number);
    auto const answer = co_await back.receiver.recv();
    co_await partner;
    co_return answer.value();
  }

  template <runtime R>
  static task<void> pong(typename letter<R>::receiver_half question,
                         typename letter<R>::sender_half answer) {
    auto const number = co_await question.recv();
    answer.send(number.value() + 1);
  }
};
static_assert(scenario<ping_pong>);

}  // namespace regatta::scenarios
