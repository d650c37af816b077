#include "harness/driver/cells.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <stdexcept>

#include "harness/driver/exit_code.hpp"
#include "harness/driver/names.hpp"

namespace regatta::driver {
namespace {

using specification::parameter;

std::string what_it_may_be(const parameter& p) {
  std::vector<std::string> may = p.choices;
  if (p.accepts_number) may.insert(may.begin(), "a whole number");
  return joined(may, ", ");
}

nlohmann::ordered_json value_of(const std::string& scenario, const parameter& p,
                                const std::string& text) {
  if (std::find(p.choices.begin(), p.choices.end(), text) != p.choices.end()) return text;
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (p.accepts_number && error == std::errc{} && stopped == end) return number;
  throw usage_error(fmt::format(
      "{} of {} cannot be '{}'; expected {}, for example --set {}={}", p.name, scenario, text,
      what_it_may_be(p), p.name,
      p.default_value.is_string() ? p.default_value.get<std::string>() : p.default_value.dump()));
}

std::vector<parameters> matrix_of(const specification::specification& scenario, matrix size) {
  if (size == matrix::smoke) return {scenario.smoke};
  return size == matrix::quick ? scenario.quick : scenario.full();
}

/// Every parameter set of `sets` with the setting's values in place of its own.
std::vector<parameters> with_setting(const specification::specification& scenario,
                                     const std::vector<parameters>& sets, const setting& s) {
  const auto found = std::find_if(scenario.schema.begin(), scenario.schema.end(),
                                  [&](const parameter& p) { return p.name == s.key; });
  if (found == scenario.schema.end()) return sets;
  std::vector<parameters> changed;
  for (const parameters& set : sets) {
    for (const std::string& text : s.values) {
      parameters one = scenario.complete(parameters::object());
      one.update(set);
      one[s.key] = value_of(scenario.name, *found, text);
      changed.push_back(std::move(one));
    }
  }
  return changed;
}

void expect_known_keys(const specifications& scenarios, const std::vector<setting>& settings) {
  for (const setting& s : settings) {
    std::vector<std::string> keys;
    for (const auto* scenario : scenarios) {
      for (const parameter& p : scenario->schema) {
        if (std::find(keys.begin(), keys.end(), p.name) == keys.end()) keys.push_back(p.name);
      }
    }
    if (std::find(keys.begin(), keys.end(), s.key) != keys.end()) continue;
    throw usage_error(
        fmt::format("no chosen scenario has a parameter '{}'{}", s.key, suggestion(s.key, keys)));
  }
}

}  // namespace

setting parse_setting(std::string_view text) {
  const std::size_t equals = text.find('=');
  setting parsed;
  if (equals != std::string_view::npos) {
    parsed.key = text.substr(0, equals);
    for (std::string_view rest = text.substr(equals + 1);;) {
      const std::size_t comma = rest.find(',');
      parsed.values.emplace_back(rest.substr(0, comma));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  const bool whole = !parsed.key.empty() && std::find(parsed.values.begin(), parsed.values.end(),
                                                      "") == parsed.values.end();
  if (!whole || parsed.values.empty()) {
    throw usage_error(fmt::format(
        "--set {} is no setting; expected key=value or key=value,value, for example --set "
        "capacity=1,16",
        text));
  }
  return parsed;
}

specifications choose_scenarios(const specifications& known,
                                const std::vector<std::string>& globs) {
  if (globs.empty()) return known;
  std::vector<std::string> names;
  for (const auto* scenario : known) names.push_back(scenario->name);
  for (const std::string& glob : globs) {
    if (std::none_of(names.begin(), names.end(),
                     [&](const std::string& name) { return matches_glob(glob, name); })) {
      throw usage_error(fmt::format("there is no scenario '{}'{}", glob, suggestion(glob, names)));
    }
  }
  specifications chosen;
  for (const auto* scenario : known) {
    if (std::any_of(globs.begin(), globs.end(),
                    [&](const std::string& glob) { return matches_glob(glob, scenario->name); })) {
      chosen.push_back(scenario);
    }
  }
  return chosen;
}

cell make_cell(const specification::specification& scenario, const parameters& params) {
  const parameters whole = scenario.complete(params);
  const scenarios::bound floor = scenario.floor(whole);
  return {.key = scenario.cell(whole),
          .scenario = scenario.name,
          .params = whole,
          .expected = scenario.expected(whole),
          .operations = scenario.operations(whole),
          .measures = scenario.measures,
          .asked = scenario.asked,
          .fresh_process = scenario.fresh_process,
          .counts_system_calls = scenario.counts_system_calls,
          .program = scenario.small_program(whole),
          .floor = std::string(floor.what),
          .floor_times = floor.times};
}

std::vector<cell> choose_cells(const specifications& known, const cell_wishes& wishes) {
  const specifications scenarios = choose_scenarios(known, wishes.scenario_globs);
  expect_known_keys(scenarios, wishes.settings);
  std::vector<cell> cells;
  std::set<std::string> seen;
  std::string why_not;
  for (const auto* scenario : scenarios) {
    std::vector<parameters> sets = matrix_of(*scenario, wishes.size);
    for (const setting& s : wishes.settings) sets = with_setting(*scenario, sets, s);
    for (const parameters& set : sets) {
      // A grid may hold combinations that make no sense; only if nothing is left is that an error.
      if (std::string why = scenario->invalid(set); !why.empty()) {
        why_not = scenario->name + ": " + why;
        continue;
      }
      cell one = make_cell(*scenario, set);
      if (seen.insert(one.key).second) cells.push_back(std::move(one));
    }
  }
  if (cells.empty()) throw usage_error(why_not.empty() ? "there are no scenarios" : why_not);
  return cells;
}

}  // namespace regatta::driver
