// The way from the word to stop until everybody has: tasks that compute and ask now and then
// whether they should go on, or tasks that wait and are woken by the word itself. Whoever has not
// ended after five seconds is abandoned, and the answer is wrong.
#pragma once

#include <atomic>
#include <memory>

#include "runtimes/interface/channel.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/stop.hpp"
#include "runtimes/interface/time.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct shutdown {
  static constexpr std::string_view name = "shutdown";
  static constexpr std::string_view summary =
      "from the request to stop until every task has ended by itself";
  static constexpr bool times_a_part = true;

  struct params {
    u64 tasks = 1'000;
    choice<"computing", "waiting"> state{};
    void each(auto&& visit) {
      visit("tasks", tasks);
      visit("state", state);
    }
  };

  static params smoke() { return {.tasks = 20}; }
  static std::vector<params> quick() {
    return grid<params>().over(&params::state, {"computing", "waiting"});
  }
  static std::vector<params> full() {
    return grid<params>()
        .over(&params::tasks, {100, 1'000, 10'000})
        .over(&params::state, {"computing", "waiting"});
  }

  // Tasks that ended by themselves.
  static u64 expected(params p) { return p.tasks; }
  static u64 operations(params p) { return p.tasks; }
  static std::string invalid(params p) { return p.tasks == 0 ? "tasks must be at least 1" : ""; }

  template <timed_runtime R>
  static task<u64> run(R& rt, params p, recorder& latency) {
    // Shared with tasks that may be abandoned, which live on.
    auto const house = std::make_shared<rooms<R>>();
    last_word const in_any_case(house->stop);
    auto inhabitants = spawn_n(rt, p.tasks, [&](u64) { return live(rt, house, p); });
    while (house->begun.load() < p.tasks) co_await rt.yield();

    latency.start_clock();
    house->stop.request_stop();
    auto leaving = regatta::timeout(rt, patience, join_all(std::move(inhabitants)));
    co_await leaving;
    latency.stop_clock();

    u64 const ended = house->ended.load();
    latency.count("abandoned", p.tasks - ended);
    co_return ended;
  }

 private:
  static constexpr auto patience = std::chrono::seconds(5);
  static constexpr u64 steps = 1'000;  // Between two looks: a microsecond or so.

  template <runtime R>
  struct rooms {
    std::atomic<u64> begun{0};
    std::atomic<u64> ended{0};
    stop_source<R> stop;
    regatta::channel<u64, R> silent{1};
  };

  // However a run ends, nobody computes for ever.
  template <class Source>
  class last_word {
   public:
    explicit last_word(Source& stop) : stop_(stop) {}
    last_word(last_word const&) = delete;
    ~last_word() { stop_.request_stop(); }

   private:
    Source stop_;
  };

  template <timed_runtime R>
  static task<void> live(R& rt, std::shared_ptr<rooms<R>> house, params p) {
    auto const stop = house->stop.token();
    house->begun.fetch_add(1);
    if (p.state == "computing") {
      while (!stop.stop_requested()) {
        toil(steps);
        co_await rt.yield();
      }
    } else {
      auto contest = race(stopped(stop), receive(house->silent));
      co_await contest;
    }
    house->ended.fetch_add(1);
  }

  template <class Token>
  static task<void> stopped(Token const& stop) {
    co_await stop.stopped();
  }

  template <class Pipe>
  static task<void> receive(Pipe& from) {
    co_await from.recv();
  }
};
static_assert(scenario<shutdown>);

}  // namespace regatta::scenarios
