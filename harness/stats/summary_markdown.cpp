#include "harness/stats/summary_markdown.hpp"

#include <fmt/format.h>

#include "harness/stats/captions.hpp"
#include "harness/stats/costs.hpp"
#include "harness/stats/fit_tables.hpp"
#include "harness/stats/quantities.hpp"

namespace regatta::stats {
namespace {

using json = nlohmann::ordered_json;

// A table cell ends at a bar or a line break.
std::string escaped(std::string const& text) {
  std::string result;
  for (char const c : text) {
    if (c == '|')
      result += "\\|";
    else if (c == '\n' || c == '\r')
      result += ' ';
    else
      result += c;
  }
  return result;
}

std::string optional_text(json const& value, std::string (*format)(double)) {
  return value.is_null() ? "?" : format(value.get<double>());
}

std::string verdict_of(json const& cell, json const& result) {
  if (cell.at("best") == result.at("row")) return "**best**";
  if (result.value("saturated", false)) {
    return "saturated: it bore " + percent_text(result.at("achieved")) + " of the load";
  }
  json const& ratio = result.at("ratio_to_best");
  if (ratio.is_null()) return "(A/A twin)";
  return ratio_text(ratio) + (ratio.at("separated").get<bool>() ? "" : " not separated");
}

std::string group_of(json const& result) {
  return result.at("group").is_null() ? "" : std::to_string(result.at("group").get<unsigned>());
}

std::string result_line(json const& cell, json const& result) {
  std::string const row = escaped(result.at("row"));
  if (result.at("outcome") != "ok") {
    std::string const reason = result.at("reason");
    return fmt::format("| {} | | {}{} | | | | | |\n", row, result.at("outcome").get<std::string>(),
                       reason.empty() ? "" : ": " + escaped(reason));
  }
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", row, group_of(result),
                     verdict_of(cell, result), cost_interval_text(cell, result),
                     optional_text(result.at("cpu_ns_per_operation"), duration_text),
                     optional_text(result.at("allocations_per_operation"), number_text),
                     optional_text(result.at("peak_rss_bytes"), bytes_text),
                     result.at("threads_used").is_null() ? "?" : result.at("threads_used").dump());
}

std::string latency_table(json const& cell) {
  std::string lines;
  for (json const& result : cell.at("results")) {
    if (!result.contains("latency")) continue;
    json const& latency = result.at("latency");
    lines += fmt::format("| {} |", escaped(result.at("row")));
    for (auto const* quantile : {"p50", "p90", "p99", "p999", "max"}) {
      lines += fmt::format(" {} |", duration_text(latency.at(quantile).get<double>()));
    }
    lines += fmt::format(" {} | {} |\n", latency.at("count").get<std::uint64_t>(),
                         optional_text(latency.at("recording_ns"), duration_text));
  }
  if (lines.empty()) return lines;
  return "\n| latency | p50 | p90 | p99 | p99.9 | max | values | cost of recording one |\n"
         "|---|--:|--:|--:|--:|--:|--:|--:|\n" +
         lines;
}

// Which calls make up most of the total, the rest left out.
std::string calls_by_name(json const& calls) {
  std::string text;
  double shown = 0.0;
  double const all = calls.at("per_operation");
  for (auto const& [name, per_operation] : calls.at("by_name").items()) {
    if (shown >= 0.95 * all) break;
    shown += per_operation.get<double>();
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name,
                        number_text(per_operation.get<double>()));
  }
  return text;
}

std::string system_calls_table(json const& cell) {
  std::string lines;
  for (json const& result : cell.at("results")) {
    if (!result.contains("system_calls")) continue;
    json const& calls = result.at("system_calls");
    if (calls.at("per_operation").is_null()) {
      lines +=
          fmt::format("| {} | ? | {} |\n", escaped(result.at("row")), escaped(calls.at("reason")));
    } else {
      lines +=
          fmt::format("| {} | {} | {} |\n", escaped(result.at("row")),
                      number_text(calls.at("per_operation").get<double>()), calls_by_name(calls));
    }
  }
  if (lines.empty()) return lines;
  return "\n| system calls | per operation | most of them |\n|---|--:|---|\n" + lines;
}

std::string overhead_table(json const& cell) {
  std::string lines;
  for (json const& result : cell.at("results")) {
    if (!result.contains("ratio_to_direct")) continue;
    json const& ratio = result.at("ratio_to_direct");
    lines += fmt::format("| {} | {}{} |\n", escaped(result.at("row")), overhead_text(ratio),
                         ratio.at("separated").get<bool>() ? "" : " not separated");
  }
  if (lines.empty()) return lines;
  return "\n| over the way without a proxy | overhead [low, high] |\n|---|--:|\n" + lines;
}

