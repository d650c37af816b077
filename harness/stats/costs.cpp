#include "harness/stats/costs.hpp"

#include "harness/stats/quantities.hpp"

namespace regatta::stats {
namespace {

using json = nlohmann::ordered_json;

std::string unit_of(json const& cell) { return cell.at("unit"); }

}  // namespace

json const& cost_interval(json const& cell, json const& result) {
  if (unit_of(cell) == "B") return result.at("bytes_per_operation");
  if (result.contains("median_latency_ns")) return result.at("median_latency_ns");
  return result.at("ns_per_operation");
}

double cost_of(json const& cell, json const& result) {
  return cost_interval(cell, result).at("median");
}

std::optional<double> multiple_of_floor(json const& cell, json const& result) {
  if (!cell.contains("floor") || result.at("outcome") != "ok") return std::nullopt;
  json const& floor = cell.at("floor");
  double const charged = floor.at("ns");
  if (floor.at("of") == "operation") return cost_of(cell, result) / charged;
  if (!result.contains("latency")) return std::nullopt;
  return result.at("latency").at("p50").get<double>() / charged;
}

std::string cost_text(json const& cell, json const& result) {
  return amount_text(cost_of(cell, result), unit_of(cell));
}

std::string cost_interval_text(json const& cell, json const& result) {
  return interval_text(cost_interval(cell, result), unit_of(cell));
}

}  // namespace regatta::stats
