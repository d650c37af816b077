// A run's tables on the terminal that we are on, if we are on one.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>

namespace regatta::driver {

/// To stdout: as wide as the terminal (100 columns into a file or a pipe), in colour on a terminal
/// unless NO_COLOR is set.
void print_summary(const nlohmann::ordered_json& summary);

/// Whether what we print to stdout may be coloured.
bool is_coloured();
/// The width of the terminal that stdout is; 100 for a file or a pipe, and never less than 60.
std::size_t terminal_columns();

}  // namespace regatta::driver
