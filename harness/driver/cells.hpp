// Which cells a run visits: scenarios by glob, parameters from their own matrices, overridden by
// `--set`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/specification/specification.hpp"

namespace regatta::driver {

using specification::parameters;

/// One scenario with all its parameters: what is measured, and what the oracle knows of it.
struct cell {
  std::string key;  ///< "skynet leaves=1000 fan_out=10"
  std::string scenario;
  parameters params;
  std::uint64_t expected = 0;    ///< The answer of one run.
  std::uint64_t operations = 0;  ///< Units of work in one run.

  // How its scenario wants to be measured (scenarios/support/traits.hpp).
  scenarios::quantity measures = scenarios::quantity::time;
  scenarios::subject asked = scenarios::subject::runtime;
  bool fresh_process = false;
  bool counts_system_calls = false;
  scenarios::small_program program = scenarios::small_program::none;
  std::string floor;              ///< The line of the scenario `floor` that bounds it; or empty.
  std::uint64_t floor_times = 1;  ///< How many of it an operation needs.
  /// The only rows that run it, by name, and their twins; empty: all of its subject.
  std::vector<std::string> only_rows = {};
};

using specifications = std::vector<const specification::specification*>;

/// `--set key=v1,v2`, taken apart.
struct setting {
  std::string key;
  std::vector<std::string> values;
};

/// Throws ends_command unless the text is `key=value` or `key=value,value`.
setting parse_setting(std::string_view text);

enum class matrix { smoke, quick, full };

struct cell_wishes {
  matrix size = matrix::quick;
  std::vector<std::string> scenario_globs;  ///< Empty: every scenario.
  std::vector<setting> settings;            ///< Without `threads`, which is no scenario's.
};

/// The cells of a run, in the scenarios' order, each once. Throws ends_command where a wish names
/// nothing, or makes no sense for any cell.
std::vector<cell> choose_cells(const specifications& known, const cell_wishes& wishes);

/// The scenarios that match. Throws ends_command, with near names, for a glob that matches none.
specifications choose_scenarios(const specifications& known, const std::vector<std::string>& globs);

/// Throws std::invalid_argument, with the scenario's sentence, for parameters that make no sense.
cell make_cell(const specification::specification& scenario, const parameters& params);

}  // namespace regatta::driver
