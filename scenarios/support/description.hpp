// The half of a scenario that knows no runtime, with its types forgotten: what the driver needs to
// plan cells and check answers, and what a contender needs to understand a request.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/support/measuring.hpp"
#include "scenarios/support/parameters.hpp"

namespace regatta::scenarios {

struct description {
  std::string name;
  std::string summary;
  std::vector<parameter_description> parameters;

  // Made when asked for, because a whole grid can be long.
  std::function<parameter_list()> smoke;
  std::function<std::vector<parameter_list>()> quick;
  std::function<std::vector<parameter_list>()> full;

  // All of these take a list that may name some parameters only, in any order; the others have
  // their defaults. Unless invalid() answers "", the other three throw std::invalid_argument with
  // its sentence.
  std::function<std::string(parameter_list const&)> invalid;
  std::function<parameter_list(parameter_list const&)>
      complete;  // every parameter, in the scenario's order
  std::function<u64(parameter_list const&)> expected;
  std::function<u64(parameter_list const&)> operations;

  // How it wants to be measured (traits.hpp).
  bool times_a_part = false;
  quantity measures = quantity::time;
  subject asked = subject::runtime;
  bool fresh_process = false;
  bool counts_system_calls = false;
  std::function<bound(parameter_list const&)> floor;
  std::function<scenarios::small_program(parameter_list const&)> small_program;
};

// The cell's name in results: `skynet leaves=1000 fan_out=10`. Wants a complete list.
inline std::string cell_key(std::string_view scenario_name, parameter_list const& parameters) {
  std::string key(scenario_name);
  for (auto const& [name, text, is_number] : parameters)
    key.append(" ").append(name).append("=").append(text);
  return key;
}

}  // namespace regatta::scenarios
