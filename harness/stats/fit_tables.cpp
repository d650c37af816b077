#include "harness/stats/fit_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/stats/quantities.hpp"

namespace regatta::stats {
namespace {

using json = nlohmann::ordered_json;

// A table before anybody decided how it is printed: the first two columns name a series.
struct table {
  std::string title;
  std::string explanation;
  std::vector<std::string> heads;
  std::vector<std::vector<std::string>> lines;
};

// ---- what stands in the columns

// "312 B [310, 315]"; `format` adds the unit, which the limits then do without if it is the same.
std::string with_limits(json const& interval, std::string (*format)(double)) {
  if (interval.is_null()) return "?";
  std::string const middle = format(interval.at("median").get<double>());
  auto const unit_of = [](std::string const& text) {
    auto const blank = text.rfind(' ');
    return blank == std::string::npos ? std::string() : text.substr(blank);
  };
  std::string const unit = unit_of(middle);
  auto const limit = [&](char const* key) {
    std::string text = format(interval.at(key).get<double>());
    if (unit_of(text) == unit) text.resize(text.size() - unit.size());
    return text;
  };
  return fmt::format("{} [{}, {}]", middle, limit("low"), limit("high"));
}

// Whole bytes are too coarse for what a task adds, and for how sure that is.
std::string fine_bytes_text(double bytes) {
  return std::abs(bytes) < 99.95 ? number_text(bytes) + " B" : bytes_text(bytes);
}

std::string optional_interval_text(json const& bytes) {
  return bytes.is_null() ? "?" : interval_text(bytes, "B");
}

std::string slope_text(json const& slope) {
  bool const is_small = !slope.is_null() && std::abs(slope.at("median").get<double>()) < 99.95;
  return is_small ? with_limits(slope, fine_bytes_text) : optional_interval_text(slope);
}

std::string rate_text(double per_second) {
  for (auto const& [size, unit] : {std::pair(1e9, "G/s"), {1e6, "M/s"}, {1e3, "k/s"}}) {
    if (per_second >= size * 0.9995) return number_text(per_second / size) + " " + unit;
  }
  return number_text(per_second) + " /s";
}

// Below a ten-thousandth contention and coherency are what noise makes them.
std::string coefficient_text(double value) {
  if (value == 0.0) return "0";
  return value < 1e-4 ? "<0.0001" : fmt::format("{:.2g}", value);
}

std::string reason_text(json const& fit) {
  std::string const reason = fit.at("reason");
  return reason.empty() ? "fitted to all blocks together, none by itself" : reason;
}

std::vector<std::string> line_columns(json const& fit) {
  if (!fit.contains("slope")) return {reason_text(fit), "", "", ""};
  json const& pooled = fit.at("pooled");
  double const residual = fit.at("largest_residual");
  return {slope_text(fit.at("slope")),
          "± " + fine_bytes_text(pooled.at("slope_error").get<double>()),
          optional_interval_text(fit.at("intercept")),
          (fit.at("straight").get<bool>() ? "" : "no line: ") + percent_text(residual)};
}

// "1, 2, 3, 4".
std::string counts_text(json const& counts) {
  std::string text;
  for (json const& count : counts) {
    text += fmt::format("{}{:g}", text.empty() ? "" : ", ", count.get<double>());
  }
  return text;
}

std::string peak_text(json const& fit) {
  json const& peak = fit.at("peak_threads");
  if (peak.is_null()) return "none";
  double const threads = peak;
  double const measured = fit.at("fitted").back();
  return fmt::format("{:.{}f}{}", threads, threads < 9.95 ? 1 : 0,
                     threads > measured ? " (forecast)" : "");
}

std::vector<std::string> curve_columns(json const& fit) {
  if (!fit.contains("sigma")) return {reason_text(fit), "", "", "", "", ""};
  json const& share = fit.at("r_squared");
  return {with_limits(fit.at("lambda"), rate_text),
          with_limits(fit.at("sigma"), coefficient_text),
          with_limits(fit.at("kappa"), coefficient_text),
          peak_text(fit),
          share.is_null() ? "?" : fmt::format("{:.3f}", share.get<double>()),
          counts_text(fit.at("fitted")) +
              (fit.at("beyond_processors").get<bool>() ? " (> processors)" : "")};
}

// ---- the two tables

// Rows of one choice stand together: they are what one compares.
void add_lines(table& t, std::vector<json> const& fits, char const* choice,
               std::vector<std::string> (*columns)(json const&)) {
  std::vector<std::string> choices;
  for (json const& fit : fits) {
    std::string const name = fit.at(choice);
    if (std::find(choices.begin(), choices.end(), name) == choices.end()) choices.push_back(name);
  }
  for (std::string const& chosen : choices) {
    for (json const& fit : fits) {
      if (fit.at(choice) != chosen) continue;
      std::vector<std::string> line{chosen, fit.at("row")};
      for (auto& text : columns(fit)) line.push_back(std::move(text));
      t.lines.push_back(std::move(line));
    }
  }
}

// The fits of one scenario; of all, if it is "".
std::vector<json> fits_of(json const& fits, std::string_view scenario) {
  std::vector<json> chosen;
  for (json const& fit : fits) {
    if (scenario.empty() || fit.at("scenario") == scenario) chosen.push_back(fit);
  }
  return chosen;
}

std::vector<table> tables_of(json const& summary) {
  if (!summary.contains("fits")) return {};
  json const& fits = summary.at("fits");
  table memory{
      .title = "Memory of a further task",
      .explanation =
          "A line through the resident bytes of the process over the number of waiting "
          "tasks. ±: standard error of the fit to all blocks. Off by: how far the worst "
          "point lies from the line.",
      .heads = {"kind", "row", "a task [low, high]", "error", "no task [low, high]", "off by"},
      .lines = {}};
  add_lines(memory, fits_of(fits.at("lines"), "memory"), "kind", line_columns);
  table proxies{
      .title = "Memory of a further connection through a proxy",
      .explanation =
          "A line through the private bytes of the proxy's processes over the number of idle "
          "connections; what the kernel keeps for their sockets is not in it.",
      .heads = {"kind", "row", "a connection [low, high]", "error", "none [low, high]", "off by"},
      .lines = {}};
  add_lines(proxies, fits_of(fits.at("lines"), "path_memory"), "kind", line_columns);
  json const& processors = fits.at("processors");
  table scaling{.title = "Scaling over threads",
                .explanation = fmt::format(
                    "The Universal Scalability Law: σ is contention, κ the cost of agreement, and "
                    "the peak the number of threads with the most throughput (a forecast, if "
                    "beyond those measured). "
                    "The run could use "
                    "{} processors.",
                    processors.is_null() ? "an unknown number of" : processors.dump()),
                .heads = {"work", "row", "one thread [low, high]", "σ [low, high]", "κ [low, high]",
                          "peak at", "R²", "fitted to threads"},
                .lines = {}};
  add_lines(scaling, fits_of(fits.at("scalability"), ""), "work", curve_columns);
  std::vector<table> tables{std::move(memory), std::move(proxies), std::move(scaling)};
  std::erase_if(tables, [](table const& t) { return t.lines.empty(); });
  return tables;
}

// ---- for a terminal

constexpr std::size_t indent = 2;

std::string bold(std::string const& text, bool color) {
  return color ? "\x1b[1m" + text + "\x1b[0m" : text;
}

bool is_reason(std::vector<std::string> const& line) { return line[3].empty(); }

// The row and its figures, as many beside each other as fit; the next line takes the rest.
std::string laid_out(std::vector<std::string> const& line, std::vector<std::size_t> const& widths,
                     std::size_t columns) {
  constexpr std::size_t gap = 2;
  std::string text;
  std::string current(indent, ' ');
  auto const flush = [&] { text += current.substr(0, current.find_last_not_of(' ') + 1) + "\n"; };
  for (std::size_t i = 1; i != line.size(); ++i) {
    std::string const blank(i == 1 ? 0 : gap, ' ');
    if (i != 1 && columns_of(current) + gap + columns_of(line[i]) > columns) {
      flush();
      current.assign(2 * indent, ' ');
    }
    current += blank + left(line[i], widths[i]);
  }
  flush();
  return text;
}

// The rows of one choice that have no fit, those of the same reason in one sentence.
std::string without_fit(table const& t, std::string const& choice, std::size_t columns) {
  std::vector<std::pair<std::string, std::string>> rows_by_reason;
  for (auto const& line : t.lines) {
    if (line[0] != choice || !is_reason(line)) continue;
    auto const found = std::find_if(rows_by_reason.begin(), rows_by_reason.end(),
                                    [&](auto const& entry) { return entry.first == line[2]; });
    if (found == rows_by_reason.end()) {
      rows_by_reason.emplace_back(line[2], line[1]);
    } else {
      found->second += ", " + line[1];
    }
  }
  std::string text;
  for (auto const& [reason, rows] : rows_by_reason) text += wrapped(rows + ": " + reason, columns);
  return text;
}

std::vector<std::size_t> widths_of(table const& t) {
  std::vector<std::size_t> widths;
  for (std::string const& head : t.heads) widths.push_back(columns_of(head));
  for (auto const& line : t.lines) {
    if (is_reason(line)) continue;
    for (std::size_t i = 0; i != line.size(); ++i) {
      widths[i] = std::max(widths[i], columns_of(line[i]));
    }
  }
  return widths;
}

// Rows of one choice, with the heads of their columns, and after them those without a fit.
std::string choice_text(table const& t, std::string const& choice, std::size_t columns) {
  auto const widths = widths_of(t);
  std::string rows;
  for (auto const& line : t.lines) {
    if (line[0] == choice && !is_reason(line)) rows += laid_out(line, widths, columns);
  }
  if (!rows.empty()) rows.insert(0, laid_out(t.heads, widths, columns));
  return rows + without_fit(t, choice, columns);
}

}  // namespace

std::string fits_table(json const& summary, table_options options) {
  std::string text;
  for (table const& t : tables_of(summary)) {
    text += bold(t.title, options.color) + "\n";
    std::string choice;
    for (auto const& line : t.lines) {
      if (line[0] == choice) continue;
      choice = line[0];
      text += bold(choice, options.color) + "\n" + choice_text(t, choice, options.columns);
    }
    text += wrapped(t.explanation, options.columns) + "\n";
  }
  return text;
}

std::string fits_markdown(json const& summary) {
  std::string text;
  for (table const& t : tables_of(summary)) {
    text += fmt::format("\n## {}\n\n{}\n\n|", t.title, t.explanation);
    for (auto const& head : t.heads) text += " " + head + " |";
    text += "\n|";
    for (std::size_t i = 0; i != t.heads.size(); ++i) text += i < 2 ? "---|" : "--:|";
    text += "\n";
    for (auto const& line : t.lines) {
      text += "|";
      for (std::string entry : line) {
        for (auto at = entry.find('|'); at != std::string::npos; at = entry.find('|', at + 2)) {
          entry.insert(at, "\\");
        }
        text += " " + entry + " |";
      }
      text += "\n";
    }
  }
  return text;
}

}  // namespace regatta::stats
