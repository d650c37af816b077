#include "harness/stats/terminal_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include "harness/stats/captions.hpp"
#include "harness/stats/costs.hpp"
#include "harness/stats/fit_tables.hpp"
#include "harness/stats/quantities.hpp"

namespace regatta::stats {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t indent = 2;
constexpr std::size_t gap = 3;

enum class tone { plain, heading, best, aside, fault };

struct entry {
  std::string text;
  stats::tone tone = tone::plain;
};

class painter {
 public:
  explicit painter(bool color) : color_(color) {}

  std::string operator()(tone t, std::string const& text) const {
    if (!color_ || t == tone::plain || text.empty()) return text;
    char const* const code = t == tone::heading ? "1"
                             : t == tone::best  ? "32"
                             : t == tone::fault ? "31"
                                                : "2";
    return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
  }

 private:
  bool color_;
};

std::string value_text(json const& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// ---- one scenario

struct scenario_table {
  std::string name;
  std::vector<json const*> cells;

  // Whether cells of this scenario differ in the parameter.
  bool varies(std::string const& parameter) const {
    json const& first = cells.front()->at("params");
    return std::any_of(cells.begin(), cells.end(), [&](json const* cell) {
      json const& params = cell->at("params");
      return !params.contains(parameter) || !first.contains(parameter) ||
             params.at(parameter) != first.at(parameter);
    });
  }

  std::string parameters(json const& cell, bool varying) const {
    std::string text;
    for (auto const& [name_of, value] : cell.at("params").items()) {
      if (varies(name_of) != varying) continue;
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", name_of, value_text(value));
    }
    return text;
  }
};

std::vector<scenario_table> scenarios_of(json const& summary) {
  std::vector<scenario_table> tables;
  for (json const& cell : summary.at("cells")) {
    std::string const name = cell.at("scenario");
    auto const found = std::find_if(tables.begin(), tables.end(),
                                    [&](scenario_table const& t) { return t.name == name; });
    auto& table = found == tables.end() ? tables.emplace_back(scenario_table{name, {}}) : *found;
    table.cells.push_back(&cell);
  }
  return tables;
}

json const* result_of(json const& cell, std::string const& row) {
  for (json const& result : cell.at("results")) {
    if (result.at("row") == row) return &result;
  }
  return nullptr;
}

// The rows that were asked for any of these cells: the machine is not asked what runtimes are.
std::vector<std::string> rows_in(scenario_table const& table, std::vector<std::string> rows) {
  std::erase_if(rows, [&](std::string const& row) {
    return std::ranges::none_of(table.cells,
                                [&](json const* cell) { return result_of(*cell, row) != nullptr; });
  });
  return rows;
}

// How many CPUs a row kept busy: its CPU time as a multiple of its wall time.
std::string busy_text(json const& result) {
  json const& cpu = result.at("cpu_ns_per_operation");
  double const wall = result.at("ns_per_operation").at("median");
  if (cpu.is_null() || !(wall > 0.0)) return "";
  return fmt::format(" {:.1f}c", cpu.get<double>() / wall);
}

entry cost_entry(json const& cell, std::string const& row) {
  auto const* result = result_of(cell, row);
  if (result == nullptr) return {"", tone::aside};
  std::string const outcome = result->at("outcome");
  if (outcome == "skipped" || outcome == "unsupported") return {outcome, tone::aside};
  if (outcome != "ok") return {outcome, tone::fault};
  if (cell.at("best") == row) {
    return {cost_text(cell, *result) + busy_text(*result), tone::best};
  }
  if (result->value("saturated", false)) {
    return {fmt::format("saturated, bears {}", percent_text(result->at("achieved"))), tone::fault};
  }
  json const& ratio = result->at("ratio_to_best");
  if (ratio.is_null()) {
    return {cost_text(cell, *result) + busy_text(*result), {}};
  }
  bool const tied = !ratio.at("separated").get<bool>();
  return {(tied ? "≈ " : "") + ratio_text(ratio) + busy_text(*result), tone::plain};
}

entry latency_entry(json const& cell, std::string const& row) {
  auto const* result = result_of(cell, row);
  if (result == nullptr || !result->contains("latency")) return {"", tone::aside};
  json const& latency = result->at("latency");
  return {fmt::format("{} / {}", duration_text(latency.at("p50").get<double>()),
                      duration_text(latency.at("p99").get<double>())),
          tone::aside};
}

bool has(json const& cell, char const* quantity) {
  return std::any_of(cell.at("results").begin(), cell.at("results").end(),
                     [&](json const& result) { return result.contains(quantity); });
}

entry system_calls_entry(json const& cell, std::string const& row) {
  auto const* result = result_of(cell, row);
  if (result == nullptr || !result->contains("system_calls")) return {"", tone::aside};
  json const& calls = result->at("system_calls").at("per_operation");
  return {calls.is_null() ? "?" : number_text(calls.get<double>()), tone::aside};
}

// How many times what the machine itself charges.
entry floor_entry(json const& cell, std::string const& row) {
  auto const* result = result_of(cell, row);
  auto const multiple = result == nullptr ? std::nullopt : multiple_of_floor(cell, *result);
  return {multiple ? "× " + number_text(*multiple) : "", tone::aside};
}

// What a proxy adds to the way without one.
entry overhead_entry(json const& cell, std::string const& row) {
  auto const* result = result_of(cell, row);
  if (result == nullptr || !result->contains("ratio_to_direct")) return {"", tone::aside};
  json const& ratio = result->at("ratio_to_direct");
  return {(ratio.at("separated").get<bool>() ? "" : "≈ ") + overhead_text(ratio), tone::aside};
}

entry cpu_entry(json const& cell, std::string const& row) {
  auto const* result = result_of(cell, row);
  if (result == nullptr || result->at("outcome") != "ok") return {"", tone::aside};
  json const& cpu = result->at("cpu_ns_per_operation");
  return {cpu.is_null() ? "" : duration_text(cpu.get<double>()), tone::aside};
}

std::string floor_label(json const& cell) {
  json const& floor = cell.at("floor");
  return fmt::format("  floor: {} {}", floor.at("what").get<std::string>(),
                     duration_text(floor.at("ns").get<double>()));
}

struct line {
  std::string label;
  std::vector<entry> entries;
};

line entered(line empty, entry (*entry_of)(json const&, std::string const&), json const& cell,
             std::vector<std::string> const& rows) {
  for (std::string const& row : rows) empty.entries.push_back(entry_of(cell, row));
  return empty;
}

std::vector<line> lines_of(scenario_table const& table, std::vector<std::string> const& rows) {
  std::vector<line> lines;
  for (json const* cell : table.cells) {
    line costs{table.parameters(*cell, true), {}};
    if (costs.label.empty()) costs.label = "per operation";
    lines.push_back(entered(std::move(costs), cost_entry, *cell, rows));
    if (has(*cell, "ratio_to_direct")) {
      lines.push_back(entered({"  overhead over direct", {}}, overhead_entry, *cell, rows));
      lines.push_back(entered({"  CPU of the proxy", {}}, cpu_entry, *cell, rows));
    }
    if (has(*cell, "latency")) {
      lines.push_back(entered({"  latency p50 / p99", {}}, latency_entry, *cell, rows));
    }
    if (has(*cell, "system_calls")) {
      lines.push_back(entered({"  system calls", {}}, system_calls_entry, *cell, rows));
    }
    if (cell->contains("floor")) {
      lines.push_back(entered({floor_label(*cell), {}}, floor_entry, *cell, rows));
    }
  }
  return lines;
}

// As many columns as fit beside the labels; the rest in further parts below.
std::string parts(std::vector<line> const& lines, std::vector<std::string> const& rows,
                  std::size_t columns, painter const& paint) {
  std::size_t label_width = 0;
  for (line const& l : lines) label_width = std::max(label_width, columns_of(l.label));
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i != rows.size(); ++i) {
    widths.push_back(columns_of(rows[i]));
    for (line const& l : lines) widths[i] = std::max(widths[i], columns_of(l.entries[i].text));
  }

  std::string text;
  for (std::size_t first = 0; first < rows.size();) {
    std::size_t used = indent + label_width;
    std::size_t end = first;
    while (end < rows.size() && (end == first || used + gap + widths[end] <= columns)) {
      used += gap + widths[end++];
    }
    auto const finish = [&](std::string const& label, auto const& entry_at) {
      std::string one = left("", indent) + left(label, label_width);
      for (std::size_t i = first; i != end; ++i) {
        entry const e = entry_at(i);
        std::size_t const padding = i + 1 == end ? 0 : widths[i] - columns_of(e.text);
        one += left("", gap) + paint(e.tone, e.text) + left("", padding);
      }
      one.erase(one.find_last_not_of(' ') + 1);
      text += one + "\n";
    };
    finish("", [&](std::size_t i) { return entry{rows[i], tone::heading}; });
    for (line const& l : lines) finish(l.label, [&](std::size_t i) { return l.entries[i]; });
    first = end;
  }
  return text;
}

// ---- below the tables

// Each different reason once, so that nothing is passed over in silence and nothing drowns.
std::string reasons(json const& summary, std::size_t columns, painter const& paint) {
  std::map<std::string, std::vector<std::string>> cells_by_reason;
  for (json const& row : summary.at("rows")) {
    if (row.at("skipped").is_null()) continue;
    cells_by_reason[row.at("row").get<std::string>() +
                    " takes no part: " + value_text(row.at("skipped"))];
  }
  for (json const& cell : summary.at("cells")) {
    for (json const& result : cell.at("results")) {
      std::string const row = result.at("row");
      if (result.at("outcome") == "ok") continue;
      std::string const reason = result.at("reason");
      if (cells_by_reason.contains(row + " takes no part: " + reason)) continue;
      cells_by_reason[fmt::format("{}: {}{}{}", row, result.at("outcome").get<std::string>(),
                                  reason.empty() ? "" : ": ", reason)]
          .push_back(cell.at("cell"));
    }
  }
  std::string text;
  for (auto const& [reason, cells] : cells_by_reason) {
    std::string where;
    if (!cells.empty()) where = " (" + cells.front();
    if (cells.size() > 1) where += fmt::format(" and {} more", cells.size() - 1);
    if (!cells.empty()) where += ")";
    std::string one = reason + where;
    std::replace(one.begin(), one.end(), '\n', ' ');
    text += wrapped(one, columns);
  }
  return text.empty() ? text : paint(tone::heading, "Without a number") + "\n" + text + "\n";
}

std::string who_ran(json const& summary, std::size_t columns, painter const& paint) {
  std::string text;
  for (json const& row : summary.at("rows")) {
    if (row.at("twin").get<bool>()) continue;
    auto const who = row_caption(row);
    if (!who.empty()) text += wrapped(row.at("row").get<std::string>() + ": " + who, columns);
  }
  return text.empty() ? text : paint(tone::heading, "Who ran") + "\n" + text + "\n";
}

std::string means(json const& means_of_rows, char const* whose, painter const& paint) {
  if (means_of_rows.is_null()) return "";
  std::string text;
  for (json const& mean : means_of_rows) {
    if (mean.at("ratio").is_null()) continue;
    text += fmt::format("{}{}{:.2f} [{:.2f}, {:.2f}]\n", left("", indent),
                        left(mean.at("row").get<std::string>(), 30), mean.at("ratio").get<double>(),
                        mean.at("low").get<double>(), mean.at("high").get<double>());
  }
  if (text.empty()) return text;
  auto const cells = means_of_rows.front().at("cells").get<std::size_t>();
  return paint(tone::heading,
               fmt::format("Ratio to the best{}, geometric mean over {} common cell{}", whose,
                           cells, cells == 1 ? "" : "s")) +
         "\n" + text + "\n";
}

}  // namespace

