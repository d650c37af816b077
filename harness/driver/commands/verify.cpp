// regatta verify: laws, oracles and manners of a contender, before a number is taken from it.
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <utility>

#include "harness/driver/clock.hpp"
#include "harness/driver/commands/common.hpp"
#include "harness/driver/conformance/conformance.hpp"
#include "harness/driver/crew.hpp"
#include "harness/driver/findings.hpp"
#include "harness/driver/interrupt.hpp"
#include "harness/driver/laws.hpp"
#include "harness/driver/names.hpp"
#include "harness/driver/rows.hpp"
#include "harness/driver/small_program.hpp"

namespace regatta::driver {
namespace {

struct verify_options {
  std::vector<std::string> wanted;
  std::vector<std::string> more_wanted;  // By --contender.
  std::vector<std::string> scenarios;
  std::string contenders;
  std::string time_limit = "30";
  std::string memory_limit = "4G";
  bool no_laws = false;
  bool as_json = false;
};

/// What the manifest, or hello, says already; the rest is a matter of conversation.
void check_row(const row& r, const conformance_wishes& wishes, const interrupt& stop,
               findings& found) {
  found.begin(r.name);
  if (r.absent && !is_fault(r.absent->what)) {
    found.neutral(r.absent->what, "contender", r.absent->reason);
    return;
  }
  check_conformance(r, wishes, stop, found);
}

void check_laws(const std::string& name, const contender_program& who, const interrupt& stop,
                findings& found) {
  if (who.laws.empty() || !who.skipped.empty()) return;
  found.begin(row_name(name, who.variant, 0) + " laws");
  if (!laws_are_built(who.laws)) {
    return found.neutral(outcome::skipped, "laws",
                         fmt::format("they have not been built: there is no {}", who.laws.front()));
  }
  constexpr std::uint64_t laws_limit_ns = 600 * ns_per_s;
  const laws_run run = run_laws(who.laws, "", laws_limit_ns, stop);
  if (run.obeyed) return found.ok("laws", joined(who.laws, " "));
  found.wrong("laws", fmt::format("{}: {}", joined(who.laws, " "), run.how), run.last_lines);
}

/// What a contender brings beside its harness, each proved once.
void check_small_programs(const row& r, const conformance_wishes& wishes, findings& found) {
  if (r.absent || r.small_programs.empty()) return;
  found.begin(r.name + " small programs");
  for (const auto& [name, command] : r.small_programs) {
    failure seen{outcome::ok, ""};
    if (name == "echo") {
      seen = prove_small_echo(command, wishes.time_limit_ns);
    } else if (const auto lives = run_small_task(command, 1, wishes.time_limit_ns); !lives) {
      seen = lives.why;
    }
    if (seen.what == outcome::ok) {
      found.ok(name, joined(command, " "));
    } else if (is_fault(seen.what)) {
      found.wrong(name, fmt::format("{}: {}", name_of(seen.what), seen.reason));
    } else {
      found.neutral(seen.what, name, seen.reason);
    }
  }
}

/// Each is asked for the scenarios of its own kind: the machine for the floor, paths for the
/// scenarios of paths.
conformance_wishes wishes_for(const row& r, conformance_wishes wishes) {
  std::erase_if(wishes.scenarios,
                [&](const auto* scenario) { return scenario->asked != r.subject; });
  return wishes;
}

exit_code verify(const verify_options& options) {
  const interrupt stop;
  findings found(options.as_json);
  std::vector<std::string> wanted = options.wanted;
  wanted.insert(wanted.end(), options.more_wanted.begin(), options.more_wanted.end());
  auto chosen = wanted_contenders(options.contenders, wanted);
  const conformance_wishes wishes = {
      .scenarios = choose_scenarios(specification::all(), options.scenarios),
      .time_limit_ns = parse_duration("--time-limit", options.time_limit, ns_per_s),
      .memory_limit_bytes = parse_bytes("--memory-limit", options.memory_limit)};
  for (chosen_contender& c : chosen) {
    // Whoever names no variant means all of them.
    if (c.variant_globs.empty()) c.variant_globs = {"*"};
    c.star_means_ablations = true;
    const auto rows = plan_rows({c}, {}, hello_limit_ns, stop);
    for (const row& r : rows) {
      check_row(r, wishes_for(r, wishes), stop, found);
      if (!stop.requested()) check_small_programs(r, wishes, found);
    }
    for (const contender_program& program : c.who.programs) {
      const bool takes_part = std::any_of(rows.begin(), rows.end(), [&](const row& r) {
        return r.command == program.command && !r.absent;
      });
      if (takes_part && !options.no_laws && !stop.requested()) {
        check_laws(c.who.name, program, stop, found);
      }
    }
  }
  if (stop.requested()) throw ends_command(exit_code::interrupted, "interrupted");
  if (found.all().empty()) {
    throw cannot_measure(
        "there is no contender to verify; build one, or name its path, for example "
        "regatta verify ./my-runtime");
  }
  if (options.as_json) {
    // What a contender printed need not be UTF-8.
    fmt::print("{}\n", found.all().dump(1, ' ', false, json::error_handler_t::replace));
  } else {
    fmt::print("\n{}\n", found.faults() == 0 ? "All is well."
                                             : fmt::format("{} check{} went wrong.", found.faults(),
                                                           found.faults() == 1 ? "" : "s"));
  }
  return found.faults() == 0 ? exit_code::ok : exit_code::not_ok;
}

}  // namespace

void add_verify(CLI::App& app, action& chosen) {
  auto options = std::make_shared<verify_options>();
  CLI::App* command = app.add_subcommand(
      "verify",
      "Check contenders before a number is taken from them: each scenario at smoke size against "
      "its oracle, every rule of the protocol, and the runtime's laws. Says what went wrong, "
      "message by message.");
  command->add_option("CONTENDER", options->wanted,
                      "Names, globs, contender/variant, or paths [all, in every variant]");
  command->add_option("--contender", options->more_wanted, "The same, as `run` has it; repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_option("--scenario", options->scenarios, "Only scenarios that match; repeatable")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  command->add_option("--time-limit", options->time_limit,
                      "For one visit of one scenario, in s [30]");
  command->add_option("--memory-limit", options->memory_limit, "Resident memory [4G]");
  command->add_flag("--no-laws", options->no_laws, "Only what the protocol can ask");
  add_contenders_option(*command, options->contenders);
  command->add_flag("--json", options->as_json, "Answer as JSON, for programs");
  command->footer(std::string("Examples:\n  regatta verify\n  regatta verify work_stealing\n  "
                              "regatta verify ./my-runtime --scenario skynet\n\n") +
                  exit_codes_help);
  command->callback([options, &chosen] { chosen = [options] { return verify(*options); }; });
}

}  // namespace regatta::driver
