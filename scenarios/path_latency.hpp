// How long requests through a path are under way at a given load. The loop is open: requests are
// due at fixed times, whether those before have been answered or not, and a latency counts from the
// time at which its request was due, so that a stall is charged to all that it kept waiting. The
// load is a share of what this very path can do at most (its peak, measured in a closed loop with
// as many clients before), or the same rate for all paths.
//
// The answer holds requests that were answered right and those that were skipped, because too many
// were under way. A path that achieves less than 99 % of the load is saturated there: its latencies
// are those of a queue that grows, and are ranked with nobody's.
#pragma once

#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct path_latency {
  static constexpr std::string_view name = "path_latency";
  static constexpr std::string_view summary =
      "echo through a proxy or straight, at a fixed rate: how long from when each was due";
  static constexpr subject asked = subject::path;
  static constexpr quantity measures = quantity::latency;
  static constexpr bool times_a_part = true;

  struct params {
    u64 clients = 64;
    u64 message_bytes = 128;
    u64 percent_of_peak = 50;  // or 0, and then
    u64 per_s = 0;             // so many requests a second
    u64 requests = 4'000;      // that are due
    void each(auto&& visit) {
      visit("clients", clients);
      visit("message_bytes", message_bytes);
      visit("percent_of_peak", percent_of_peak);
      visit("per_s", per_s);
      visit("requests", requests);
    }
  };

  static params smoke() {
    return {.clients = 3, .percent_of_peak = 0, .per_s = 2'000, .requests = 20};
  }
  static std::vector<params> quick() {
    return {
        {.percent_of_peak = 50},
        {.percent_of_peak = 90},
        {.percent_of_peak = 0, .per_s = 5'000, .requests = 1'500},
        {.percent_of_peak = 0, .per_s = 20'000},
    };
  }
  static std::vector<params> full() {
    grid<params> const sizes = grid<params>({.requests = 20'000})
                                   .over(&params::message_bytes, {128, 1'000})
                                   .over(&params::clients, {50, 300, 1'000});
    return sizes.over(&params::percent_of_peak, {25, 50, 75, 90}) +
           sizes.over(&params::percent_of_peak, {0}).over(&params::per_s, {5'000, 10'000, 20'000});
  }
  static std::string invalid(params p) {
    if (p.clients == 0 || p.message_bytes == 0 || p.requests == 0) {
      return "clients, message_bytes and requests must be at least 1";
    }
    if ((p.percent_of_peak == 0) == (p.per_s == 0)) {
      return "one of percent_of_peak and per_s must be 0, and the other one must not";
    }
    return "";
  }

  // Answered right, or skipped.
  static u64 expected(params p) { return p.requests; }
  static u64 operations(params p) { return p.requests; }
};
static_assert(scenario<path_latency>);

}  // namespace regatta::scenarios
