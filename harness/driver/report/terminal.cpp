#include "harness/driver/report/terminal.hpp"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <vector>

#include "harness/driver/report/wording.hpp"

namespace regatta::driver {
namespace {

using json = nlohmann::ordered_json;
using table_line = std::vector<std::string>;

constexpr std::size_t gap = 2;

bool is_hidden(const json& row) { return row.at("twin").get<bool>(); }

std::vector<std::string> shown_rows(const json& summary) {
  std::vector<std::string> names;
  for (const json& row : summary.at("rows")) {
    if (!is_hidden(row)) names.push_back(row.at("row").get<std::string>());
  }
  return names;
}

/// The whole table: a heading, then a line for each cell, each with one text for each row.
std::vector<table_line> table_of(const json& summary, const std::vector<std::string>& rows) {
  std::vector<table_line> table;
  table.push_back({"cell"});
  table[0].insert(table[0].end(), rows.begin(), rows.end());
  for (const json& cell : summary.at("cells")) {
    std::map<std::string, std::string> said;
    for (const json& result : cell.at("results")) {
      const auto name = result.at("row").get<std::string>();
      said[name] = say_result(result, cell.at("best") == name);
    }
    table_line line{cell.at("cell").get<std::string>()};
    for (const std::string& row : rows) line.push_back(said[row]);
    table.push_back(std::move(line));
  }
  return table;
}

std::size_t column_width(const std::vector<table_line>& table, std::size_t column) {
  std::size_t width = 0;
  for (const table_line& line : table) width = std::max(width, width_of(line[column]));
  return width;
}

/// The table's columns from `first` on, as many as fit; moves `first` past them.
std::string part_that_fits(const std::vector<table_line>& table, std::size_t& first,
                           std::size_t columns) {
  std::vector<std::size_t> widths{column_width(table, 0)};
  std::size_t used = widths[0];
  std::size_t end = first;
  while (end < table[0].size()) {
    const std::size_t width = column_width(table, end) + gap;
    if (end > first && used + width > columns) break;
    widths.push_back(width - gap);
    used += width;
    ++end;
  }
  std::string text;
  for (const table_line& line : table) {
    std::string shown = padded(line[0], widths[0]);
    for (std::size_t i = first; i < end; ++i) {
      shown += std::string(gap, ' ') + padded(line[i], widths[i - first + 1]);
    }
    shown.erase(shown.find_last_not_of(' ') + 1);
    text += shown + "\n";
  }
  first = end;
  return text;
}

std::string geometric_means(const json& summary) {
  std::string text;
  std::size_t cells = 0;
  for (const json& mean : summary.at("geometric_means")) {
    if (mean.at("ratio").is_null()) continue;
    cells = mean.at("cells").get<std::size_t>();
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", mean.at("row").get<std::string>(),
                        say_ratio(mean.at("ratio").get<double>()));
  }
  if (text.empty()) return "";
  return fmt::format("Geometric mean of the ratios over {} common cells: {}.\n", cells, text);
}

/// One line for each different reason, so that nothing is passed over in silence.
std::string reasons(const json& summary) {
  std::map<std::string, std::pair<std::string, std::size_t>> seen;
  for (const json& cell : summary.at("cells")) {
    for (const json& result : cell.at("results")) {
      if (result.at("outcome") == "ok") continue;
      const std::string what = fmt::format("{}: {}: {}", result.at("row").get<std::string>(),
                                           result.at("outcome").get<std::string>(),
                                           result.at("reason").get<std::string>());
      auto& [first_cell, count] = seen[what];
      if (count++ == 0) first_cell = cell.at("cell").get<std::string>();
    }
  }
  std::string text;
  for (const auto& [what, where] : seen) {
    const std::string more =
        where.second > 1 ? fmt::format(" and {} more cells", where.second - 1) : "";
    text += fmt::format("  {} ({}{})\n", what, where.first, more);
  }
  return text.empty() ? "" : "Without a number:\n" + text;
}

}  // namespace

std::string summary_table(const json& summary, std::size_t columns) {
  const std::vector<std::string> rows = shown_rows(summary);
  const std::vector<table_line> table = table_of(summary, rows);
  std::string text;
  for (std::size_t first = 1; first <= rows.size();) {
    if (!text.empty()) text += "\n";
    text += part_that_fits(table, first, columns);
  }
  text += "\n" + geometric_means(summary) + reasons(summary);
  if (const std::string intervals = say_intervals(summary); !intervals.empty()) {
    text += intervals + "\n";
  }
  return text + say_noise(summary.at("noise")) + "\n";
}

void print_summary(const json& summary) {
  winsize size = {};
  std::size_t columns = 140;
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) columns = size.ws_col;
  fmt::print("{}", summary_table(summary, columns));
}

}  // namespace regatta::driver
