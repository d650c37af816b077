// Does this runtime answer every scenario rightly? Nothing is measured.
#pragma once

#include <string_view>

#include "harness/contender/registry.hpp"

namespace regatta::contender {

inline constexpr int exit_ok = 0;
inline constexpr int exit_wrong = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_unsupported = 77;  // What ctest takes for "skipped".

// Runs one scenario, or all if `scenario_name` is empty, at smoke size, in every combination of its
// named alternatives, twice each on one runtime; a simulated runtime with many seeds (seeds.hpp).
// Prints a line for each and answers an exit code.
int check(registry const& program, setup const& how, std::string_view scenario_name);

// The smoke cell of a scenario in all combinations of its named alternatives that are valid.
std::vector<scenarios::parameter_list> smoke_cells(scenarios::description const& scenario);

}  // namespace regatta::contender
