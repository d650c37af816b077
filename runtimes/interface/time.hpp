// Time, in terms of a runtime's sleep_until(): how long, at most how long, and every so often.
#pragma once

#include <optional>
#include <utility>

#include "runtimes/interface/group.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/runtime.hpp"

namespace regatta {

// The present, by the clock that the runtime's sleeps go by: a simulated runtime has its own.
template <timed_runtime R>
time_point now(R const& rt) {
  if constexpr (requires { rt.now(); }) {
    return rt.now();
  } else {
    return clock::now();
  }
}

// Waits at least that long, counted from this call. Safe to cancel.
template <timed_runtime R>
auto sleep_for(R& rt, duration delay) {
  return rt.sleep_until(now(rt) + delay);
}

// Runs a task for at most that long. nullopt: the time was over first, and the task is dead: it was
// destroyed where it waited, and lost nothing that is cancel-safe. A task that never waits is not
// interrupted. What the task throws, this throws.
template <timed_runtime R, class T>
task<std::optional<value_or_nothing<T>>> timeout(R& rt, duration limit, task<T> limited) {
  time_point const deadline = now(rt) + limit;
  detail::race_group runners;
  // Declared after the group, and not left among the parameters, so that they are destroyed first.
  task<T> runner = std::move(limited);
  task<void> alarm;
  runners.add(runner.promise());
  runners.run_until_won();
  if (runners.winner() == nullptr) {
    // Only who really waits pays for an alarm.
    constexpr auto ring_at = [](R& where, time_point when) -> task<void> {
      co_await where.sleep_until(when);
    };
    alarm = ring_at(rt, deadline);
    runners.add(alarm.promise());
    runners.run_until_won();
  }
  while (runners.winner() == nullptr) {
    co_await runners.turn();
    runners.run_until_won();
  }
  if (runners.winner() != &runner.promise()) {
    runner.cancel();
    co_return std::nullopt;
  }
  alarm.cancel();
  co_return take_value(runner.promise());
}

// Ticks at fixed times: start + period, start + 2 · period, … A tick that is awaited late comes at
// once, so that the number of ticks is right in the long run and lateness does not add up.
template <timed_runtime R>
class interval {
 public:
  interval(R& rt, duration period) : interval(rt, period, now(rt) + period) {}
  interval(R& rt, duration period, time_point first) noexcept
      : rt_(rt), period_(period), next_(first) {}

  // When the next tick is due.
  time_point next() const noexcept { return next_; }

  // Waits for the next tick. A tick whose wait was cancelled is over.
  auto tick() { return rt_.sleep_until(std::exchange(next_, next_ + period_)); }

 private:
  R& rt_;
  duration period_;
  time_point next_;
};

}  // namespace regatta
