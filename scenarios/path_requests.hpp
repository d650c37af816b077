// Requests through a path, as fast as it takes them: each client sends a message, waits for it to
// come back, and sends the next one, or hangs up and connects anew. What is compared are the ways
// from client to server, of which all but one lead through a proxy; client and server are the same.
#pragma once

#include <algorithm>

#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

struct path_requests {
  static constexpr std::string_view name = "path_requests";
  static constexpr std::string_view summary =
      "echo through a proxy or straight, in a closed loop: how many requests, and what CPU time";
  static constexpr subject asked = subject::path;
  // Clients that stay are connected before.
  static constexpr bool times_a_part = true;

  struct params {
    u64 clients = 64;
    u64 message_bytes = 128;
    choice<"long", "short"> connections{};  // short: one request each
    u64 requests = 4'000;                   // of all clients together
    void each(auto&& visit) {
      visit("clients", clients);
      visit("message_bytes", message_bytes);
      visit("connections", connections);
      visit("requests", requests);
    }
  };

  static params smoke() { return {.clients = 3, .requests = 30}; }
  static std::vector<params> quick() {
    return {
        {.clients = 1, .requests = 1'000},
        {.clients = 64},
        {.clients = 500},
        {.clients = 64, .message_bytes = 16'384},
        {.clients = 64, .connections = "short", .requests = 1'000},
    };
  }
  static std::vector<params> full() {
    std::vector<params> cells =
        grid<params>()
            .over(&params::connections, {"long", "short"})
            .over(&params::message_bytes, {128, 512, 1'000, 16'384})
            .over(&params::clients, {1, 50, 64, 150, 300, 500, 1'000, 9'900});
    // Everybody's turn comes twice at least.
    for (params& cell : cells) cell.requests = std::max<u64>(4'000, 2 * cell.clients);
    return cells;
  }
  static std::string invalid(params p) {
    if (p.clients == 0 || p.message_bytes == 0)
      return "clients and message_bytes must be at least 1";
    if (p.requests < p.clients) return "requests must be at least as many as clients";
    return "";
  }

  // The bytes that have come back right.
  static u64 expected(params p) { return p.requests * p.message_bytes; }
  static u64 operations(params p) { return p.requests; }
};
static_assert(scenario<path_requests>);

}  // namespace regatta::scenarios
