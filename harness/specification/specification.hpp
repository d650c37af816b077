// What the driver knows of the scenarios: every scenario of the house as a value, its parameters as
// JSON, its oracle as a function. No runtime, no task and no scenario header comes in by this way.
//
//   for (specification const* scenario : specification::all()) plan(scenario->name,
//   scenario->quick);
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/support/description.hpp"

namespace regatta::specification {

// {"leaves":1000,"style":"join"}: numbers for numbers, strings for words, in the scenario's order.
using parameters = nlohmann::ordered_json;

// What one parameter may be: a whole number (if `accepts_number`), or one of `choices`.
struct parameter {
  std::string name;
  nlohmann::ordered_json default_value;
  bool accepts_number = true;
  std::vector<std::string> choices;
};

// The functions take parameters of which some may be missing (they have their defaults), in any
// order. Where invalid() answers a sentence, the others throw std::invalid_argument with that
// sentence.
struct specification {
  std::string name;
  std::string summary;
  std::vector<parameter> schema;
  parameters smoke;
  std::vector<parameters> quick;
  std::function<std::vector<parameters>()> full;

  std::function<std::string(parameters const&)>
      invalid;  // "" or one sentence: what is wrong, what was expected
  std::function<parameters(parameters const&)>
      complete;                                        // every parameter, in the scenario's order
  std::function<std::string(parameters const&)> cell;  // "skynet leaves=1000 fan_out=10"
  std::function<std::uint64_t(parameters const&)> expected;    // the answer of one run
  std::function<std::uint64_t(parameters const&)> operations;  // units of work in one run

  // How it wants to be measured (scenarios/support/traits.hpp).
  bool times_a_part = false;
  scenarios::quantity measures = scenarios::quantity::time;
  scenarios::subject asked = scenarios::subject::runtime;
  bool fresh_process = false;
  bool counts_system_calls = false;
  std::function<scenarios::bound(parameters const&)> floor;
  std::function<scenarios::small_program(parameters const&)> small_program;
};

// Every scenario under scenarios/, by name. Any thread.
std::vector<specification const*> all();

// The scenario of that name, or null.
specification const* find(std::string_view name);

// Between the two ways to write parameters. from_json throws std::invalid_argument for what is no
// flat object of whole numbers and strings.
parameters to_json(scenarios::parameter_list const& list);
scenarios::parameter_list from_json(parameters const& json);

// The same scenario, told in JSON.
specification specify(scenarios::description description);

}  // namespace regatta::specification
