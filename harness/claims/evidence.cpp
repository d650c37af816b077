#include "harness/claims/evidence.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace regatta::claims {
namespace {

bool includes(json const& params, json const& wanted) {
  if (wanted.is_null()) return true;
  return std::ranges::all_of(wanted.items(), [&](auto const& each) {
    return params.contains(each.key()) && params.at(each.key()) == each.value();
  });
}

}  // namespace

std::string name_of(json const& cell) { return cell.at("cell").get<std::string>(); }

std::vector<json const*> evidence::cells(std::string_view scenario, json const& params) const {
  std::vector<json const*> found;
  for (json const& cell : summary_.at("cells")) {
    if (cell.at("scenario") == scenario && includes(cell.at("params"), params)) {
      found.push_back(&cell);
    }
  }
  return found;
}

json const* evidence::sibling(json const& cell, json const& changed) const {
  json params = cell.at("params");
  params.update(changed);
  for (json const& other : summary_.at("cells")) {
    if (other.at("scenario") == cell.at("scenario") && other.at("params") == params) return &other;
  }
  return nullptr;
}

json const* evidence::result(json const& cell, std::string const& row) const {
  for (json const& result : cell.at("results")) {
    if (result.at("row") == row) return &result;
  }
  return nullptr;
}

stats::row_measurement const* evidence::measured(json const& cell, std::string const& row) const {
  json const* const seen = result(cell, row);
  if (seen == nullptr || seen->at("outcome") != "ok" || seen->value("saturated", false)) {
    return nullptr;
  }
  auto const* const found = samples_.find(name_of(cell));
  return found == nullptr ? nullptr : found->find(row);
}

std::vector<std::string> evidence::rows(json const& cell) const {
  std::vector<std::string> found;
  for (json const& result : cell.at("results")) {
    std::string const row = result.at("row");
    if (!row.ends_with("#twin") && measured(cell, row) != nullptr) found.push_back(row);
  }
  return found;
}

stats::block_values evidence::values(json const& cell, std::string const& row,
                                     stats::quantity by) const {
  auto const* const seen = measured(cell, row);
  if (seen == nullptr) return {};
  auto values = stats::values_of(*seen, by);
  std::erase_if(values, [](auto const& value) { return !(value.second > 0.0); });
  return values;
}

stats::block_values evidence::counter(json const& cell, std::string const& row,
                                      std::string_view name) const {
  auto const* const seen = measured(cell, row);
  return seen == nullptr ? stats::block_values{} : stats::counter_per_iteration(*seen, name);
}

double evidence::noise(json const& cell) const {
  json const& floor = cell.at("noise_floor");
  return floor.is_number() ? floor.get<double>() : 0.0;
}

std::vector<finding> compare_rows(evidence const& run, std::vector<json const*> const& cells,
                                  std::vector<pair_of_rows> const& pairs, stats::quantity by,
                                  std::function<region(json const& cell)> const& claimed) {
  std::vector<finding> found;
  for (pair_of_rows const& pair : pairs) {
    for (json const* const cell : cells) {
      auto ratios = ratio_of(run.values(*cell, pair.second, by), run.values(*cell, pair.first, by));
      if (ratios.empty()) continue;
      finding one;
      one.label = fmt::format("{} / {}, {}", pair.second, pair.first, name_of(*cell));
      one.row = pair.second;
      one.cells = {name_of(*cell)};
      one.values = std::move(ratios);
      one.unit = "x";
      one.claimed = claimed(*cell);
      found.push_back(std::move(one));
    }
  }
  return found;
}

std::vector<finding> compare_cells(evidence const& run, json const& cell, json const& other,
                                   std::string const& what, stats::quantity by, region claimed) {
  std::vector<finding> found;
  for (std::string const& row : run.rows(cell)) {
    auto ratios = ratio_of(run.values(other, row, by), run.values(cell, row, by));
    if (ratios.empty()) continue;
    finding one;
    one.label = fmt::format("{}: {}", row, what);
    one.row = row;
    one.cells = {name_of(cell), name_of(other)};
    one.values = std::move(ratios);
    one.unit = "x";
    one.claimed = claimed;
    found.push_back(std::move(one));
  }
  return found;
}

}  // namespace regatta::claims
