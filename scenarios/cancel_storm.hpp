// Very many tasks wait for a message, each for a millisecond at most, and the messages come at the
// very moment when all of them give up. Each message must be received once: by a task that was in
// time, or by whoever looks into the channel afterwards. A runtime that hands a message to a task
// and then cancels it there loses one.
#pragma once

#include <memory>
#include <optional>

#include "runtimes/interface/channel.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/time.hpp"
#include "scenarios/support/message.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct cancel_storm {
  static constexpr std::string_view name = "cancel_storm";
  static constexpr std::string_view summary =
      "tasks that give up receiving at the moment when the messages come";

  struct params {
    u64 tasks = 10'000;
    u64 messages = 1'000;
    void each(auto&& visit) {
      visit("tasks", tasks);
      visit("messages", messages);
    }
  };

  static params smoke() { return {.tasks = 50, .messages = 20}; }
  static std::vector<params> quick() { return {params{}}; }
  static std::vector<params> full() {
    return grid<params>().over(&params::tasks, {10'000, 100'000});
  }

  static u64 expected(params p) { return sum_of_indices(p.messages); }
  static u64 operations(params p) { return p.tasks; }
  static std::string invalid(params p) {
    return p.tasks == 0 || p.messages == 0 ? "there must be a task and a message" : "";
  }

  template <timed_runtime R>
  static task<u64> run(R& rt, params p, recorder& latency) {
    auto const mail = std::make_shared<letters<R>>();
    auto postman = rt.spawn(deliver(rt, mail, regatta::now(rt) + patience, p.messages));
    auto waiting = spawn_n(rt, p.tasks, [&](u64) { return wait_for_letter(rt, mail); });
    auto const answers = co_await join_all(std::move(waiting));
    co_await postman;

    tally received;
    for (auto const& letter : answers) {
      if (letter) received.add(*letter);
    }
    latency.count("received", received.messages);
    latency.count("timed_out", p.tasks - received.messages);
    tally const left = drain(*mail);
    co_return sum_of_all(std::vector{received, left}, p.messages);
  }

 private:
  template <runtime R>
  using letters = regatta::unbounded_channel<u64, R>;
  static constexpr auto patience = std::chrono::milliseconds(1);

  template <timed_runtime R>
  static task<std::optional<u64>> wait_for_letter(R& rt, std::shared_ptr<letters<R>> mail) {
    auto contest = race(receive(*mail), lose_patience(rt));
    auto const first = co_await contest;
    if (first.index() == 1) co_return std::nullopt;
    co_return std::get<0>(first);
  }

  template <class Letters>
  static task<std::optional<u64>> receive(Letters& mail) {
    co_return co_await mail.recv();
  }

  template <timed_runtime R>
  static task<void> lose_patience(R& rt) {
    co_await regatta::sleep_for(rt, patience);
  }

  // A few at a time, so that others give up in between.
  template <timed_runtime R>
  static task<void> deliver(R& rt, std::shared_ptr<letters<R>> mail, time_point first, u64 count) {
    constexpr u64 at_once = 8;
    co_await rt.sleep_until(first);
    for (u64 i = 0; i < count; ++i) {
      co_await mail->send(i);
      if (i % at_once == at_once - 1) co_await rt.yield();
    }
  }

  template <class Letters>
  static tally drain(Letters& mail) {
    tally left;
    while (auto const letter = mail.try_recv()) left.add(*letter);
    return left;
  }
};
static_assert(scenario<cancel_storm>);

}  // namespace regatta::scenarios
