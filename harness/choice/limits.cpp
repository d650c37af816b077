#include "harness/choice/limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/stats/quantities.hpp"

namespace regatta::choice {
namespace {

constexpr std::size_t enough_blocks = 6;  // The least with an exact interval of 95 %.
constexpr unsigned many_processors = 8;

// The processors that the run might use; 0 where nobody knows.
std::size_t processors_of(json const& summary) {
  json const& machine = summary.at("machine");
  if (!machine.is_object() || !machine.contains("cpu")) return 0;
  json const& cpu = machine.at("cpu");
  if (cpu.contains("allowed") && cpu.at("allowed").is_array()) return cpu.at("allowed").size();
  return cpu.value("logical", std::size_t{0});
}

std::string scenario_of(std::string const& glob) { return glob.substr(0, glob.find(' ')); }

// How to measure what a group wants.
std::string command_for(group const& g) {
  std::set<std::string> scenarios;
  for (std::string const& glob : g.cells) scenarios.insert(scenario_of(glob));
  std::string command = "regatta run --quick";
  for (std::string const& name : scenarios) {
    command += fmt::format(" --scenario '{}'", name);
  }
  return command;
}

void tell_of_the_machine(json const& summary, json& told) {
  if (summary.at("label") == "shared") {
    told.push_back(
        "how far the rows are apart on a machine of one's own: this one is shared with others "
        "(label: shared)");
  } else if (summary.at("label") == "noisy") {
    told.push_back("small differences: other processes took time meanwhile (label: noisy)");
  }
  if (auto const processors = processors_of(summary);
      processors != 0 && processors < many_processors) {
    told.push_back(
        fmt::format("anything about many cores: this machine gave the run {} processor{}",
                    processors, processors == 1 ? "" : "s"));
  }
  told.push_back("what a network does: all connections were over loopback");
}

void tell_of_the_run(contest const& c, json const& summary, json& told) {
  std::size_t const blocks = summary.at("blocks");
  if (blocks < enough_blocks) {
    told.push_back(
        fmt::format("with 95 % confidence: {} block{}; {} are the least that have such an interval",
                    blocks, blocks == 1 ? "" : "s", enough_blocks));
  }
  if (summary.at("noise").is_null()) {
    told.push_back("how great the noise was: the run holds no A/A pair");
  } else if (summary.at("noise").at("separated").get<bool>()) {
    told.push_back("anything: the A/A pair came out separated, so distrust this session");
  }
  json const& machine = summary.at("machine");
  bool const has_build = machine.is_object() && machine.contains("build");
  if (has_build && machine.at("build").value("assertions", false)) {
    told.push_back(
        "times: regatta was built with assertions, and so were its contenders, probably");
  }
  if (!c.rows.empty() && c.rows.size() < 2) {
    told.push_back(fmt::format("how {} compares: it is the only row that could be ranked",
                               c.rows.front().row));
  }
}

}  // namespace

json would_change(json const& summary, json const& ranking, json const& sensitivity) {
  json told = json::array();
  for (json const& place : ranking) {
    if (place.at("rank") != 1 || place.at("rows").size() < 2) continue;
    json const& rows = place.at("rows");
    std::string tied;
    for (std::size_t i = 1; i < rows.size(); ++i) {
      tied += fmt::format("{}{} ({})", i == 1 ? "" : ", ", rows[i].at("row").get<std::string>(),
                          stats::ratio_text(rows[i].at("score")));
    }
    told.push_back(fmt::format("more blocks, or a quieter machine: tied with {} {} {}",
                               rows[0].at("row").get<std::string>(),
                               rows.size() == 2 ? "is" : "are", tied));
  }
  for (json const& change : sensitivity) {
    told.push_back(fmt::format("weights: {}", change.at("text").get<std::string>()));
  }
  if (auto const processors = processors_of(summary);
      processors != 0 && processors < many_processors) {
    told.push_back(
        fmt::format("a machine with more processors: with {} of them, runtimes of many threads "
                    "cannot show what "
                    "they are for",
                    processors));
  }
  return told;
}

json cannot_tell(contest const& c, json const& summary) {
  json told = json::array();
  for (std::size_t const g : c.missing) {
    group const& wanted = c.for_what.groups[g];
    told.push_back(
        fmt::format("how rows do in {}: the run has no cell of it that anybody was measured in; "
                    "its weight went "
                    "to the others. To measure it: {}",
                    wanted.name, command_for(wanted)));
  }
  std::set<std::string> said;
  for (left_out const& cell : c.unmeasured) {
    if (!said.insert(cell.what).second) continue;
    told.push_back(fmt::format("how rows do in {}: {}", cell.what, cell.why));
  }
  for (left_out const& row : c.unranked) {
    told.push_back(fmt::format("where {} stands: {}", row.what, row.why));
  }
  tell_of_the_run(c, summary, told);
  tell_of_the_machine(summary, told);
  return told;
}

}  // namespace regatta::choice
