// Claims about io_uring, system calls and cancelled reads.
#include <fmt/format.h>

#include <algorithm>

#include "harness/claims/judge.hpp"

namespace regatta::claims {
namespace {

using stats::quantity;

// The same runtime on both back-ends, or as near to it as there is. The first of a pair is the one
// on io_uring, so that a ratio says how many times faster that is.
std::vector<pair_of_rows> const sockets{{"asio/io_uring", "asio/io_context"},
                                        {"io_uring/one_thread", "single_threaded"}};
std::vector<pair_of_rows> const proxies{{"path/asio_io_uring", "path/asio_io_context"},
                                        {"path/io_uring_one_thread", "path/single_threaded"}};
// asio reads files through the pool under io_uring too, so that it is no pair here.
std::vector<pair_of_rows> const files{{"io_uring/one_thread", "single_threaded"}};

judgement faster_within(std::vector<finding> details, char const* what, region claimed,
                        char const* instead, std::string otherwise) {
  return judge_by_mean(
      fmt::format("{} / io_uring", instead), std::move(details), claimed,
      [&](std::string const& figure) {
        return fmt::format("Over {} {} takes {} as long as io_uring (claimed: {:.1f} to {:.0f}).",
                           instead, what, figure, claimed.low, claimed.high);
      },
      std::move(otherwise));
}

judgement network(evidence const& run) {
  constexpr region claimed{.low = 1.5, .high = 3.0};
  auto const same = [&](json const&) { return claimed; };
  auto details = compare_rows(run, run.cells("echo"), sockets, quantity::time, same);
  for (finding& each : compare_rows(run, run.cells("proxy", {{"through", "proxy"}}), sockets,
                                    quantity::time, same)) {
    details.push_back(std::move(each));
  }
  for (finding& each :
       compare_rows(run, run.cells("path_requests"), proxies, quantity::time, same)) {
    details.push_back(std::move(each));
  }
  return faster_within(std::move(details), "network I/O", claimed, "epoll",
                       "the run does not hold echo, proxy or path_requests for a runtime on epoll "
                       "and on io_uring (asio/io_context and asio/io_uring, or single_threaded and "
                       "io_uring/one_thread)");
}

judgement file_reads(evidence const& run) {
  constexpr region claimed{.low = 2.0, .high = 5.0};
  return faster_within(compare_rows(run, run.cells("file_read"), files, quantity::time,
                                    [&](json const&) { return claimed; }),
                       "file I/O", claimed, "the blocking pool",
                       "the run does not hold file_read for single_threaded (blocking pool) and "
                       "io_uring/one_thread");
}

// The rows whose I/O goes through io_uring, as they say themselves.
bool is_on_io_uring(evidence const& run, std::string const& row) {
  for (json const& each : run.summary().at("rows")) {
    if (each.at("row") != row) continue;
    json const& hello = each.at("hello");
    return hello.is_object() && hello.value("io", "") == "io_uring";
  }
  return false;
}

// Counted in one traced pass: a fact of that pass, without an interval.
judgement no_system_calls(evidence const& run) {
  std::vector<finding> details, others;
  for (json const* const cell : run.cells("echo")) {
    for (std::string const& row : run.rows(*cell)) {
      json const& result = *run.result(*cell, row);
      if (!result.contains("system_calls")) continue;
      json const& counted = result.at("system_calls").at("per_operation");
      if (!counted.is_number()) continue;
      finding one;
      one.label = fmt::format("{}, {}", row, name_of(*cell));
      one.row = row;
      one.cells = {name_of(*cell)};
      one.values[0] = counted.get<double>();
      one.unit = "calls";
      if (is_on_io_uring(run, row)) {
        one.certain = counted.get<double>() > 0.0 ? verdict::refuted : verdict::holds;
        details.push_back(std::move(one));
      } else {
        others.push_back(std::move(one));
      }
    }
  }
  auto judged = judge_by_each(
      std::move(details),
      [](finding const& decisive, std::string const& figure) {
        return fmt::format("{}: {} for each round trip (none: 0), counted in a traced pass.",
                           decisive.label, figure);
      },
      "the run holds no cell of echo with its system calls counted for a row on io_uring");
  for (finding& each : others) judged.details.push_back(std::move(each));
  return judged;
}

// Loses: in some run bytes were gone. That none was gone proves nothing. The safe read is proved by
// its oracle, which knows every byte.
judgement cancelled_reads(evidence const& run) {
  std::vector<finding> details;
  bool any_unsafe = false;
  for (json const* const cell : run.cells("cancel_exact")) {
    for (std::string const& row : run.rows(*cell)) {
      finding one;
      one.values = run.counter(*cell, row, "lost_bytes");
      if (one.values.empty()) continue;
      any_unsafe = true;
      one.label = fmt::format("{}: bytes lost by a read that is not cancel-safe", row);
      one.row = row;
      one.cells = {name_of(*cell)};
      one.unit = "B lost";
      bool const lost =
          std::ranges::any_of(one.values, [](auto const& v) { return v.second > 0.0; });
      one.certain = lost ? verdict::holds : verdict::not_separated;
      details.push_back(std::move(one));
    }
  }
  bool any_safe = false;
  for (json const* const cell : run.cells("cancel_read")) {
    for (json const& result : cell->at("results")) {
      std::string const row = result.at("row");
      std::string const outcome = result.at("outcome");
      if (row.ends_with("#twin") || (outcome != "ok" && outcome != "wrong_answer")) continue;
      any_safe = true;
      finding one;
      one.label = fmt::format("{}: the cancel-safe read, {}", row,
                              outcome == "ok" ? "no byte lost" : "bytes lost or out of place");
      one.row = row;
      one.cells = {name_of(*cell)};
      one.unit = "obeys";
      one.values[0] = outcome == "ok" ? 1.0 : 0.0;
      one.certain = outcome == "ok" ? verdict::holds : verdict::refuted;
      details.push_back(std::move(one));
    }
  }
  if (!any_safe || !any_unsafe) details.clear();
  return judge_by_each(
      std::move(details),
      [](finding const& decisive, std::string const& figure) {
        return fmt::format("{} ({}): an unsafe read is to lose bytes, a safe one none.",
                           decisive.label, figure);
      },
      "the run does not hold cancel_read and cancel_exact, its twin that is not cancel-safe");
}

std::vector<need> needs_of_sockets() {
  std::vector<std::string> const rows{"asio/io_uring", "asio/io_context", "io_uring/one_thread",
                                      "single_threaded"};
  std::vector<std::string> const ways{"path/asio_io_uring", "path/asio_io_context",
                                      "path/io_uring_one_thread", "path/single_threaded"};
  return {{"echo", {{"connections", 1}, {"round_trips", 1'000}}, rows},
          {"echo", {{"connections", 64}, {"round_trips", 30}}, rows},
          {"echo", {{"connections", 64}, {"message_bytes", 16'384}, {"round_trips", 30}}, rows},
          {"proxy", {{"through", "proxy"}, {"connections", 64}, {"round_trips", 20}}, rows},
          {"path_requests", {{"clients", 64}, {"requests", 4'000}}, ways}};
}

}  // namespace

std::vector<rule> rules_of_io() {
  std::vector<std::string> const rings{"asio/io_uring", "asio/io_context", "io_uring/one_thread",
                                       "single_threaded"};
  std::vector<std::string> const readers{"io_uring/one_thread", "single_threaded"};
  return {
      {14, network, needs_of_sockets()},
      {15,
       file_reads,
       {{"file_read", {{"file_mib", 64}, {"reads", 2'000}, {"depth", 1}}, readers},
        {"file_read", {{"file_mib", 64}, {"reads", 2'000}, {"depth", 32}}, readers}}},
      {16,
       no_system_calls,
       {{"echo", {{"connections", 1}, {"round_trips", 1'000}}, rings},
        {"echo", {{"connections", 64}, {"round_trips", 30}}, rings}}},
      {22, cancelled_reads, {{"cancel_read", {{"chunks", 50}}}, {"cancel_exact", json::object()}}},
  };
}

}  // namespace regatta::claims
