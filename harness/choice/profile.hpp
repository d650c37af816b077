// A profile: which cells a kind of work consists of, what they weigh, and why.
//
// Profiles are data. Those of the house are in profiles.json beside this file and travel inside the
// program; a user's come from a file in the same format (docs/CHOOSING.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/stats/block_quantities.hpp"

namespace regatta::choice {

using json = nlohmann::ordered_json;

// Cells that say the same about a runtime, and share one weight.
struct group {
  std::string name;
  double weight = 0.0;             // 0 or more; only the proportions count
  std::vector<std::string> cells;  // shell globs over cells: "echo connections=64 *"
  stats::quantity by = stats::quantity::cost;
  std::string why;
};

struct profile {
  std::string name;
  std::string description;
  std::string subject = "runtime";  // or "path": who is ranked
  std::vector<group> groups;
};

// The profiles of the house.
std::vector<profile> const& built_in_profiles();

// {"profiles": [...]}, as profiles.json has it. Throws std::invalid_argument with a sentence that
// says where something was wrong, and what was expected.
std::vector<profile> profiles_from(json const& document);

// The profile with other weights: {"weights": {"memory": 40, "requests": 0}}. Groups that are not
// named keep theirs. Throws std::invalid_argument as above, also for a group that there is not.
profile reweighted(profile base, json const& document);

// Whether the cell is one of the group's.
bool holds(group const& g, std::string const& cell);

}  // namespace regatta::choice
