// What each row is, and what it takes whatever it is used for.
#include <map>
#include <optional>
#include <string>

#include "harness/choice/built_in.hpp"
#include "harness/choice/choice.hpp"
#include "harness/choice/contest.hpp"
#include "harness/stats/ablation.hpp"

namespace regatta::choice {
namespace {

// The interval of a row's cost in a cell, or null.
json cost_in(json const& summary, std::string const& cell, std::string const& row) {
  for (json const& each : summary.at("cells")) {
    if (each.at("cell") != cell) continue;
    for (json const& result : each.at("results")) {
      if (result.at("row") != row || result.at("outcome") != "ok") continue;
      if (result.contains("bytes_per_operation")) return result.at("bytes_per_operation");
      return result.at("ns_per_operation");
    }
  }
  return {};
}

json median_of(json const& interval) { return interval.is_null() ? json() : interval.at("median"); }

// Bytes that one more sleeping task adds, where they follow a line.
json bytes_a_task(json const& summary, std::string const& row, char const* kind) {
  if (!summary.contains("fits")) return {};
  for (json const& line : summary.at("fits").at("lines")) {
    if (line.at("row") != row || line.at("scenario") != "memory" || line.at("kind") != kind)
      continue;
    if (!line.contains("slope") || line.at("slope").is_null()) return {};
    return line.at("slope");
  }
  return {};
}

json text_or_null(json const& hello, char const* key) {
  return hello.is_object() && hello.contains(key) ? hello.at(key) : json();
}

}  // namespace

json properties(json const& summary) {
  static json const notes = json::parse(maturity_json()).at("contenders");
  json list = json::array();
  for (json const& row : summary.at("rows")) {
    if (row.at("twin").get<bool>() || row.value("subject", "runtime") != "runtime") continue;
    if (stats::is_ablation(row.at("variant").get<std::string>())) continue;
    std::string const name = row.at("row");
    std::string const contender = row.at("contender");
    json const& hello = row.at("hello");
    json const size = cost_in(summary, "binary_size program=task", name);
    json const process = cost_in(summary, "startup of=process", name);
    json const runtime = cost_in(summary, "startup of=runtime", name);
    json const sleeping = bytes_a_task(summary, name, "sleep");
    json const receiving = bytes_a_task(summary, name, "receive");
    list.push_back({{"row", name},
                    {"scheduling", text_or_null(hello, "scheduling")},
                    {"io", text_or_null(hello, "io")},
                    {"language", text_or_null(hello, "language")},
                    {"version", text_or_null(hello, "version")},
                    {"threads", text_or_null(hello, "threads")},
                    {"threads_used", row.value("threads_used", json())},
                    {"binary_bytes", median_of(size)},
                    {"startup_ns", median_of(process)},
                    {"runtime_startup_ns", median_of(runtime)},
                    {"task_bytes", median_of(sleeping)},
                    {"receiver_bytes", median_of(receiving)},
                    {"intervals",
                     {{"startup_ns", process},
                      {"runtime_startup_ns", runtime},
                      {"task_bytes", sleeping},
                      {"receiver_bytes", receiving}}},
                    {"allocator", text_or_null(hello, "allocator")},
                    {"maturity", notes.contains(contender) ? notes.at(contender) : json()},
                    {"skipped", row.at("skipped")}});
  }
  return list;
}

}  // namespace regatta::choice
