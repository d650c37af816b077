// Many bytes one way through a path, over one connection: what a proxy takes for a byte where it is
// not asked for one after the other. The server checks each of them.
#pragma once

#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct path_bulk {
  static constexpr std::string_view name = "path_bulk";
  static constexpr std::string_view summary =
      "a bulk transfer one way through a proxy or straight, over one connection";
  static constexpr subject asked = subject::path;
  static constexpr bool times_a_part = true;

  struct params {
    u64 mebibytes = 1'024;
    void each(auto&& visit) { visit("mebibytes", mebibytes); }
  };

  static params smoke() { return {.mebibytes = 2}; }
  static std::vector<params> quick() { return {{.mebibytes = 256}}; }
  static std::vector<params> full() { return {params{}}; }
  static std::string invalid(params p) {
    constexpr u64 most = 1'024 * 1'024;
    return p.mebibytes == 0 || p.mebibytes > most ? "mebibytes must be from 1 to 1048576" : "";
  }

  static u64 bytes(params p) { return p.mebibytes * 1'024 * 1'024; }
  // The bytes that have come, and are right.
  static u64 expected(params p) { return bytes(p); }
  static u64 operations(params p) { return p.mebibytes; }
};
static_assert(scenario<path_bulk>);

}  // namespace regatta::scenarios
