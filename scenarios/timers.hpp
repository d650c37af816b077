// Very many timers, and what each costs: to create one, to have it fire, to cancel one. Servers set
// one for each request and cancel nearly all of them, so that the price must be flat: with ten
// million timers a single one should cost what it costs with ten thousand, but for what the caches
// say to that.
//
// A timer is a frame that sleeps. All are members of one group, inside the turn of one task: so
// nothing is spawned, and the runtime has no more to do than to keep time. The frames are made
// before the clock starts.
#pragma once

#include <algorithm>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtimes/interface/group.hpp"
#include "runtimes/interface/time.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct timers {
  static constexpr std::string_view name = "timers";
  static constexpr std::string_view summary =
      "very many timers: what it costs to create, to fire and to cancel one";
  static constexpr bool times_a_part = true;

  struct params {
    choice<"create", "fire", "cancel"> phase{};  // the one that is timed
    u64 timers = 10'000;
    void each(auto&& visit) {
      visit("phase", phase);
      visit("timers", timers);
    }
  };

  static params smoke() { return {.timers = 100}; }
  static std::vector<params> quick() { return phases().over(&params::timers, {10'000, 1'000'000}); }
  static std::vector<params> full() {
    return phases().over(&params::timers, {10'000, 100'000, 1'000'000, 10'000'000});
  }

  // Who fires answers its index; of the others, which are due in an hour, nobody may have fired.
  static u64 expected(params p) { return p.phase == "fire" ? sum_of_indices(p.timers) : p.timers; }
  static u64 operations(params p) { return p.timers; }
  static std::string invalid(params p) { return p.timers == 0 ? "timers must be at least 1" : ""; }

  template <timed_runtime R>
  static task<u64> run(R& rt, params p, recorder& latency) {
    if (p.phase == "create") return create(rt, p, latency);
    if (p.phase == "cancel") return cancel(rt, p, latency);
    return fire(rt, p, latency);
  }

 private:
  static grid<params> phases() {
    return grid<params>().over(&params::phase, {"create", "fire", "cancel"});
  }

  template <timed_runtime R>
  static task<u64> create(R& rt, params p, recorder& latency) {
    alarms<R> all(rt, p.timers);
    latency.start_clock();
    all.set(in_an_hour(rt));
    latency.stop_clock();
    co_return all.waiting();
  }

  template <timed_runtime R>
  static task<u64> cancel(R& rt, params p, recorder& latency) {
    alarms<R> all(rt, p.timers);
    all.set(in_an_hour(rt));
    u64 const waiting = all.waiting();
    latency.start_clock();
    u64 const cancelled = all.cancel();
    latency.stop_clock();
    co_return std::min(waiting, cancelled);
  }

  template <timed_runtime R>
  static task<u64> fire(R& rt, params p, recorder& latency) {
    auto const all = set_in_time(rt, p.timers);
    // Awake when the first is due, so that the clock starts then.
    co_await rt.sleep_until(all->first_due() - std::chrono::milliseconds(2));
    while (regatta::now(rt) < all->first_due()) {
      all->run_batch();
      co_await rt.yield();
    }
    latency.start_clock();
    while (!all->have_rung()) {
      co_await all->turn();
      all->run_batch();
    }
    latency.stop_clock();
    co_return all->sum_of_rung();
  }

  template <timed_runtime R>
  class alarms;

  template <timed_runtime R>
  static time_point in_an_hour(R& rt) {
    return regatta::now(rt) + std::chrono::hours(1);
  }

  // All set before the first of them is due. How long that takes is estimated, and a busy machine
  // may belie the estimate.
  template <timed_runtime R>
  static std::unique_ptr<alarms<R>> set_in_time(R& rt, u64 timers) {
    constexpr u64 attempts = 5;
    duration patience = 3 * time_to_set(rt, timers) + std::chrono::milliseconds(10);
    for (u64 attempt = 0; attempt < attempts; ++attempt, patience *= 2) {
      auto all = std::make_unique<alarms<R>>(rt, timers);
      all->set(regatta::now(rt) + patience, interval);
      if (regatta::now(rt) < all->first_due()) return all;
    }
    throw std::runtime_error(
        "the timers could not all be created before the first was due: a tenth of them had taken "
        "far less than a tenth of the time");
  }

  template <timed_runtime R>
  static duration time_to_set(R& rt, u64 timers) {
    alarms<R> some(rt, timers / 10 + 1);
    auto const begin = regatta::now(rt);
    some.set(in_an_hour(rt));
    return 10 * (regatta::now(rt) - begin);
  }

  // Between two that fire: a hundred in a microsecond, so that the wait for them is short.
  static constexpr duration interval{10};
};

// The timers, which keep the account themselves: all run inside the turn of their owner.
template <timed_runtime R>
class timers::alarms final : public group {
 public:
  alarms(R& rt, u64 count) : rt_(rt) {
    timers_.reserve(count);
    for (u64 i = 0; i < count; ++i) timers_.push_back(alarm(*this, i));
  }

  // Timer i is due at first + i * apart.
  void set(time_point first, duration apart = {}) {
    first_due_ = first;
    apart_ = apart;
    for (auto const& each : timers_) {
      add(each.promise());
      run_batch();
    }
  }

  // In another order than that of their creation: one after the other lie far apart. Answers how
  // many there were.
  u64 cancel() {
    u64 const count = timers_.size();
    u64 stride = count * 5 / 8 | 1;
    while (std::gcd(stride, count) != 1) ++stride;
    u64 cancelled = 0;
    for (u64 i = 0, at = 0; i < count; ++i, at = (at + stride) % count) {
      if (timers_[at]) ++cancelled;
      timers_[at].cancel();
    }
    return cancelled;
  }

  time_point first_due() const { return first_due_; }
  // How many have been set and have not rung.
  u64 waiting() {
    run_batch();
    return set_ - rung_;
  }
  bool have_rung() const { return rung_ == timers_.size(); }
  u64 sum_of_rung() const {
    if (early_.count() > 0) {
      throw std::logic_error("a timer fired " + std::to_string(early_.count()) + " ns early");
    }
    return sum_of_rung_;
  }

  void member_ended(promise_base&) noexcept override {}

 private:
  static task<void> alarm(alarms& all, u64 index) {
    ++all.set_;
    co_await all.rt_.sleep_until(all.due(index));
    all.ring(index);
  }

  time_point due(u64 index) const { return first_due_ + static_cast<i64>(index) * apart_; }

  void ring(u64 index) {
    ++rung_;
    sum_of_rung_ += index;
    // One look at the clock does for all who were due before it.
    if (due(index) > seen_) seen_ = regatta::now(rt_);
    if (due(index) > seen_) early_ = std::max(early_, due(index) - seen_);
  }

  R& rt_;
  time_point first_due_{};
  duration apart_{};
  u64 set_ = 0;
  u64 rung_ = 0;
  u64 sum_of_rung_ = 0;
  time_point seen_{};
  duration early_{};
  std::vector<task<void>> timers_;  // The last member: what dies uses all others.
};
static_assert(scenario<timers>);

}  // namespace regatta::scenarios
