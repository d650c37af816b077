// regatta choose: which runtime for which kind of work, from the samples of a run.
#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "harness/choice/choice.hpp"
#include "harness/driver/commands/common.hpp"
#include "harness/driver/names.hpp"
#include "harness/driver/report/summary.hpp"
#include "harness/driver/report/terminal.hpp"
#include "harness/driver/run_folder.hpp"
#include "harness/specification/specification.hpp"

namespace regatta::driver {
namespace {

using json = nlohmann::ordered_json;

struct choose_options {
  std::string run;
  std::string profile;
  std::string weights;
  bool as_json = false;
};

std::vector<std::string> names_of(const std::vector<choice::profile>& profiles) {
  std::vector<std::string> names;
  for (const choice::profile& p : profiles) names.push_back(p.name);
  return names;
}

json read_weights(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    throw usage_error(fmt::format(
        "the weights {} cannot be read; expected a JSON file, see docs/CHOOSING.md", path));
  }
  const json document = json::parse(in, nullptr, false);
  if (document.is_discarded()) {
    throw usage_error(fmt::format(
        "the weights {} are no JSON; expected for example {{\"weights\": {{\"memory\": 40}}}}",
        path));
  }
  return document;
}

/// A cell that no scenario has would be a group that is missing from every run.
void expect_known_scenarios(const choice::profile& chosen) {
  std::vector<std::string> known;
  for (const auto* scenario : specification::all()) known.push_back(scenario->name);
  for (const choice::group& group : chosen.groups) {
    for (const std::string& cell : group.cells) {
      const std::string scenario = cell.substr(0, cell.find(' '));
      const bool found = std::any_of(known.begin(), known.end(), [&](const std::string& name) {
        return matches_glob(scenario, name);
      });
      if (found) continue;
      throw usage_error(fmt::format("profile '{}', group '{}': there is no scenario '{}'{}",
                                    chosen.name, group.name, scenario,
                                    suggestion(scenario, known)));
    }
  }
}

choice::profile profile_named(const std::vector<choice::profile>& profiles,
                              const std::string& name) {
  for (const choice::profile& p : profiles) {
    if (p.name == name) return p;
  }
  throw usage_error(
      fmt::format("there is no profile '{}'; there are: {}", name, joined(names_of(profiles))));
}

choice::profile chosen_profile(const choose_options& options) {
  std::vector<choice::profile> profiles = choice::built_in_profiles();
  json weights;
  std::string name = options.profile;
  try {
    if (!options.weights.empty()) weights = read_weights(options.weights);
    if (weights.is_object() && weights.contains("weights")) {
      if (name.empty())
        throw usage_error("--weights changes a profile; which? For example: --for web");
      return choice::reweighted(profile_named(profiles, name), weights);
    }
    if (!options.weights.empty()) {
      profiles = choice::profiles_from(weights);
      if (name.empty() && profiles.size() == 1) name = profiles.front().name;
    }
  } catch (const std::invalid_argument& error) {
    throw usage_error(fmt::format("{}: {}", options.weights, error.what()));
  }
  if (name.empty()) {
    throw usage_error(
        fmt::format("for what kind of work? --for needs one of: {}", joined(names_of(profiles))));
  }
  choice::profile chosen = profile_named(profiles, name);
  expect_known_scenarios(chosen);
  return chosen;
}

exit_code choose(const choose_options& options) {
  const choice::profile wanted = chosen_profile(options);
  const run_folder folder = find_run_folder(options.run);
  const run_summary summary = summarise_run(folder);
  for (const std::string& problem : summary.problems) fmt::print(stderr, "warning: {}\n", problem);
  const json answer = choice::choose(summary.samples, summary.document, wanted);
  const json properties = choice::properties(summary.document);
  if (options.as_json) {
    const json document = {{"schema", 1},
                           {"what", "choice"},
                           {"run", summary.document.at("run")},
                           {"profiles", json::array({answer})},
                           {"properties", properties},
                           {"label", summary.document.at("label")}};
    fmt::print("{}\n", document.dump(1));
  } else {
    fmt::print("{}", choice::choice_text(answer, properties, terminal_columns()));
  }
  if (answer.at("ranking").empty()) {
    throw cannot_measure(fmt::format(
        "{} holds no row that was measured in all cells of the profile {} that anybody was; "
        "expected a run of its scenarios, for example: regatta run --quick",
        folder.path().string(), wanted.name));
  }
  return summary.problems.empty() ? exit_code::ok : exit_code::not_ok;
}

}  // namespace

void add_choose(CLI::App& app, action& chosen) {
  auto options = std::make_shared<choose_options>();
  CLI::App* command = app.add_subcommand(
      "choose",
      "Say which runtime to take for a kind of work, by a run: a ranking in groups (what cannot be "
      "told apart is a tie), the cells that decided, what would change the answer, and what the "
      "run cannot tell. Nothing is measured.");
  command->add_option("RUN", options->run, "Folder of the run [the newest under results/]");
  command
      ->add_option("--for", options->profile,
                   fmt::format("The kind of work: {}, or a profile of --weights",
                               joined(names_of(choice::built_in_profiles()))))
      ->type_name("PROFILE");
  command
      ->add_option("--weights", options->weights,
                   "JSON: other weights for groups of the profile, or profiles of one's own "
                   "(docs/CHOOSING.md)")
      ->type_name("FILE");
  command->add_flag("--json", options->as_json, "Answer as JSON, for programs");
  command->footer(std::string("Examples:\n  regatta choose --for web\n  regatta choose "
                              "results/latest --for cli --json\n  regatta choose --for web "
                              "--weights my_weights.json\n\n") +
                  exit_codes_help);
  command->callback([options, &chosen] { chosen = [options] { return choose(*options); }; });
}

}  // namespace regatta::driver
