#include "harness/driver/report/markdown.hpp"

#include <fmt/core.h>

#include <map>
#include <vector>

#include "harness/driver/report/wording.hpp"

namespace regatta::driver {
namespace {

using json = nlohmann::ordered_json;

/// A text inside a table: a bar would end its column.
std::string cell_text(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
    text.insert(at, "\\");
  }
  return text;
}

std::string optional_number(const json& result, const char* key, const char* format) {
  const auto found = result.find(key);
  if (found == result.end() || !found->is_number()) return "–";
  return fmt::format(fmt::runtime(format), found->get<double>());
}

std::string memory_text(const json& result) {
  const auto found = result.find("peak_rss_bytes");
  if (found == result.end() || !found->is_number()) return "–";
  return fmt::format("{:.1f} MiB", found->get<double>() / (1024 * 1024));
}

std::string interval_text(const json& estimate) {
  return fmt::format("{} … {}", say_time(estimate.at("low").get<double>()),
                     say_time(estimate.at("high").get<double>()));
}

std::string row_line(const json& cell, const json& result) {
  const auto row = result.at("row").get<std::string>();
  if (result.at("outcome") != "ok") {
    return fmt::format("| {} | *{}*: {} | | | | | |\n", row,
                       result.at("outcome").get<std::string>(),
                       cell_text(result.at("reason").get<std::string>()));
  }
  const json& time = result.at("ns_per_operation");
  const bool ranked = !result.at("ratio_to_best").is_null();
  return fmt::format(
      "| {} | {} | {} | {} | {} | {} | {} |\n", row, say_time(time.at("median").get<double>()),
      interval_text(time), ranked ? say_result(result, cell.at("best") == row) : "A/A twin",
      optional_number(result, "cpu_ns_per_operation", "{:.1f}"),
      optional_number(result, "allocations_per_operation", "{:.2f}"), memory_text(result));
}

std::string cell_section(const json& cell) {
  std::string text = fmt::format("\n### {}\n\n", cell.at("cell").get<std::string>());
  text +=
      "| row | time per operation | interval | against the best | CPU ns per operation | "
      "allocations per operation | peak memory |\n"
      "|---|---:|---:|---:|---:|---:|---:|\n";
  for (const json& result : cell.at("results")) text += row_line(cell, result);
  return text;
}

std::string means_section(const json& summary) {
  std::string text =
      "| row | geometric mean of ratios to the best | common cells |\n|---|---:|---:|\n";
  for (const json& mean : summary.at("geometric_means")) {
    const std::string ratio = mean.at("ratio").is_null()
                                  ? mean.value("reason", "–")
                                  : say_ratio(mean.at("ratio").get<double>());
    text += fmt::format("| {} | {} | {} |\n", mean.at("row").get<std::string>(), ratio,
                        mean.at("cells").get<std::size_t>());
  }
  return text;
}

}  // namespace

std::string markdown_of(const json& summary) {
  std::string text = fmt::format("# Run {}\n\n", summary.at("run").get<std::string>());
  text += fmt::format("{} blocks, seed {}. {}\n\n{}\n\n", summary.at("blocks").dump(),
                      summary.at("seed").dump(), say_noise(summary.at("noise")),
                      say_intervals(summary));
  text += means_section(summary);
  std::string scenario;
  for (const json& cell : summary.at("cells")) {
    if (cell.at("scenario") != scenario) {
      scenario = cell.at("scenario").get<std::string>();
      text += fmt::format("\n## {}\n", scenario);
    }
    text += cell_section(cell);
  }
  return text;
}

}  // namespace regatta::driver