std::string terminal_table(json const& summary, table_options options) {
  painter const paint(options.color);
  std::vector<std::string> rows;
  for (json const& row : summary.at("rows")) {
    // The twin is in the caption, and a row that takes no part among the reasons.
    if (row.at("twin").get<bool>() || !row.at("skipped").is_null()) continue;
    rows.push_back(row.at("row"));
  }
  std::string text;
  for (scenario_table const& table : scenarios_of(summary)) {
    std::string const shared = table.parameters(*table.cells.front(), false);
    text += paint(tone::heading, table.name) + (shared.empty() ? "" : "  ") +
            paint(tone::aside, shared) + "\n";
    auto const asked = rows_in(table, rows);
    text += parts(lines_of(table, asked), asked, options.columns, paint) + "\n";
  }
  text += fits_table(summary, options);
  text += reasons(summary, options.columns, paint);
  text += who_ran(summary, options.columns, paint);
  text += means(summary.at("geometric_means"), "", paint);
  text += means(summary.at("geometric_means_of_paths"), " of the paths", paint);
  text += wrapped(
      "Time (or bytes) per operation of the best row, and the ratios of the others to it, paired "
      "within blocks. "
      "≈: this run cannot tell the row from the best. 1.9c: kept 1.9 CPUs busy.",
      options.columns);
  text += wrapped(noise_caption(summary) + " " + evidence_caption(summary), options.columns);
  text += wrapped(machine_caption(summary) + ".", options.columns);
  return text;
}

}  // namespace regatta::stats
