#include "harness/stats/costs.hpp"

#include <stdexcept>

#include "harness/stats/quantities.hpp"

namespace regatta::stats {
namespace {

using json = nlohmann::ordered_json;

std::string unit_of(json const& cell) { return cell.at("unit"); }

}  // namespace

json const& cost_interval(json const& cell, json const& result) {
  return result.at(unit_of(cell) == "B" ? "bytes_per_operation" : "ns_per_operation");
}

double cost_of(json const& cell, json const& result) {
  return cost_interval(cell, result).at("median");
}

double best_cost(json const& cell) {
  for (json const& result : cell.at("results")) {
    if (result.at("row") == cell.at("best")) return cost_of(cell, result);
  }
  throw std::invalid_argument("this cell has no best row");
}

std::string cost_text(json const& cell, json const& result) {
  return amount_text(cost_of(cell, result), unit_of(cell));
}

std::string cost_interval_text(json const& cell, json const& result) {
  return interval_text(cost_interval(cell, result), unit_of(cell));
}

}  // namespace regatta::stats
