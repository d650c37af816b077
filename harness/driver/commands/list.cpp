// regatta list: what there is to run, and on what.
#include <fmt/core.h>

#include <memory>

#include "harness/driver/cells.hpp"
#include "harness/driver/commands/common.hpp"
#include "harness/driver/crew.hpp"
#include "harness/driver/interrupt.hpp"
#include "harness/driver/names.hpp"
#include "harness/driver/plan.hpp"
#include "harness/driver/rows.hpp"

namespace regatta::driver {
namespace {

struct list_options {
  std::string contenders;
  bool as_json = false;
};

json row_json(const contender& who, const row& r) {
  json object = {{"contender", who.name},    {"row", r.name},
                 {"variant", r.variant},     {"kind", who.kind},
                 {"measured", who.measured}, {"command", r.command},
                 {"hello", r.hello}};
  object["outcome"] = r.absent ? name_of(r.absent->what) : "ok";
  object["reason"] = r.absent ? r.absent->reason : "";
  return object;
}

json scenario_json(const specification::specification& s) {
  json parameters = json::array();
  for (const auto& p : s.schema) {
    parameters.push_back({{"name", p.name},
                          {"default", p.default_value},
                          {"accepts_number", p.accepts_number},
                          {"choices", p.choices}});
  }
  return {{"scenario", s.name},
          {"summary", s.summary},
          {"parameters", parameters},
          {"quick_cells", s.quick.size()},
          {"full_cells", s.full().size()}};
}

std::string list_text(const json& texts) {
  std::vector<std::string> names;
  for (const json& text : texts) {
    if (!text.get<std::string>().empty()) names.push_back(text.get<std::string>());
  }
  return names.empty() ? "–" : joined(names);
}

std::string threads_text(std::uint64_t threads) {
  if (threads == 0) return "any number of threads";
  return fmt::format("{} thread{}", threads, threads == 1 ? "" : "s");
}

void print_row(const contender& who, const row& r) {
  if (r.absent) {
    fmt::print("  {:<28} {}: {}\n", r.name, name_of(r.absent->what), r.absent->reason);
    return;
  }
  const json& h = r.hello;
  const auto text = [&](const char* key) { return h.at(key).get<std::string>(); };
  fmt::print("  {:<28} {} {}, {}, {}, {}{}\n", r.name, text("language"), text("version"),
             text("scheduling"), text("io"), threads_text(h.at("threads").get<std::uint64_t>()),
             who.measured ? "" : "; for tests, never measured");
  fmt::print("  {:<28} can: {}\n", "", list_text(h.at("capabilities")));
}

void print_scenario(const specification::specification& s) {
  fmt::print("  {:<20} {}\n", s.name, s.summary);
  for (const auto& p : s.schema) {
    const std::string value =
        p.default_value.is_string() ? p.default_value.get<std::string>() : p.default_value.dump();
    const std::string others = p.choices.empty() ? "" : "  one of " + joined(p.choices);
    fmt::print("  {:<20}   {}={}{}{}\n", "", p.name, value, others,
               p.accepts_number && !p.choices.empty() ? ", or a number" : "");
  }
}

exit_code list(const list_options& options) {
  const interrupt stop;
  const auto known = read_manifests(contenders_folder(options.contenders));
  json found = {{"contenders", json::array()}, {"scenarios", json::array()}};
  if (!options.as_json) {
    fmt::print(
        "Contenders, each with its default variant first (language and version, scheduling, "
        "I/O back-end, threads)\n");
  }
  for (const contender& who : known) {
    for (const row& r : plan_rows({{who, true, {"*"}}}, {}, hello_limit_ns, stop)) {
      if (options.as_json) {
        found["contenders"].push_back(row_json(who, r));
      } else {
        print_row(who, r);
      }
    }
  }
  if (!options.as_json) fmt::print("\nScenarios (parameters with their defaults)\n");
  for (const auto* s : specification::all()) {
    if (options.as_json) {
      found["scenarios"].push_back(scenario_json(*s));
    } else {
      print_scenario(*s);
    }
  }
  if (options.as_json) fmt::print("{}\n", found.dump(1));
  return exit_code::ok;
}

}  // namespace

void add_list(CLI::App& app, action& chosen) {
  auto options = std::make_shared<list_options>();
  CLI::App* command = app.add_subcommand(
      "list",
      "Show contenders (variants, capabilities, or why one was skipped) and scenarios (parameters, "
      "defaults, choices)");
  add_contenders_option(*command, options->contenders);
  command->add_flag("--json", options->as_json, "Answer as JSON, for programs");
  command->footer(std::string("Examples:\n  regatta list\n  regatta list --json | jq "
                              "'.scenarios[].scenario'\n\n") +
                  exit_codes_help);
  command->callback([options, &chosen] { chosen = [options] { return list(*options); }; });
}

}  // namespace regatta::driver
