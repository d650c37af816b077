#include "harness/stats/terminal_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "harness/stats/captions.hpp"
#include "harness/stats/quantities.hpp"

namespace regatta::stats {
namespace {

using json = nlohmann::ordered_json;

// Column widths, the gap after each included.
constexpr std::size_t page = 100;
constexpr std::size_t mark_width = 4;
constexpr std::size_t row_width = 28;
constexpr std::size_t time_width = 28;
constexpr std::size_t cpu_width = 11;
constexpr std::size_t ratio_width = 29;  // "12.3 [10.1, 14.5] not sep."
static_assert(mark_width + row_width + time_width + cpu_width + ratio_width == page);

struct painter {
  bool color;

  std::string bold(std::string const& text) const { return painted("1", text); }
  std::string dim(std::string const& text) const { return painted("2", text); }
  std::string green(std::string const& text) const { return painted("32", text); }
  std::string red(std::string const& text) const { return painted("31", text); }

 private:
  std::string painted(char const* code, std::string const& text) const {
    return color ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  }
};

// Shortened in the middle, where names differ least, to fit.
std::string shortened(std::string const& text, std::size_t columns) {
  if (columns_of(text) <= columns || columns < 4) return text;
  // Row names and reasons are cut by bytes: step back over half of a character.
  auto const is_inside = [&](std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0u) == 0x80u;
  };
  std::size_t const half = (columns - 1) / 2;
  std::size_t head = half;
  while (head > 0 && is_inside(head)) --head;
  std::size_t tail = text.size() - (columns - 1 - half);
  while (is_inside(tail)) ++tail;
  return text.substr(0, head) + "…" + text.substr(tail);
}

std::string wrapped(std::string const& text, std::size_t columns) {
  std::string result;
  std::size_t used = 0;
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t const end = std::min(text.find(' ', begin), text.size());
    std::string const word = text.substr(begin, end - begin);
    if (used != 0 && used + 1 + columns_of(word) > columns) {
      result += '\n';
      used = 0;
    }
    if (used != 0) {
      result += ' ';
      ++used;
    }
    result += word;
    used += columns_of(word);
    begin = end + 1;
  }
  return result + '\n';
}

bool is_ok(json const& result) { return result.at("outcome") == "ok"; }

// Ranked rows by group and ratio, then rows without a rank in the order of the plan.
std::vector<json const*> sorted_results(json const& cell) {
  std::vector<json const*> rows;
  for (json const& result : cell.at("results")) {
    if (is_ok(result) && result.at("group").is_null()) continue;  // the twin: see the caption
    rows.push_back(&result);
  }
  auto const key = [](json const* result) {
    if (!is_ok(*result)) return std::pair(1'000'000u, 0.0);
    auto const& ratio = result->at("ratio_to_best");
    return std::pair(result->at("group").get<unsigned>(),
                     ratio.is_null() ? 0.0 : ratio.at("median").get<double>());
  };
  std::sort(rows.begin(), rows.end(), [&](json const* a, json const* b) {
    auto const ka = key(a);
    auto const kb = key(b);
    return ka != kb ? ka < kb : a < b;
  });
  return rows;
}

std::string measured_line(json const& cell, json const& result, painter const& paint) {
  std::string const name = result.at("row");
  bool const best = cell.at("best") == name;
  json const& ratio = result.at("ratio_to_best");
  bool const tied = !best && result.at("group") == 1;

  std::string mark = tied ? "≈" : std::to_string(result.at("group").get<unsigned>());
  std::string verdict;
  if (best) {
    verdict = "best";
  } else if (!ratio.is_null()) {
    verdict = ratio_text(ratio) + (ratio.at("separated").get<bool>() ? "" : " not sep.");
  }
  json const& cpu = result.at("cpu_ns_per_operation");
  auto const line = left("  " + mark, mark_width) +
                    left(shortened(name, row_width - 1), row_width) +
                    left(duration_interval_text(result.at("ns_per_operation")), time_width) +
                    left(cpu.is_null() ? "?" : duration_text(cpu), cpu_width) + verdict;
  return best ? paint.green(line) : tied ? line : paint.dim(line);
}

