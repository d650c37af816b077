#include "harness/specification/specification.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <stdexcept>
#include <utility>

namespace regatta::specification {

parameters to_json(scenarios::parameter_list const& list) {
  parameters json = parameters::object();
  for (auto const& [name, text, is_number] : list) {
    if (is_number) {
      std::uint64_t number = 0;
      std::from_chars(text.data(), text.data() + text.size(), number);
      json[name] = number;
    } else {
      json[name] = text;
    }
  }
  return json;
}

scenarios::parameter_list from_json(parameters const& json) {
  if (json.is_null()) return {};
  if (!json.is_object())
    throw std::invalid_argument("parameters must be an object, but they are " + json.dump());
  scenarios::parameter_list list;
  for (auto const& [name, value] : json.items()) {
    bool const is_whole =
        value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0);
    if (is_whole) {
      list.push_back({name, std::to_string(value.get<std::uint64_t>()), true});
    } else if (value.is_string()) {
      list.push_back({name, value.get<std::string>(), false});
    } else {
      throw std::invalid_argument("parameter " + name +
                                  " must be a whole number or a string, but it is " + value.dump());
    }
  }
  return list;
}

specification specify(scenarios::description description) {
  auto const list_json = [](std::vector<scenarios::parameter_list> const& lists) {
    std::vector<parameters> cells;
    for (auto const& list : lists) cells.push_back(to_json(list));
    return cells;
  };

  auto const scenario = std::make_shared<scenarios::description const>(std::move(description));
  specification specified;
  specified.name = scenario->name;
  specified.summary = scenario->summary;
  for (auto const& each : scenario->parameters) {
    bool const is_number =
        each.accepts_number && std::ranges::count(each.words, each.default_text) == 0;
    auto const value = to_json({{each.name, each.default_text, is_number}});
    specified.schema.push_back({each.name, value.at(each.name), each.accepts_number, each.words});
  }
  specified.smoke = to_json(scenario->smoke());
  specified.quick = list_json(scenario->quick());
  specified.full = [scenario, list_json] { return list_json(scenario->full()); };
  specified.invalid = [scenario](parameters const& json) -> std::string {
    try {
      return scenario->invalid(from_json(json));
    } catch (std::invalid_argument const& error) {
      return scenario->name + ": " + error.what();
    }
  };
  specified.complete = [scenario](parameters const& json) {
    return to_json(scenario->complete(from_json(json)));
  };
  specified.cell = [scenario](parameters const& json) {
    return scenarios::cell_key(scenario->name, scenario->complete(from_json(json)));
  };
  specified.expected = [scenario](parameters const& json) {
    return scenario->expected(from_json(json));
  };
  specified.operations = [scenario](parameters const& json) {
    return scenario->operations(from_json(json));
  };
  specified.times_a_part = scenario->times_a_part;
  specified.measures = scenario->measures;
  specified.asked = scenario->asked;
  specified.fresh_process = scenario->fresh_process;
  specified.counts_system_calls = scenario->counts_system_calls;
  specified.floor = [scenario](parameters const& json) { return scenario->floor(from_json(json)); };
  specified.small_program = [scenario](parameters const& json) {
    return scenario->small_program(from_json(json));
  };
  return specified;
}

}  // namespace regatta::specification
