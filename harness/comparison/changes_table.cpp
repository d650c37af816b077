#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "harness/comparison/phrases.hpp"
#include "harness/comparison/views.hpp"
#include "harness/stats/quantities.hpp"

namespace regatta::comparison {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t columns_of_prose = 100;

std::string painted(std::string const& text, std::string const& verdict, bool color) {
  if (!color) return text;
  char const* const code = verdict == "worse"       ? "31"
                           : verdict == "better"    ? "32"
                           : verdict == "unchanged" ? "2"
                                                    : "33";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

using line = std::array<std::string, 6>;

line line_of(json const& document, json const& cell) {
  std::string const floor =
      cell.at("floor").is_null() ? "" : stats::percent_text(cell.at("floor").get<double>());
  return {cell.at("contender"),
          short_name(document, cell),
          costs_text(cell),
          ratio_text(cell),
          floor,
          verdict_text(document, cell)};
}

std::string table_of(json const& document, std::vector<json const*> const& cells, bool color) {
  std::vector<line> lines = {{"contender", "cell", "base → head", "ratio", "floor", "verdict"}};
  for (json const* cell : cells) lines.push_back(line_of(document, *cell));
  std::array<std::size_t, 6> widths{};
  for (line const& l : lines) {
    for (std::size_t i = 0; i != l.size(); ++i) {
      widths[i] = std::max(widths[i], stats::columns_of(l[i]));
    }
  }
  std::string text;
  for (std::size_t n = 0; n != lines.size(); ++n) {
    for (std::size_t i = 0; i + 1 != widths.size(); ++i) {
      text += "  " + stats::left(lines[n][i], widths[i]);
    }
    std::string const verdict = n == 0 ? "" : cells[n - 1]->at("verdict").get<std::string>();
    text += "  " + (n == 0 ? lines[n].back() : painted(lines[n].back(), verdict, color)) + "\n";
  }
  return text;
}

std::string named_side(json const& side) {
  std::string const name = side.at("name");
  std::string const description = side.at("description");
  return description.empty() ? name : fmt::format("{} ({})", name, description);
}

std::string sentences(json const& document, char const* key) {
  std::string text;
  if (!document.contains(key)) return text;
  for (json const& sentence : document.at(key)) {
    text += stats::wrapped("note: " + sentence.get<std::string>(), columns_of_prose);
  }
  return text;
}

}  // namespace

std::string changes_table(json const& document, bool color, bool all_cells) {
  std::vector<json const*> shown;
  for (json const& cell : document.at("cells")) {
    if (all_cells || cell.at("verdict") != "unchanged") shown.push_back(&cell);
  }
  std::string text = fmt::format("base: {}\nhead: {}\n\n", named_side(document.at("base")),
                                 named_side(document.at("head")));
  if (!shown.empty()) text += table_of(document, shown, color) + "\n";
  if (std::string const mean = mean_text(document); !mean.empty()) text += mean + "\n";
  text += stats::wrapped(evidence_text(document), columns_of_prose);
  text += sentences(document, "notes");
  if (std::size_t const left_out = document.at("left_out").size(); left_out != 0) {
    text += fmt::format("note: {} left out, because neither side was measured there.\n",
                        left_out == 1 ? "1 cell was" : fmt::format("{} cells were", left_out));
  }
  std::string const verdict = document.at("verdict");
  text += "\n" + painted(verdict_text(document), verdict, color) + ": " +
          document.at("why").get<std::string>() + ".\n";
  return text;
}

}  // namespace regatta::comparison
