// A page needs what several services know: its user, the posts, the comments. Asking one after the
// other takes the sum of their delays, asking all at once takes the longest. Joined, one task
// drives all fetches; spawned, each is a task of its own and may run on another worker. With a
// delay, the time per operation shows the shape; without one, it shows what each way costs.
#pragma once

#include <algorithm>
#include <stdexcept>

#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct join {
  static constexpr std::string_view name = "join";
  static constexpr std::string_view summary =
      "several fetches for one page: one after the other, joined in one task, or a task each";

  struct params {
    choice<"sequential", "join", "spawn"> style{};
    u64 width = 3;  // fetches
    u64 delay_us = 1'000;
    choice<"equal", "unequal"> delays{};  // unequal: once, twice, three times the delay, in turn
    void each(auto&& visit) {
      visit("style", style);
      visit("width", width);
      visit("delay_us", delay_us);
      visit("delays", delays);
    }
  };

  static params smoke() { return {.width = 3, .delay_us = 200}; }
  static std::vector<params> quick() {
    auto const styles = grid<params>().over(&params::style, {"sequential", "join", "spawn"});
    return styles.over(&params::delays, {"unequal"}) +
           styles.over(&params::width, {100}).over(&params::delay_us, {0});
  }
  static std::vector<params> full() {
    auto const pages = grid<params>()
                           .over(&params::style, {"sequential", "join", "spawn"})
                           .over(&params::width, {3, 10, 100, 1'000});
    return pages.over(&params::delay_us, {0, 1'000}) + pages.over(&params::delays, {"unequal"});
  }

  static u64 expected(params p) { return sum_of_indices(p.width); }
  static u64 operations(params p) { return p.width; }
  static std::string invalid(params p) { return p.width == 0 ? "width must be at least 1" : ""; }

  template <timed_runtime R>
  static task<u64> run(R& rt, params p) {
    if (p.style == "sequential") return one_after_the_other(rt, p);
    if (p.style == "join") return joined(rt, p);
    return spawned(rt, p);
  }

 private:
  // How many fetches are under way at once. Not for fetches that run on several workers.
  struct in_flight {
    u64 now = 0;
    u64 most = 0;
    void begin() { most = std::max(most, ++now); }
    void end() { --now; }
  };

  template <timed_runtime R>
  static task<u64> one_after_the_other(R& rt, params p) {
    in_flight fetches;
    u64 page = 0;
    for (u64 i = 0; i < p.width; ++i) {
      u64 const part = co_await fetch(rt, p, i, &fetches);
      page += part;
    }
    if (fetches.most > 1) throw std::logic_error("sequential fetches ran at the same time");
    co_return page;
  }

  template <timed_runtime R>
  static task<u64> joined(R& rt, params p) {
    in_flight fetches;
    std::vector<task<u64>> children;
    for (u64 i = 0; i < p.width; ++i) children.push_back(fetch(rt, p, i, &fetches));
    auto const parts = co_await join_all(std::move(children));
    bool const could_overlap = p.delay_us > 0 && p.width > 1;
    if (could_overlap && fetches.most == 1)
      throw std::logic_error("join ran one fetch after the other");
    co_return sum(parts);
  }

  template <timed_runtime R>
  static task<u64> spawned(R& rt, params p) {
    auto children = spawn_n(rt, p.width, [&](u64 i) { return fetch(rt, p, i, nullptr); });
    auto const parts = co_await join_all(std::move(children));
    co_return sum(parts);
  }

  template <timed_runtime R>
  static task<u64> fetch(R& rt, params p, u64 i, in_flight* watched) {
    if (watched != nullptr) watched->begin();
    u64 const times = p.delays == "unequal" ? i % 3 + 1 : 1;
    if (p.delay_us > 0) co_await rt.sleep_for(std::chrono::microseconds(times * p.delay_us));
    if (watched != nullptr) watched->end();
    co_return i;
  }
};
static_assert(scenario<join>);

}  // namespace regatta::scenarios
