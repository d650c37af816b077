#include "harness/contender/check.hpp"

#include <errno.h>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "harness/contender/latency_recorder.hpp"
#include "harness/contender/stopwatch.hpp"
#include "runtimes/interface/seeds.hpp"
#include "runtimes/interface/unsupported.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::contender {
namespace {

struct verdict {
  int exit_code = exit_ok;
  std::string said = "ok";
};

verdict check_cell(pair const& each, setup const& how,
                   scenarios::parameter_list const& parameters) {
  auto const expected = each.scenario.expected(parameters);
  latency_recorder recorder;
  try {
    auto const cell = each.prepare(how, parameters);
    stopwatch watch(*cell);
    recorder.drive(cell->times_a_part() ? &watch : nullptr);
    for (int run = 0; run < 2; ++run) {
      auto const answer = cell->run(recorder);
      if (answer != expected) {
        return {exit_wrong,
                "answered " + std::to_string(answer) + " instead of " + std::to_string(expected)};
      }
    }
  } catch (scenarios::unsupported const& error) {
    return {exit_unsupported, std::string("unsupported: ") + error.what()};
  } catch (runtime_unsupported const& error) {
    return {exit_unsupported, std::string("unsupported: ") + error.what()};
  } catch (std::exception const& error) {
    return {exit_wrong, error.what()};
  }
  return {};
}

// How long a simulated runtime is tried with one seed after the other, in each cell.
constexpr auto time_for_seeds = std::chrono::milliseconds(300);

// With many seeds, or with the one that was asked for; ends with the first that fails.
verdict check_simulated_cell(pair const& each, setup how,
                             scenarios::parameter_list const& parameters) {
  if (how.seed != 0) return check_cell(each, how, parameters);
  replay_hint const hint(program_invocation_name + (" --check=" + each.scenario.name));
  seed_loop seeds{seed_allowance(time_for_seeds)};
  while (seeds.next()) {
    how.seed = seeds.seed();
    auto checked = check_cell(each, how, parameters);
    if (checked.exit_code == exit_wrong) checked.said += "; " + replay_hint::text();
    if (checked.exit_code != exit_ok) return checked;
  }
  return {exit_ok, "ok with " + std::to_string(seeds.tried()) + " seeds"};
}

int check_one(registry const& program, pair const& each, setup const& how) {
  if (!each.unsupported.empty()) {
    std::cout << each.scenario.name << ": unsupported: " << each.unsupported << std::endl;
    return exit_unsupported;
  }
  // A scenario of which some cells cannot run counts as checked.
  int worst = exit_ok;
  for (auto const& parameters : smoke_cells(each.scenario)) {
    // Before the run, so that the last line names the cell of a crash or a hang.
    std::cout << scenarios::cell_key(each.scenario.name, parameters) << ": " << std::flush;
    auto const [exit_code, said] = program.subject().is_simulated
                                       ? check_simulated_cell(each, how, parameters)
                                       : check_cell(each, how, parameters);
    std::cout << said << std::endl;
    if (exit_code == exit_wrong) worst = exit_wrong;
  }
  return worst;
}

}  // namespace

std::vector<scenarios::parameter_list> smoke_cells(scenarios::description const& scenario) {
  std::vector<scenarios::parameter_list> cells{scenario.smoke()};
  for (std::size_t i = 0; i < scenario.parameters.size(); ++i) {
    auto const& described = scenario.parameters[i];
    auto const as_they_were = cells;
    for (auto const& word : described.words) {
      for (auto cell : as_they_were) {
        if (cell[i].text == word) continue;
        cell[i] = {described.name, word, false};
        cells.push_back(std::move(cell));
      }
    }
  }
  std::erase_if(cells, [&](auto const& cell) { return !scenario.invalid(cell).empty(); });
  return cells;
}

int check(registry const& program, setup const& how, std::string_view scenario_name) {
  // A runtime that cannot be had here is not wrong.
  try {
    static_cast<void>(program.subject().threads(how));
  } catch (runtime_unsupported const& error) {
    std::cout << program.subject().name << ": unsupported: " << error.what() << std::endl;
    return exit_unsupported;
  }
  if (!scenario_name.empty()) {
    pair const* found = program.find(scenario_name);
    if (found == nullptr) {
      std::cerr << "there is no scenario '" << scenario_name << "'\n";
      return exit_usage;
    }
    return check_one(program, *found, how);
  }
  int verdict = exit_ok;
  for (pair const& each : program.pairs()) {
    if (check_one(program, each, how) == exit_wrong) verdict = exit_wrong;
  }
  return verdict;
}

}  // namespace regatta::contender
