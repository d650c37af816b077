// The summary of a run for a terminal: one table a scenario, a line a cell, a column a row.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace regatta::stats {

struct table_options {
  std::size_t columns = 100;  // what does not fit beside each other goes below each other
  bool color = false;         // ANSI colours, for a terminal
};

// Takes the document that summarise() makes. The best row of a cell shows its time, every other its
// ratio to the best; "≈" marks a row that this run cannot tell from the best; "1.9c" says that the
// row kept 1.9 CPUs busy. Parameters that are the same in all cells of a scenario stand in its
// heading.
std::string terminal_table(nlohmann::ordered_json const& summary, table_options options = {});

}  // namespace regatta::stats
