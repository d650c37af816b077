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

// One list of it, by value: a loop may run over the answer. A loop over no cases would prove
// nothing.
inline nlohmann::json reference_table(std::string const& name, std::string const& list) {
  auto cases = reference_table(name).at(list);
  if (cases.empty()) throw std::runtime_error(name + ".json has no cases in " + list);
  return cases;
}

inline std::vector<double> numbers(nlohmann::json const& list) {
  return list.get<std::vector<double>>();
}

}  // namespace regatta::stats