std::string unmeasured_line(json const& result, painter const& paint) {
  std::string const outcome = result.at("outcome");
  std::string text = outcome;
  if (std::string const reason = result.at("reason"); !reason.empty()) text += ": " + reason;
  std::replace(text.begin(), text.end(), '\n', ' ');
  auto const line = left("  –", mark_width) +
                    left(shortened(result.at("row"), row_width - 1), row_width) +
                    shortened(text, page - mark_width - row_width);
  return outcome == "skipped" || outcome == "unsupported" ? paint.dim(line) : paint.red(line);
}

// "leaves=1000 fan_out=10" of "skynet leaves=1000 fan_out=10".
std::string parameters_of(json const& cell) {
  std::string const key = cell.at("cell");
  auto const blank = key.find(' ');
  return blank == key.npos ? "(no parameters)" : key.substr(blank + 1);
}

std::string latency_line(json const& result, painter const& paint) {
  json const& latency = result.at("latency");
  auto const at = [&](char const* name) { return duration_text(latency.at(name).get<double>()); };
  return paint.dim(left("", mark_width + 2) +
                   fmt::format("latency p50 {}, p90 {}, p99 {}, p99.9 {}, max {}", at("p50"),
                               at("p90"), at("p99"), at("p999"), at("max")));
}

std::string heading(std::string const& scenario, painter const& paint) {
  return paint.bold(left(scenario, mark_width + row_width) +
                    left("time/op [low, high]", time_width) + left("cpu/op", cpu_width) +
                    "to the best [low, high]") +
         "\n";
}

// A row that does not take part at all would repeat its reason in every cell; it is told once.
std::string absent_rows(json const& summary, painter const& paint) {
  std::string text;
  for (json const& row : summary.at("rows")) {
    if (row.at("skipped").is_null()) continue;
    text +=
        paint.dim(shortened(fmt::format("not in this run: {}: {}", row.at("row").get<std::string>(),
                                        row.at("skipped").get<std::string>()),
                            page)) +
        "\n";
  }
  return text.empty() ? text : text + "\n";
}

bool is_absent(json const& summary, json const& result) {
  for (json const& row : summary.at("rows")) {
    if (row.at("row") == result.at("row")) return !row.at("skipped").is_null();
  }
  return false;
}

std::string means(json const& summary, painter const& paint) {
  std::string text;
  for (json const& mean : summary.at("geometric_means")) {
    std::string const name = shortened(mean.at("row"), row_width - 1);
    if (mean.at("ratio").is_null()) continue;
    text += left("", mark_width) + left(name, row_width) +
            fmt::format("{:.2f} [{:.2f}, {:.2f}]", mean.at("ratio").get<double>(),
                        mean.at("low").get<double>(), mean.at("high").get<double>()) +
            "\n";
  }
  if (text.empty()) return text;
  auto const cells = summary.at("geometric_means").front().at("cells").get<std::size_t>();
  return paint.bold(fmt::format("ratio to the best, geometric mean over {} common cell{}", cells,
                                cells == 1 ? "" : "s")) +
         "\n" + text + "\n";
}

}  // namespace

std::string terminal_table(json const& summary, table_options options) {
  painter const paint{options.color};
  std::string text;
  std::string scenario;
  for (json const& cell : summary.at("cells")) {
    if (cell.at("scenario") != scenario) {
      if (!scenario.empty()) text += "\n";
      scenario = cell.at("scenario");
      text += heading(scenario, paint);
    }
    text += "  " + shortened(parameters_of(cell), page - 2) + "\n";
    for (json const* result : sorted_results(cell)) {
      if (is_ok(*result)) {
        text += measured_line(cell, *result, paint) + "\n";
        if (result->contains("latency")) text += latency_line(*result, paint) + "\n";
      } else if (!is_absent(summary, *result)) {
        text += unmeasured_line(*result, paint) + "\n";
      }
    }
  }
  if (!text.empty()) text += "\n";
  text += absent_rows(summary, paint);
  text += means(summary, paint);
  text += wrapped("≈ and \"not sep.\": this run cannot tell the row from the best. " +
                      noise_caption(summary) + " " + evidence_caption(summary),
                  page);
  text += wrapped(machine_caption(summary), page);
  return text;
}

}  // namespace regatta::stats
