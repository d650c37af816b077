// For tests: the tables of reference/, which scripts/make_stats_reference.py makes with SciPy and
// R.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace regatta::stats {

inline nlohmann::json reference_table(std::string const& name) {
  std::ifstream file(REGATTA_STATS_REFERENCE "/" + name + ".json");
  if (!file) throw std::runtime_error("there is no table " REGATTA_STATS_REFERENCE "/" + name);
  return nlohmann::json::parse(file);
}

inline std::vector<double> numbers(nlohmann::json const& list) {
  return list.get<std::vector<double>>();
}

}  // namespace regatta::stats
