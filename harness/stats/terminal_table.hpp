// The summary of a run for a terminal: one table a scenario, in at most 100 columns.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace regatta::stats {

struct table_options {
  bool color = false;  // ANSI colours, for a terminal
};

// Takes the document that summarise() makes. Rows of a cell stand in the order of their groups; "≈"
// marks a row that cannot be told from the best.
std::string terminal_table(nlohmann::ordered_json const& summary, table_options options = {});

}  // namespace regatta::stats
