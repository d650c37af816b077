// A run's tables on the terminal that we are on, if we are on one.
#pragma once

#include <nlohmann/json.hpp>

namespace regatta::driver {

/// To stdout: as wide as the terminal (100 columns into a file or a pipe), in colour on a terminal
/// unless NO_COLOR is set.
void print_summary(const nlohmann::ordered_json& summary);

/// Whether what we print to stdout may be coloured.
bool is_coloured();

}  // namespace regatta::driver
