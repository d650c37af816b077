#include "proxy/load/plan.hpp"

#include <fmt/core.h>

#include <cmath>

#include "harness/stats/quantities.hpp"
#include "proxy/load/sockets.hpp"

namespace regatta::load {
namespace {

// A thread's share of the most requests in flight is memory that is there from the start.
constexpr u64 most_in_flight_at_all = u64{1} << 26;

std::string mistake_in_http(load_plan const& plan) {
  for (auto const* text : {&plan.path, &plan.host}) {
    for (char const c : *text) {
      if (c <= ' ' || c == '\x7f') {
        return fmt::format("'{}' holds a blank or a control character, which HTTP forbids", *text);
      }
    }
  }
  if (plan.path.empty() || plan.path[0] != '/') {
    return fmt::format("the path '{}' does not begin with '/', for example /index.html", plan.path);
  }
  return {};
}

std::string mistake_in_rate(load_plan const& plan) {
  if (plan.rate_per_s && !(std::isfinite(*plan.rate_per_s) && *plan.rate_per_s > 0)) {
    return fmt::format("a rate of {} requests per second cannot be; expected more than 0",
                       *plan.rate_per_s);
  }
  if (plan.rate_per_s && *plan.rate_per_s > 1e9) {
    return fmt::format("a rate of {} per second is more than one in a nanosecond",
                       *plan.rate_per_s);
  }
  if (plan.most_in_flight > most_in_flight_at_all) {
    return fmt::format("{} requests in flight are more than there is memory for; at most {}",
                       plan.most_in_flight, most_in_flight_at_all);
  }
  return {};
}

}  // namespace

std::string mistake_in(load_plan const& plan) {
  if (plan.threads == 0) return "no threads; expected 1 or more";
  if (plan.threads > 1024) return fmt::format("{} threads; expected at most 1024", plan.threads);
  if (plan.connections < plan.threads) {
    return fmt::format("{} connections for {} threads; expected at least one for each thread",
                       plan.connections, plan.threads);
  }
  // A few descriptors are others': epoll, the terminal, a null server's listener.
  u64 const limit = raise_descriptor_limit();
  if (plan.connections + 2 * plan.threads + 32 > limit) {
    return fmt::format(
        "{} connections need more descriptors than the {} that a process may have here; expected "
        "at most {} (see ulimit -n)",
        plan.connections, limit, limit - 2 * plan.threads - 32);
  }
  if (plan.message_bytes == 0 && plan.kind != traffic::http) {
    return "messages of 0 bytes; expected 1 or more";
  }
  if (plan.requests && *plan.requests == 0) return "0 requests; expected 1 or more";
  if (plan.time && plan.time->count() <= 0) return "no time to run; expected more than 0";
  if (plan.timeout.count() <= 0) return "no timeout; expected more than 0";
  if (plan.target.port() == 0 && !plan.target.is_unix()) {
    return fmt::format("{} has no port that one could connect to", plan.target.text());
  }
  if (plan.source_addresses > 1 && !is_ipv4_loopback(plan.target)) {
    return fmt::format(
        "several source addresses are for IPv4 loopback, as 127.0.0.1:80, and not for {}",
        plan.target.text());
  }
  if (plan.source_addresses > 254) return "expected at most 254 source addresses";
  if (auto mistake = mistake_in_rate(plan); !mistake.empty()) return mistake;
  return plan.kind == traffic::http ? mistake_in_http(plan) : std::string();
}

std::string description(load_plan const& plan) {
  auto const size = stats::bytes_text(static_cast<double>(plan.message_bytes));
  switch (plan.kind) {
    case traffic::echo:
      return "echo of " + size;
    case traffic::http:
      return "HTTP GET " + plan.path;
    case traffic::churn:
      return "connect, echo of " + size + ", close";
    case traffic::bulk:
      break;
  }
  constexpr std::string_view ways[] = {"up", "down", "echoed"};
  return fmt::format("bulk of {} {}", size, ways[static_cast<std::size_t>(plan.way)]);
}

}  // namespace regatta::load
