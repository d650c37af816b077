#include "harness/comparison/phrases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/stats/quantities.hpp"

namespace regatta::comparison {
namespace {

using json = nlohmann::ordered_json;

// Of more than so many cells the rest are counted.
constexpr std::size_t most_named = 3;

std::vector<json const*> cells_that_are(json const& document, std::string const& verdict) {
  std::vector<json const*> cells;
  for (json const& cell : document.at("cells")) {
    if (cell.at("verdict") == verdict) cells.push_back(&cell);
  }
  return cells;
}

std::string spoken(std::string verdict) {
  std::ranges::replace(verdict, '_', ' ');
  return verdict;
}

std::string named(json const& document, json const& cell) {
  std::string const ratio =
      cell.contains("second_outcome")
          ? fmt::format("{} in the second run", cell.at("second_outcome").get<std::string>())
          : ratio_text(cell);
  return fmt::format("{} in {} ({})", cell.at("contender").get<std::string>(),
                     short_name(document, cell), ratio.empty() ? costs_text(cell) : ratio);
}

std::string list_of(json const& document, std::vector<json const*> const& cells) {
  std::string text;
  for (std::size_t i = 0; i != std::min(most_named, cells.size()); ++i) {
    text += (i == 0 ? "" : ", ") + named(document, *cells[i]);
  }
  if (cells.size() > most_named) text += fmt::format(" and {} more", cells.size() - most_named);
  return text;
}

std::string are(std::size_t some, std::size_t all) {
  return fmt::format("{} of {} {}", some, all,
                     all == 1    ? "cell is"
                     : some == 1 ? "cells is"
                                 : "cells are");
}

// What to do about it: more blocks, if they would do, or a quieter machine.
std::string advice(std::vector<json const*> const& cells, json const& document) {
  std::size_t more = 0;
  bool blocks_would_do = true;
  for (json const* cell : cells) {
    if (cell->at("more_blocks").is_null()) {
      blocks_would_do = false;
    } else {
      more = std::max(more, cell->at("more_blocks").get<std::size_t>());
    }
  }
  std::string text = "more blocks would not do, a quieter machine might";
  if (blocks_would_do) text = fmt::format("needs about {} more blocks", more);
  json const& noise = document.at("noise");
  if (noise.at("label").is_string() && noise.at("label") != "quiet") {
    text += fmt::format("; the machine is {}", noise.at("label").get<std::string>());
    if (!noise.at("reasons").empty()) {
      std::string const reason = noise.at("reasons").front();
      // A sentence there, a part of one here.
      text += ": " + reason.substr(0, reason.find_last_not_of('.') + 1);
    }
  }
  return text;
}

std::string why_not_measured(json const& document) {
  auto const cells = cells_that_are(document, "could_not_measure");
  std::size_t const all = document.at("cells").size();
  if (cells.empty()) return "nothing could be compared: no cell was measured on either side";
  json const& first = *cells.front();
  std::string text = fmt::format("{} of {} cells could not be measured, first {} in {}: {}",
                                 cells.size(), all, first.at("contender").get<std::string>(),
                                 short_name(document, first), first.at("why").get<std::string>());
  return text + "; " + advice(cells, document);
}

std::string why_unchanged(json const& document) {
  json const& cells = document.at("cells");
  bool const identical = std::ranges::all_of(
      cells, [](json const& cell) { return cell.at("identical").template get<bool>(); });
  if (identical) return "base and head are the same programs, byte for byte";
  return fmt::format("in each of {} cells a change of {} is excluded", cells.size(),
                     stats::percent_text(document.at("resolution")));
}

}  // namespace

std::string why_of(json const& document) {
  std::string const verdict = document.at("verdict");
  std::size_t const all = document.at("cells").size();
  if (verdict == "could_not_measure") return why_not_measured(document);
  if (verdict == "unchanged") return why_unchanged(document);
  auto const cells = cells_that_are(document, verdict);
  std::string text = fmt::format("{} {}: {}", are(cells.size(), all),
                                 verdict_text(document, *cells.front()), list_of(document, cells));
  if (verdict == "worse") {
    if (auto const unseen = cells_that_are(document, "could_not_measure"); !unseen.empty()) {
      text += fmt::format("; {} could not be measured", unseen.size());
    }
  }
  return text;
}

std::string verdict_text(json const& document) {
  bool const differs = document.at("verdict") == "worse" || document.at("verdict") == "better";
  if (differs && !document.at("interleaved").get<bool>()) return "differs";
  return spoken(document.at("verdict"));
}

std::string verdict_text(json const& document, json const& cell) {
  if (document.at("interleaved").get<bool>()) return spoken(cell.at("verdict"));
  if (cell.at("verdict") == "worse") return "slower";
  if (cell.at("verdict") == "better") return "faster";
  return spoken(cell.at("verdict"));
}

std::string short_name(json const& document, json const& cell) {
  std::string text = cell.at("scenario");
  for (auto const& [name, value] : cell.at("params").items()) {
    bool const varies = std::ranges::any_of(document.at("cells"), [&](json const& other) {
      return other.at("scenario") == cell.at("scenario") &&
             other.at("params").value(name, json()) != value;
    });
    if (!varies) continue;
    text +=
        fmt::format(" {}={}", name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

std::string costs_text(json const& cell) {
  json const& base = cell.at("base_cost");
  json const& head = cell.at("head_cost");
  if (cell.at("identical").get<bool>()) return "same program";
  if (base.is_null() || head.is_null()) {
    return fmt::format("{} → {}", cell.at("base_outcome").get<std::string>(),
                       cell.at("head_outcome").get<std::string>());
  }
  std::string const unit = cell.at("unit") == "bytes" ? "B" : "ns";
  return fmt::format("{} → {}", stats::amount_text(base, unit), stats::amount_text(head, unit));
}

std::string ratio_text(json const& cell) {
  json const& ratio = cell.at("ratio");
  if (ratio.is_null()) return "";
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", ratio.at("median").get<double>(),
                     ratio.at("low").get<double>(), ratio.at("high").get<double>());
}

std::string evidence_text(json const& document) {
  json const& noise = document.at("noise");
  std::string text = "A/A spread unknown";
  if (noise.at("spread").is_number()) {
    text = fmt::format("A/A spread {} (the uncertainty of a cell's ratio; median over cells)",
                       stats::percent_text(noise.at("spread")));
  }
  if (noise.at("label").is_string()) {
    text += fmt::format("; machine: {}", noise.at("label").get<std::string>());
  }
  text += fmt::format("; seed {}", document.at("seed").get<std::uint64_t>());
  if (json const& again = document.at("confirmation"); !again.is_null()) {
    text += fmt::format("; {} suspicious cell{} measured again with seed {}",
                        again.at("cells").size(), again.at("cells").size() == 1 ? "" : "s",
                        again.at("seed").get<std::uint64_t>());
  }
  return text + ".";
}

std::string mean_text(json const& document) {
  json const& mean = document.at("geometric_mean");
  if (mean.is_null()) return "";
  return fmt::format("All together: {:.3f} [{:.3f}, {:.3f}], the geometric mean over {} cell{}.",
                     mean.at("median").get<double>(), mean.at("low").get<double>(),
                     mean.at("high").get<double>(), mean.at("cells").get<std::size_t>(),
                     mean.at("cells") == 1 ? "" : "s");
}

}  // namespace regatta::comparison
