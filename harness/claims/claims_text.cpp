// The claims for a terminal.
#include <fmt/format.h>

#include <map>

#include "harness/claims/claims.hpp"
#include "harness/stats/quantities.hpp"

namespace regatta::claims {
namespace {

constexpr std::size_t margin = 4;

std::string indented(std::string const& text, std::size_t columns) {
  std::string const body = stats::wrapped(text, columns - margin);
  std::string lines;
  for (std::size_t begin = 0; begin < body.size();) {
    std::size_t const end = body.find('\n', begin);
    lines += std::string(margin, ' ') + body.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  return lines;
}

std::string word_for(std::string const& verdict) {
  static std::map<std::string, std::string> const words{{"holds", "HOLDS"},
                                                        {"refuted", "REFUTED"},
                                                        {"not_separated", "not separated"},
                                                        {"not_measured", "not measured"}};
  auto const found = words.find(verdict);
  return found == words.end() ? verdict : found->second;
}

std::string amount_of(json const& figure, char const* key) {
  std::string const unit = figure.at("unit");
  double const value = figure.at(key);
  if (unit == "ns") return stats::duration_text(value);
  if (unit == "B") return stats::bytes_text(value);
  return stats::number_text(value);
}

std::string detail_text(json const& detail) {
  std::string const unit = detail.at("unit");
  std::string text =
      fmt::format("- {}: {}", detail.at("label").get<std::string>(), amount_of(detail, "value"));
  // A fact has no interval.
  if (!detail.value("fact", false)) {
    text += fmt::format(" [{}, {}]", amount_of(detail, "low"), amount_of(detail, "high"));
  }
  if (unit != "ns" && unit != "B") text += " " + unit;
  if (!detail.contains("verdict")) return text;
  return text + ": " + word_for(detail.at("verdict").get<std::string>());
}

}  // namespace

std::string claims_text(json const& document, bool details, std::size_t columns) {
  std::string text;
  std::map<std::string, int> counts;
  for (json const& claim : document.at("claims")) {
    std::string const verdict = claim.at("verdict");
    ++counts[verdict];
    text += stats::wrapped(
        fmt::format("{}. {}", claim.at("number").get<int>(), claim.at("claim").get<std::string>()),
        columns);
    text += indented(
        fmt::format("{}. {}", word_for(verdict), claim.at("explanation").get<std::string>()),
        columns);
    if (!claim.at("how_to_measure").is_null()) {
      text += indented("To measure it: " + claim.at("how_to_measure").get<std::string>(), columns);
    }
    if (details) {
      for (json const& detail : claim.at("details")) text += indented(detail_text(detail), columns);
    }
    text += "\n";
  }
  text += stats::wrapped(
      fmt::format("{} claims: {} held, {} refuted, {} not separated, {} not measured; {} blocks, "
                  "machine: {}.",
                  document.at("claims").size(), counts["holds"], counts["refuted"],
                  counts["not_separated"], counts["not_measured"],
                  document.at("blocks").get<std::size_t>(),
                  document.at("machine").at("label").is_string()
                      ? document.at("machine").at("label").get<std::string>()
                      : "unknown"),
      columns);
  return text;
}

}  // namespace regatta::claims
