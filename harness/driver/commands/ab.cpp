// regatta ab, regatta gate: two builds of the same contenders, interleaved in one session.
#include <fmt/core.h>

#include <cstdlib>
#include <fstream>
#include <memory>

#include "harness/comparison/views.hpp"
#include "harness/driver/ab/comparing.hpp"
#include "harness/driver/ab/gate_cells.hpp"
#include "harness/driver/ab/pairing.hpp"
#include "harness/driver/ab/sides.hpp"
#include "harness/driver/clock.hpp"
#include "harness/driver/commands/common.hpp"
#include "harness/driver/crew.hpp"
#include "harness/driver/report/summary.hpp"
#include "harness/driver/report/terminal.hpp"

namespace regatta::driver {
namespace {

/// `ab` and `gate` differ in their defaults, and in how much they say.
struct ab_options {
  bool is_gate = false;
  std::string base;
  std::string head;
  std::vector<std::string> wanted;
  std::vector<std::string> scenarios;
  std::vector<std::string> settings;
  bool quick = false;
  std::uint64_t blocks = 0;
  std::string target_time;
  std::string time_limit = "30";
  std::string memory_limit = "4G";
  std::optional<std::uint64_t> seed;
  std::string out;
  std::string markdown;
  std::string junit;
  bool as_json = false;
  bool all_cells = false;
  bool no_confirm = false;
  bool measure_identical = false;
  std::uint64_t plant_slowdown = 0;
};

/// The gate's own cells and many short samples, unless somebody says otherwise.
bool is_quick(const ab_options& options) { return options.is_gate || options.quick; }

std::vector<cell> cells_for(const ab_options& options, std::vector<setting> settings) {
  if (is_quick(options) && options.scenarios.empty() && settings.empty()) return gate_cells();
  cell_wishes wishes;
  wishes.scenario_globs = options.scenarios;
  wishes.settings = std::move(settings);
  std::vector<cell> cells = choose_cells(specification::all(), wishes);
  // Whoever names a scenario means it.
  return options.scenarios.empty() ? comparable_cells(std::move(cells)) : cells;
}

/// As a shell reads it as one word.
std::string quoted(const std::string& word) {
  constexpr std::string_view harmless =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
  if (!word.empty() && word.find_first_not_of(harmless) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

/// The command that does the same again.
std::string command_of(const ab_options& options, const plan& p) {
  const ab_options usual;
  std::string text = fmt::format("regatta {} {} {}", options.is_gate ? "gate" : "ab",
                                 quoted(options.base), quoted(options.head));
  const auto add = [&](const char* option, const std::string& value) {
    text += fmt::format(" {} {}", option, quoted(value));
  };
  for (const std::string& name : options.wanted) add("--contender", name);
  for (const std::string& glob : options.scenarios) add("--scenario", glob);
  for (const std::string& one : options.settings) add("--set", one);
  if (options.quick) text += " --quick";
  if (options.blocks != 0) add("--blocks", std::to_string(options.blocks));
  if (!options.target_time.empty()) add("--target-time", options.target_time);
  if (options.time_limit != usual.time_limit) add("--time-limit", options.time_limit);
  if (options.memory_limit != usual.memory_limit) add("--memory-limit", options.memory_limit);
  if (options.no_confirm) text += " --no-confirm";
  if (options.measure_identical) text += " --measure-identical";
  if (options.plant_slowdown != 0) add("--plant-slowdown", std::to_string(options.plant_slowdown));
  return text + fmt::format(" --seed {}", p.seed);
}

json side_json(const named_side& side) {
  return {{"name", side.name}, {"description", side.description}};
}

/// What plan.json says of the comparison: enough to make the document again.
json comparison_json(const ab_options& options, const plan& p, const two_sides& sides,
                     const pairing& paired) {
  json pairs = json::array();
  for (const paired_rows& pair : paired.pairs) {
    pairs.push_back({{"contender", pair.name},
                     {"base", pair.name + "@base"},
                     {"head", pair.name + "@head"},
                     {"twin", pair.name + "@base#twin"},
                     {"identical", pair.identical}});
  }
  json notes = json::array();
  for (const std::string& note : sides.notes) notes.push_back(note);
  for (const std::string& note : paired.notes) notes.push_back(note);
  if (p.slowdown_percent != 0) {
    notes.push_back(fmt::format("a slowdown of {} % was planted in head", p.slowdown_percent));
  }
  return {{"base", side_json(sides.base)},
          {"head", side_json(sides.head)},
          {"pairs", std::move(pairs)},
          {"beside",
           {{"kind", "builds"},
            {"changes", sides.changes},
            {"notes", std::move(notes)},
            {"reproduce", command_of(options, p)}}}};
}

plan make_plan(const ab_options& options, const two_sides& sides, const interrupt& stop) {
  plan p;
  p.matrix = "quick";
  p.seed = options.seed ? *options.seed : any_seed();
  p.blocks = options.blocks != 0 ? options.blocks : (is_quick(options) ? 60 : 16);
  // Short samples slip between whatever else runs on the machine; many make up for their scatter.
  const std::string target = is_quick(options) ? "1" : "10";
  p.target_ns = parse_duration(
      "--target-time", options.target_time.empty() ? target : options.target_time, ns_per_ms);
  p.time_limit_ns = parse_duration("--time-limit", options.time_limit, ns_per_s);
  p.memory_limit_bytes = parse_bytes("--memory-limit", options.memory_limit);
  p.slowdown_percent = options.plant_slowdown;
  p.system_calls = call_counting::none;
  std::vector<setting> settings;
  for (const std::string& text : options.settings) settings.push_back(parse_setting(text));
  pairing_wishes wishes;
  wishes.threads = take_threads(settings);
  for (cell& c : cells_for(options, std::move(settings))) p.cells.push_back({.what = std::move(c)});
  wishes.contenders = options.wanted;
  // Of a ref only these are built. What needs no building has a manifest there all the same.
  const bool has_ref = sides.base.ref || sides.head.ref;
  wishes.preferred = options.is_gate || has_ref ? runtimes_in_the_tree : std::vector<std::string>{};
  wishes.limit_ns = std::min(hello_limit_ns, p.time_limit_ns);
  pairing paired = pair_rows(sides.base.contenders, sides.head.contenders, wishes, stop);
  for (paired_rows& pair : paired.pairs) {
    if (options.measure_identical || options.plant_slowdown != 0) pair.identical = false;
    if (pair.identical) continue;
    for (row& r : rows_of(pair)) p.rows.push_back(std::move(r));
  }
  p.comparison = comparison_json(options, p, sides, paired);
  return p;
}

void say_plan(const plan& p, const two_sides& sides, const run_folder& folder) {
  if (!sides.changes.is_null()) {
    fmt::print(stderr, "{} commits and {} files between {} and {}\n",
               sides.changes.at("commits").size(), sides.changes.at("files").size(),
               sides.base.name, sides.head.name);
  }
  if (p.rows.empty()) {
    fmt::print(stderr, "base and head are the same programs: there is nothing to measure\n");
    return;
  }
  fmt::print(stderr, "running into {}: {} cells × {} rows × {} blocks, seed {}\n",
             folder.path().string(), p.cells.size(), p.rows.size(), p.blocks, p.seed);
}

void write_text(const std::string& file, const std::string& text, bool append) {
  std::ofstream out(file, append ? std::ios::app : std::ios::trunc);
  out << text;
  out.close();
  if (out) return;
  throw cannot_measure(
      fmt::format("cannot write {}; expected a file in a folder that can be written", file));
}

void show(const ab_options& options, const json& document, const run_folder& folder) {
  if (!options.markdown.empty()) {
    write_text(options.markdown, comparison::comparison_markdown(document), false);
  }
  if (!options.junit.empty()) {
    write_text(options.junit, comparison::comparison_junit(document), false);
  }
  const char* summary = std::getenv("GITHUB_STEP_SUMMARY");
  if (options.is_gate && summary != nullptr && *summary != '\0') {
    write_text(summary, comparison::comparison_markdown(document), true);
  }
  if (options.as_json) {
    fmt::print("{}", text_of(document));
    return;
  }
  fmt::print("{}", comparison::changes_table(document, is_coloured(), options.all_cells));
  if (!options.is_gate) {
    fmt::print("\nThe run lies in {}; the same again: {}\n", folder.path().string(),
               document.at("reproduce").get<std::string>());
  }
}

exit_code compare_builds(const ab_options& options) {
  two_sides sides = find_sides(options.base, options.head);
  build_sides(sides, options.wanted);
  const interrupt stop;
  plan p = make_plan(options, sides, stop);
  const run_folder folder = make_run_folder(options.out);
  say_plan(p, sides, folder);
  if (!measure_comparison(p, folder, !options.no_confirm, stop)) {
    fmt::print(stderr, "interrupted; what was measured is kept in {}\n", folder.path().string());
    return exit_code::interrupted;
  }
  write_summary_files(folder, summarise_run(folder));
  const json document = comparison_of(folder);
  write_comparison_files(folder, document);
  show(options, document, folder);
  return exit_code_of(document);
}

void add_what_to_compare(CLI::App& command, ab_options& options) {
  command
      .add_option("BASE", options.base,
                  "What to compare with: a git ref, a build folder, or a folder of manifests")
      ->required();
  command.add_option("HEAD", options.head, "What may have become worse: the same")->required();
  command
      .add_option("--contender", options.wanted,
                  options.is_gate
                      ? "Only these; repeatable [the runtimes in the tree, else all in common]"
                      : "Only these; repeatable [all in common; of refs the runtimes in the tree]")
      ->type_name("NAME|GLOB")
      ->allow_extra_args(false);
  command
      .add_option("--scenario", options.scenarios,
                  options.is_gate
                      ? "Only scenarios that match; repeatable [five small cells that "
                        "repeat well]"
                      : "Only scenarios that match; repeatable [the quick matrix, where "
                        "it is about time]")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  add_set_option(command, options.settings);
}

void add_how_to_compare(CLI::App& command, ab_options& options) {
  if (!options.is_gate) {
    command.add_flag("--quick", options.quick, "The gate's cells and samples: seconds");
  }
  command
      .add_option("--blocks", options.blocks,
                  options.is_gate ? "Fresh processes so many times [60]"
                                  : "Fresh processes so many times [16, --quick 60]")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000}));
  command.add_option("--target-time", options.target_time,
                     options.is_gate ? "How long a sample takes, in ms [1]"
                                     : "How long a sample takes, in ms [10, --quick 1]");
  command.add_option("--seed", options.seed, "Replays the order of an earlier session [drawn]");
  command.add_option("--time-limit", options.time_limit,
                     "For one visit of one cell, in s; more is a timeout [30]");
  command.add_option("--memory-limit", options.memory_limit,
                     "Resident memory; more is out_of_memory [4G]");
  command.add_flag(
      "--no-confirm", options.no_confirm,
      "Do not measure again what looks worse or better; only crashes and wrong answers "
      "are called worse then");
  command.add_flag("--measure-identical", options.measure_identical,
                   "Measure even what is the same program on both sides: an A/A session");
  command.add_option("--plant-slowdown", options.plant_slowdown)->group("");
}

void add_where_to_tell(CLI::App& command, ab_options& options) {
  command.add_option("--out", options.out, "Where to keep the session [results/<time>]")
      ->type_name("DIR");
  command.add_option("--markdown", options.markdown, "Write the summary for a pull request there")
      ->type_name("FILE");
  command.add_option("--junit", options.junit, "Write JUnit XML there, a test case for each cell")
      ->type_name("FILE");
  command.add_flag("--json", options.as_json, "Print the document as JSON, for programs");
  command.add_flag("--all-cells", options.all_cells, "Show unchanged cells as well");
}

void add_command(CLI::App& app, action& chosen, bool is_gate, const char* name,
                 const char* description, const char* examples) {
  auto options = std::make_shared<ab_options>();
  options->is_gate = is_gate;
  CLI::App* command = app.add_subcommand(name, description);
  add_what_to_compare(*command, *options);
  add_how_to_compare(*command, *options);
  add_where_to_tell(*command, *options);
  command->footer(std::string(examples) + "\n" + verdict_codes_help);
  command->callback(
      [options, &chosen] { chosen = [options] { return compare_builds(*options); }; });
}

}  // namespace

void add_ab(CLI::App& app, action& chosen) {
  add_command(app, chosen, false, "ab",
              "Compare two builds of the same contenders, interleaved in one session: git refs "
              "(both are built under build/ab, once), or folders. Says what is worse, in which "
              "cells, and how sure that is.",
              "Examples:\n"
              "  regatta ab main HEAD\n"
              "  regatta ab main HEAD --contender work_stealing --scenario 'channel*'\n"
              "  regatta ab build/old build/release --quick\n");
}

void add_gate(CLI::App& app, action& chosen) {
  add_command(app, chosen, true, "gate",
              "The same for CI: a small fixed set of cells, many short blocks, a brief answer. "
              "Appends its summary to $GITHUB_STEP_SUMMARY where that is set.",
              "Examples:\n"
              "  regatta gate origin/main HEAD\n"
              "  regatta gate origin/main HEAD --contender work_stealing --junit gate.xml\n");
}

}  // namespace regatta::driver
