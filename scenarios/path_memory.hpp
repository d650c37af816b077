// What a connection that is idle costs a proxy: memory that belongs to its processes alone, with so
// many clients connected of which each has had one request answered and is silent now. With none it
// is what the proxy needs by itself; how it rises with their number is what one of them costs. What
// the kernel keeps for sockets is not in it.
#pragma once

#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct path_memory {
  static constexpr std::string_view name = "path_memory";
  static constexpr std::string_view summary =
      "private memory of a proxy with idle connections through it";
  static constexpr subject asked = subject::path;
  static constexpr quantity measures = quantity::bytes;

  struct params {
    u64 connections = 1'000;
    void each(auto&& visit) { visit("connections", connections); }
  };

  static params smoke() { return {.connections = 20}; }
  static std::vector<params> quick() {
    return grid<params>().over(&params::connections, {0, 1'000, 4'000});
  }
  static std::vector<params> full() {
    return grid<params>().over(&params::connections, {0, 100, 1'000, 4'000, 9'900});
  }

  // The connections that have stood while we looked.
  static u64 expected(params p) { return p.connections; }
  // The figure is that of all processes of the proxy.
  static u64 operations(params) { return 1; }
};
static_assert(scenario<path_memory>);

}  // namespace regatta::scenarios
