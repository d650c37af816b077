// Claims about TCP proxies.
#include <fmt/format.h>

#include <algorithm>

#include "harness/claims/judge.hpp"
#include "harness/stats/quantities.hpp"

namespace regatta::claims {
namespace {

using stats::quantity;

constexpr char const* direct = "path/direct";

std::vector<std::string> proxies_in(evidence const& run, json const& cell) {
  auto rows = run.rows(cell);
  std::erase_if(rows, [](std::string const& row) { return row.starts_with(direct); });
  return rows;
}

judgement overhead(evidence const& run) {
  constexpr region claimed{.low = 0.0, .high = 1.05};
  std::vector<finding> details;
  for (json const* const cell : run.cells("path_requests")) {
    std::vector<pair_of_rows> pairs;
    auto const rows = proxies_in(run, *cell);
    for (std::string const& row : rows) pairs.push_back({direct, row.c_str()});
    for (finding& each :
         compare_rows(run, {cell}, pairs, quantity::time, [&](json const&) { return claimed; })) {
      details.push_back(std::move(each));
    }
  }
  return judge_by_mean(
      "proxied / direct", std::move(details), claimed,
      [](std::string const& figure) {
        return fmt::format(
            "Through a proxy a request takes {} as long as directly, over all proxies, "
            "loads and sizes (claimed: less than 1.05).",
            figure);
      },
      "the run does not hold path_requests for path/direct and a proxy");
}

judgement one_client(evidence const& run) {
  std::vector<finding> details;
  for (char const* const scenario : {"path_requests", "path_latency"}) {
    for (json const* const cell : run.cells(scenario, {{"clients", 1}})) {
      if (cell->at("params").value("connections", "long") != "long") continue;
      for (std::string const& row : proxies_in(run, *cell)) {
        finding one;
        one.values = run.values(*cell, row, quantity::p99);
        if (one.values.empty()) continue;
        one.label = fmt::format("{}: p99 of a round trip, {}", row, name_of(*cell));
        one.row = row;
        one.cells = {name_of(*cell)};
        one.unit = "ns";
        one.claimed = less_than(1e6);
        details.push_back(std::move(one));
      }
    }
  }
  return judge_by_each(
      std::move(details),
      [](finding const& decisive, std::string const& figure) {
        return fmt::format("{}: {} (claimed: less than 1 ms).", decisive.label, figure);
      },
      "the run does not hold path_requests or path_latency with clients=1");
}

struct crowd {
  json const* few = nullptr;
  json const* many = nullptr;
};

// The cell with nearly 10,000 clients, and its twin with 1,000.
std::vector<crowd> crowds(evidence const& run) {
  std::vector<crowd> found;
  for (json const* const many : run.cells("path_requests", {{"connections", "long"}})) {
    if (many->at("params").at("clients").get<int>() < 9'000) continue;
    for (json const* const few :
         run.cells("path_requests", {{"connections", "long"}, {"clients", 1'000}})) {
      if (few->at("params").at("message_bytes") != many->at("params").at("message_bytes")) continue;
      found.push_back({few, many});
    }
  }
  return found;
}

// A proxy that had no trouble with 1,000 clients and fails with 9,900.
std::optional<finding> broken_by(evidence const& run, crowd const& of, std::string const& row) {
  json const* const result = run.result(*of.many, row);
  if (result == nullptr) return std::nullopt;
  std::string const outcome = result->at("outcome");
  if (outcome == "ok" || outcome == "unsupported" || outcome == "skipped") return std::nullopt;
  finding one;
  one.label = fmt::format("{}: {} with {} clients: {}", row, outcome,
                          of.many->at("params").at("clients").dump(),
                          result->at("reason").get<std::string>());
  one.row = row;
  one.cells = {name_of(*of.many)};
  one.unit = "failed";
  one.values[0] = 1.0;
  one.certain = verdict::refuted;
  return one;
}

finding noted(evidence const& run, crowd const& of, std::string const& row, quantity by,
              char const* what) {
  finding one;
  one.label = fmt::format("{}: {}, many clients / 1,000", row, what);
  one.row = row;
  one.cells = {name_of(*of.few), name_of(*of.many)};
  one.values = ratio_of(run.values(*of.many, row, by), run.values(*of.few, row, by));
  one.unit = "x";
  return one;
}

// Strain: a request takes more than a quarter longer than with 1,000 clients, or fails. (That p99
// grows with the clients is in the nature of a closed loop.)
judgement ten_thousand(evidence const& run) {
  constexpr double strain = 1.25;
  std::vector<finding> details, notes;
  for (crowd const& of : crowds(run)) {
    for (std::string const& row : proxies_in(run, *of.few)) {
      if (auto broken = broken_by(run, of, row)) {
        details.push_back(std::move(*broken));
        continue;
      }
      finding one = noted(run, of, row, quantity::time, "time of a request");
      one.claimed = less_than(strain);
      if (one.values.empty()) continue;
      details.push_back(std::move(one));
      for (auto const& [by, what] :
           {std::pair(quantity::p99, "p99"), std::pair(quantity::peak_memory, "peak memory")}) {
        finding note = noted(run, of, row, by, what);
        if (!note.values.empty()) notes.push_back(std::move(note));
      }
    }
  }
  auto judged = judge_by_each(
      std::move(details),
      [](finding const& decisive, std::string const& figure) {
        if (decisive.unit == "failed") return decisive.label + ".";
        return fmt::format("{}: {} (without strain: no failure, and less than 1.25).",
                           decisive.label, figure);
      },
      "the run does not hold path_requests with clients=9900 and clients=1000, or this process may "
      "not open the 20,000 descriptors that 9,900 clients need");
  for (finding& each : notes) judged.details.push_back(std::move(each));
  return judged;
}

// Fine: nobody loses a byte by it. Lost in a single run is lost.
judgement close_both(evidence const& run) {
  std::vector<finding> details, honest;
  for (json const* const cell : run.cells("half_close")) {
    bool const naive = cell->at("params").at("on_end") == "close_both";
    for (std::string const& row : run.rows(*cell)) {
      finding one;
      one.values = run.counter(*cell, row, "lost_bytes");
      if (one.values.empty()) continue;
      one.label =
          fmt::format("{}: bytes of the answer lost, {}", row,
                      naive ? "closing both ways when one ends" : "carrying the half-close on");
      one.row = row;
      one.cells = {name_of(*cell)};
      one.unit = "B lost";
      if (naive) {
        bool const lost =
            std::ranges::any_of(one.values, [](auto const& v) { return v.second > 0.0; });
        one.certain = lost ? verdict::refuted : verdict::holds;
      }
      (naive ? details : honest).push_back(std::move(one));
    }
  }
  auto judged = judge_by_each(
      std::move(details),
      [](finding const& decisive, std::string const& figure) {
        return fmt::format(
            "{}: {}, where the client had said that it would send no more, and was "
            "waiting for its answer.",
            decisive.label, figure);
      },
      "the run does not hold half_close on_end=close_both");
  for (finding& each : honest) judged.details.push_back(std::move(each));
  return judged;
}

std::vector<need> needs_of_ways() {
  std::vector<std::string> const ways{"path/*"};
  return {
      {"path_requests", {{"clients", 1}, {"requests", 1'000}}, ways},
      {"path_requests", {{"clients", 64}, {"requests", 4'000}}, ways},
      {"path_requests", {{"clients", 500}, {"requests", 4'000}}, ways},
      {"path_requests", {{"clients", 64}, {"message_bytes", 16'384}, {"requests", 4'000}}, ways}};
}

}  // namespace

std::vector<rule> rules_of_proxies() {
  std::vector<std::string> const ways{"path/*"};
  return {
      {17, overhead, needs_of_ways()},
      {18, one_client, {{"path_requests", {{"clients", 1}, {"requests", 1'000}}, ways}}},
      {19,
       ten_thousand,
       {{"path_requests", {{"clients", 1'000}, {"requests", 4'000}}, ways},
        {"path_requests", {{"clients", 9'900}, {"requests", 19'800}}, ways}}},
      {24,
       close_both,
       {{"half_close", {{"on_end", "carry_on"}}}, {"half_close", {{"on_end", "close_both"}}}}},
  };
}

}  // namespace regatta::claims
