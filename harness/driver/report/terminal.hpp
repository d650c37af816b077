// The summary as a table for the terminal.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace regatta::driver {

/// Cells against rows: the best row's time, the others' ratios to it with their intervals, ties
/// called ties, the noise floor named. `columns` is the width to fit into.
std::string summary_table(const nlohmann::ordered_json& summary, std::size_t columns);

/// Prints the table to stdout, fitted to the terminal.
void print_summary(const nlohmann::ordered_json& summary);

}  // namespace regatta::driver