std::string floor_table(json const& cell) {
  std::string lines;
  for (json const& result : cell.at("results")) {
    auto const multiple = multiple_of_floor(cell, result);
    if (!multiple) continue;
    lines += fmt::format("| {} | × {} |\n", escaped(result.at("row")), number_text(*multiple));
  }
  if (lines.empty()) return lines;
  json const& floor = cell.at("floor");
  auto const times = floor.at("times").get<unsigned>();
  return fmt::format("\n| {}, as a multiple of the floor | {}{}: {} |\n|---|--:|\n",
                     floor.at("of") == "latency" ? "median latency" : "time",
                     floor.at("what").get<std::string>(),
                     times == 1 ? "" : fmt::format(" × {}", times),
                     duration_text(floor.at("ns").get<double>())) +
         lines;
}

std::string means_table(json const& means, char const* title) {
  if (means.is_null()) return "";
  std::string lines;
  for (json const& mean : means) {
    if (mean.at("ratio").is_null()) {
      lines += fmt::format("| {} | | {} |\n", escaped(mean.at("row")),
                           mean.at("reason").get<std::string>());
    } else {
      lines += fmt::format("| {} | {:.2f} [{:.2f}, {:.2f}] | {} |\n", escaped(mean.at("row")),
                           mean.at("ratio").get<double>(), mean.at("low").get<double>(),
                           mean.at("high").get<double>(), mean.at("cells").get<std::size_t>());
    }
  }
  if (lines.empty()) return lines;
  return fmt::format("\n## {}\n\n", title) +
         "The ratio to the best of each cell, as a geometric mean.\n\n"
         "| row | ratio [low, high] | cells |\n|---|--:|--:|\n" +
         lines;
}

std::string rows_list(json const& summary) {
  std::string lines;
  for (json const& row : summary.at("rows")) {
    if (row.at("twin").get<bool>()) continue;
    if (auto const who = row_caption(row); !who.empty()) {
      lines += fmt::format("| {} | {} |\n", escaped(row.at("row")), escaped(who));
    }
  }
  if (lines.empty()) return lines;
  return "\n## Who ran\n\nWhat each contender says of itself, and how many threads were seen to "
         "run "
         "tasks.\n\n| row | version, scheduling, I/O back-end, allocator; threads |\n|---|---|\n" +
         lines;
}

}  // namespace

std::string summary_markdown(json const& summary) {
  std::string text = fmt::format("# Run {}\n\n", summary.at("run").get<std::string>());
  text +=
      machine_caption(summary) + ".\n" + evidence_caption(summary) + "\n" + noise_caption(summary) +
      "\n\n" +
      "*Not separated*: this run cannot tell the row from the best. Rows of one group are tied. "
      "Times and bytes are per operation.\n";

  std::string absent;
  for (json const& row : summary.at("rows")) {
    if (row.at("skipped").is_null()) continue;
    absent += fmt::format("- {}: {}\n", row.at("row").get<std::string>(),
                          row.at("skipped").get<std::string>());
  }
  if (!absent.empty()) text += "\nNot in this run:\n\n" + absent;

  text += rows_list(summary);
  text += means_table(summary.at("geometric_means"), "All common cells");
  text += means_table(summary.at("geometric_means_of_paths"), "All common cells of paths");
  text += fits_markdown(summary);

  std::string scenario;
  for (json const& cell : summary.at("cells")) {
    if (cell.at("scenario") != scenario) {
      scenario = cell.at("scenario");
      text += fmt::format("\n## {}\n", scenario);
    }
    text += fmt::format("\n### {}\n\n", cell.at("cell").get<std::string>());
    text += fmt::format(
        "| row | group | to the best [low, high] | {} [low, high] | CPU | allocations | peak RSS | "
        "threads used |\n|---|--:|---|--:|--:|--:|--:|--:|\n",
        cell.at("unit") == "B"             ? "bytes"
        : cell.at("measures") == "latency" ? "median latency"
                                           : "time");
    for (json const& result : cell.at("results")) text += result_line(cell, result);
    text += overhead_table(cell);
    text += latency_table(cell);
    text += system_calls_table(cell);
    text += floor_table(cell);
  }
  return text;
}

}  // namespace regatta::stats
