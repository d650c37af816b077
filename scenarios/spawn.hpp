// Many children at once, and their answers together. A task for each lets the runtime spread them
// over its workers, and costs a trip through its queues; an unordered set lets one task drive them
// all, and costs neither; a set of joiners answers in the order in which tasks end. Who spawns
// matters as much as how many: the same call takes another way into the runtime from a worker, from
// inside block_on() and from a thread of nobody's.
#pragma once

#include "runtimes/interface/channel.hpp"
#include "runtimes/interface/unordered_set.hpp"
#include "scenarios/support/outside.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct spawn {
  static constexpr std::string_view name = "spawn";
  static constexpr std::string_view summary =
      "many children: a task each, one task that drives all, or a set of joiners";

  struct params {
    choice<"spawn", "unordered_set", "spawn_set"> style{};
    u64 tasks = 10'000;
    choice<"ready", "yield", "sleep", "receive">
        body{};  // once each: nothing, a yield, 1 ms, a message
    origin from{};
    void each(auto&& visit) {
      visit("style", style);
      visit("tasks", tasks);
      visit("body", body);
      visit("from", from);
    }
  };

  static params smoke() { return {.tasks = 100}; }
  static std::vector<params> quick() {
    return grid<params>().over(&params::style, {"spawn", "unordered_set", "spawn_set"}) +
           grid<params>({.from = "external"}) +
           grid<params>({.body = "sleep"}).over(&params::style, {"spawn", "unordered_set"});
  }
  static std::vector<params> full() {
    return grid<params>()
        .over(&params::style, {"spawn", "unordered_set", "spawn_set"})
        .over(&params::tasks, {100, 10'000, 1'000'000})
        .over(&params::body, {"ready", "yield", "sleep", "receive"})
        .over(&params::from, {"worker", "external", "block_on"});
  }

  static u64 expected(params p) { return sum_of_indices(p.tasks); }
  static u64 operations(params p) { return p.tasks; }
  static std::string invalid(params p) { return p.tasks == 0 ? "tasks must be at least 1" : ""; }

  template <runtime R>
  static task<u64> run(R& rt, params p) {
    letters<R> mail(letters_waiting);
    joiner<void> postman;
    if (p.body == "receive") postman = rt.spawn(deliver(mail, p.tasks));

    auto answers = started(rt, p, mail);
    u64 const answer = co_await std::move(answers);
    if (p.body == "receive") co_await postman;
    co_return answer;
  }

 private:
  template <runtime R>
  using letters = regatta::channel<u64, R>;
  static constexpr u64 letters_waiting = 100;

  template <runtime R>
  static task<u64> started(R& rt, params p, letters<R>& mail) {
    if (p.from == "block_on") return parent(rt, p, mail);
    if (p.from == "worker") return parent_on_a_worker(rt, p, mail);
    return p.style == "unordered_set" ? parent_from_outside(rt, p, mail)
                                      : children_from_outside(rt, p, mail);
  }

  template <runtime R>
  static task<u64> parent(R& rt, params p, letters<R>& mail) {
    if (p.style == "unordered_set") {
      auto answers = driven(rt, p, mail);
      co_return co_await std::move(answers);
    }
    auto children = spawn_n(rt, p.tasks, [&](u64 i) { return child(rt, p, i, mail); });
    auto answers = joined(p, std::move(children));
    co_return co_await std::move(answers);
  }

  template <runtime R>
  static task<u64> parent_on_a_worker(R& rt, params p, letters<R>& mail) {
    auto family = rt.spawn(parent(rt, p, mail));
    co_return co_await family;
  }

  template <runtime R>
  static task<u64> parent_from_outside(R& rt, params p, letters<R>& mail) {
    auto start = [&] { return rt.spawn(parent(rt, p, mail)); };
    outside_call starting(start);
    auto family = co_await starting;
    co_return co_await family;
  }

  template <runtime R>
  static task<u64> children_from_outside(R& rt, params p, letters<R>& mail) {
    auto start = [&] { return spawn_n(rt, p.tasks, [&](u64 i) { return child(rt, p, i, mail); }); };
    outside_call starting(start);
    auto children = co_await starting;
    auto answers = joined(p, std::move(children));
    co_return co_await std::move(answers);
  }

  // One task drives all children.
  template <runtime R>
  static task<u64> driven(R& rt, params p, letters<R>& mail) {
    unordered_set<u64> children;
    for (u64 i = 0; i < p.tasks; ++i) children.push(child(rt, p, i, mail));
    auto answers = sum_of(children);
    co_return co_await std::move(answers);
  }

  // The children run already; their answers are taken in order, or as they come.
  static task<u64> joined(params p, std::vector<joiner<u64>> children) {
    if (p.style == "spawn_set") {
      unordered_set<u64> ends;
      for (auto& one : children) ends.push(end_of(std::move(one)));
      auto answers = sum_of(ends);
      co_return co_await std::move(answers);
    }
    auto const answers = co_await join_all(std::move(children));
    co_return sum(answers);
  }

  static task<u64> sum_of(unordered_set<u64>& children) {
    u64 total = 0;
    while (auto const answer = co_await children.next()) total += *answer;
    co_return total;
  }

  static task<u64> end_of(joiner<u64> one) { co_return co_await one; }

  template <runtime R>
  static task<u64> child(R& rt, params p, u64 index, letters<R>& mail) {
    if (p.body == "yield") co_await rt.yield();
    if (p.body == "receive") {
      auto const letter = co_await mail.recv();
      co_return letter.value();
    }
    if (p.body == "sleep") {
      if constexpr (timed_runtime<R>) {
        co_await rt.sleep_for(std::chrono::milliseconds(1));
      } else {
        throw unsupported("this runtime has no timers, so that body=sleep cannot run");
      }
    }
    co_return index;
  }

  template <class Letters>
  static task<void> deliver(Letters& mail, u64 count) {
    for (u64 i = 0; i < count; ++i) co_await mail.send(i);
  }
};
static_assert(scenario<spawn>);

}  // namespace regatta::scenarios
