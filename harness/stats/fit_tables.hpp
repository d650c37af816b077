// The fits of a summary as tables: for summary.md and for a terminal.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "harness/stats/terminal_table.hpp"

namespace regatta::stats {

// Both take the document that summarise() makes, and are empty where it holds no fits.
std::string fits_markdown(nlohmann::ordered_json const& summary);
std::string fits_table(nlohmann::ordered_json const& summary, table_options options);

}  // namespace regatta::stats
