// regatta run: plan, measure, summarise.
#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "harness/driver/clock.hpp"
#include "harness/driver/commands/common.hpp"
#include "harness/driver/commands/estimate.hpp"
#include "harness/driver/interrupt.hpp"
#include "harness/driver/plan.hpp"
#include "harness/driver/report/summary.hpp"
#include "harness/driver/report/terminal.hpp"
#include "harness/driver/rows.hpp"
#include "harness/driver/run_folder.hpp"
#include "harness/driver/runner.hpp"
#include "harness/driver/samples_file.hpp"
#include "harness/driver/shard.hpp"
#include "harness/machine/fingerprint.hpp"
#include "harness/machine/kind.hpp"

namespace regatta::driver {
namespace {

struct run_options {
  bool quick = false;
  bool full = false;
  std::vector<std::string> scenarios;
  std::vector<std::string> wanted;
  std::vector<std::string> settings;
  std::uint64_t blocks = 0;
  std::optional<std::uint64_t> seed;
  std::string shard;
  std::string out;
  std::optional<std::string> resume;
  std::string time_limit;
  std::string memory_limit = "4G";
  std::string target_time;
  bool no_twin = false;
  std::string twin;
  std::string contenders;
  std::string system_calls = "where_asked";
  bool dry_run = false;
  bool as_json = false;
  std::uint64_t slowdown_percent = 0;
};

/// Without those that are for tests. Whoever asks for one by name is told.
std::vector<chosen_contender> measured_ones(std::vector<chosen_contender> chosen,
                                            const run_options& options) {
  std::erase_if(chosen, [&](const chosen_contender& c) {
    if (c.who.measured) return false;
    for (const std::string& wanted : options.wanted) {
      if (wanted.substr(0, wanted.find('/')) != c.who.name) continue;
      throw usage_error(fmt::format(
          "{} is for tests, and its times mean nothing; expected a contender that can be measured, "
          "see: regatta list",
          c.who.name));
    }
    return true;
  });
  return chosen;
}

/// Where nobody was named, those take part whom a cell asks.
std::vector<chosen_contender> asked_ones(std::vector<chosen_contender> chosen,
                                         const run_options& options, const plan& p) {
  if (!options.wanted.empty()) return chosen;
  std::erase_if(chosen, [&](const chosen_contender& c) {
    return std::none_of(p.cells.begin(), p.cells.end(),
                        [&](const planned_cell& cell) { return cell.what.asked == c.who.subject; });
  });
  return chosen;
}

plan make_plan(const run_options& options, const interrupt& stop) {
  plan p;
  p.matrix = options.full ? "full" : "quick";
  p.seed = options.seed ? *options.seed : any_seed();
  // Six is the least number of blocks that has an exact 95 % interval (METHOD: order statistics).
  p.blocks = options.blocks != 0 ? options.blocks : (options.quick ? 6 : 10);
  p.target_ns = parse_duration(
      "--target-time",
      options.target_time.empty() ? (options.quick ? "50" : "200") : options.target_time,
      ns_per_ms);
  p.time_limit_ns = parse_duration(
      "--time-limit",
      options.time_limit.empty() ? (options.full ? "120" : "30") : options.time_limit, ns_per_s);
  p.memory_limit_bytes = parse_bytes("--memory-limit", options.memory_limit);
  p.slowdown_percent = options.slowdown_percent;
  p.system_calls = json(options.system_calls).get<call_counting>();

  cell_wishes wishes;
  wishes.size = options.full ? matrix::full : matrix::quick;
  wishes.scenario_globs = options.scenarios;
  for (const std::string& text : options.settings) wishes.settings.push_back(parse_setting(text));
  const std::vector<std::uint64_t> threads = take_threads(wishes.settings);
  for (cell& c : choose_cells(specification::all(), wishes)) {
    p.cells.push_back({.what = std::move(c)});
  }
  auto chosen = measured_ones(wanted_contenders(options.contenders, options.wanted), options);
  p.rows = plan_rows(asked_ones(std::move(chosen), options, p), threads,
                     std::min(hello_limit_ns, p.time_limit_ns), stop);
  if (!options.no_twin) add_twin(p.rows, options.twin);
  if (!options.shard.empty()) {
    const shard_choice choice = parse_shard(options.shard);
    if (!options.seed) p.seed = seed_of_options(p);
    keep_shard(p, choice);
  }
  return p;
}

void expect_someone_to_measure(const plan& p) {
  if (std::any_of(p.rows.begin(), p.rows.end(), [](const row& r) { return !r.absent; })) return;
  std::string why = p.rows.empty() ? "no contender was found" : "";
  for (const row& r : p.rows) {
    why += fmt::format("{}{}: {}: {}", why.empty() ? "" : "; ", r.name, name_of(r.absent->what),
                       r.absent->reason);
  }
  throw cannot_measure(
      fmt::format("there is nobody to measure: {}; expected at least one contender that runs, see: "
                  "regatta list",
                  why));
}

/// Two builds in one run would be compared as if they were one.
void expect_same_builds(const plan& p) {
  for (const row& r : p.rows) {
    if (r.command.empty() || r.build == build_of(r.command.front())) continue;
    throw usage_error(fmt::format(
        "{} has changed since this run began; its samples cannot be mixed: start a new run",
        r.command.front()));
  }
}

/// A job that its scheduler starts again may wake up elsewhere.
void expect_same_kind_of_machine(const run_folder& folder) {
  const auto differences =
      machine::differences_of_kind(folder.read_json("machine.json"), machine::fingerprint());
  if (differences.empty()) return;
  throw usage_error(fmt::format(
      "{} was begun on another kind of machine ({}); its samples cannot be mixed: go on "
      "there, or start a new run",
      folder.path().string(), machine::describe(differences.front())));
}

struct session_of_run {
  run_folder folder;
  plan what;
  std::vector<stats::sample> before;
};

session_of_run begin(const run_options& options, plan p) {
  run_folder folder = make_run_folder(options.out);
  write_machine(folder);
  return {std::move(folder), std::move(p), {}};
}

session_of_run go_on(const run_options& options) {
  run_folder folder = find_run_folder(*options.resume);
  plan p;
  try {
    p = plan_from_json(folder.read_json("plan.json"));
  } catch (const json::exception& error) {
    throw usage_error(fmt::format("{} is corrupt: {}; start a new run",
                                  (folder.path() / "plan.json").string(), error.what()));
  }
  if (p.merged_of != 0) {
    throw usage_error(fmt::format(
        "{} was merged from the shards of several machines, and cannot go on on one; expected the "
        "folder of a shard: go on with that, and merge again",
        folder.path().string()));
  }
  expect_same_builds(p);
  expect_same_kind_of_machine(folder);
  samples_read read = read_samples(folder.samples());
  for (const std::string& problem : read.problems) fmt::print(stderr, "warning: {}\n", problem);
  cut_torn_line(folder.samples(), read);
  return {std::move(folder), std::move(p), std::move(read.samples)};
}

void say_plan(const session_of_run& run, bool resumed) {
  std::size_t present = 0;
  for (const row& r : run.what.rows) present += r.absent ? 0 : 1;
  fmt::print(stderr, "{} {}: {} cells × {} rows × {} blocks, seed {}\n",
             resumed ? "going on with" : "running into", run.folder.path().string(),
             run.what.cells.size(), present, run.what.blocks, run.what.seed);
  if (const auto& shard = run.what.shard) {
    fmt::print(stderr,
               "this is shard {}/{} of a run of {} cells; bring the shards together with: "
               "regatta merge RUN… --out DIR\n",
               shard->index, shard->of, shard->all_cells.size());
  }
  if (!resumed) {
    fmt::print(stderr,
               "this may take {} or more; after the calibration there is a better estimate\n",
               say_duration(first_estimate_ns(run.what)));
  }
  for (const row& r : run.what.rows) {
    if (r.absent) {
      fmt::print(stderr, "  {}: {}: {}\n", r.name, name_of(r.absent->what), r.absent->reason);
    }
  }
}

exit_code say_what_would_be_done(const plan& p) {
  for (const planned_cell& c : p.cells) fmt::print("{}\n", c.what.key);
  std::size_t present = 0;
  for (const row& r : p.rows) {
    present += r.absent ? 0 : 1;
    if (r.absent) fmt::print(stderr, "{}: {}\n", r.name, r.absent->reason);
  }
  fmt::print(stderr,
             "{} cells × {} rows × {} blocks: this may take {} or more; nothing was measured\n",
             p.cells.size(), present, p.blocks, say_duration(first_estimate_ns(p)));
  return exit_code::ok;
}

exit_code run(const run_options& options) {
  if (options.dry_run && options.resume) {
    throw usage_error("--dry-run and --resume exclude each other; expected one of them");
  }
  if (!options.shard.empty()) {
    (void)parse_shard(options.shard);
    if (options.resume) {
      throw usage_error(
          "--shard and --resume exclude each other; a run that is a shard stays one: regatta run "
          "--resume DIR");
    }
  }
  if (options.quick && options.full) {
    throw usage_error("--quick and --full exclude each other; expected one of them, or neither");
  }
  const interrupt stop;
  plan fresh;
  if (!options.resume) {
    fresh = make_plan(options, stop);
    expect_someone_to_measure(fresh);
    if (options.dry_run) return say_what_would_be_done(fresh);
  }
  session_of_run session = options.resume ? go_on(options) : begin(options, std::move(fresh));
  say_plan(session, options.resume.has_value());
  samples_file samples(session.folder.samples());
  progress shown(false);
  runner taking(session.what, session.folder, samples, stop, shown, session.before);
  const bool all_done = taking.go();
  shown.end();
  if (!all_done) {
    fmt::print(stderr,
               "interrupted; what was measured is kept. Go on with: regatta run --resume {}\n",
               session.folder.path().string());
    return exit_code::interrupted;
  }
  write_load_after(session.folder);
  const run_summary summary = summarise_run(session.folder);
  write_summary_files(session.folder, summary);
  if (options.as_json) {
    fmt::print("{}\n", summary.document.dump(1));
  } else {
    print_summary(summary.document);
    fmt::print("\nThe run lies in {}. Charts and a page to read: regatta report {}\n",
               session.folder.path().string(), session.folder.path().string());
  }
  return all_ok(summary) ? exit_code::ok : exit_code::not_ok;
}

void add_what_to_measure(CLI::App& command, run_options& options) {
  command.add_flag("--quick", options.quick, "The small matrix with 6 blocks and short samples");
  command.add_flag("--full", options.full,
                   "The field's whole grid; it says beforehand how long (hours)");
  command.add_option("--scenario", options.scenarios, "Only scenarios that match; repeatable")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  command
      .add_option("--contender", options.wanted,
                  "Only these: a name, a glob, contender/variant, or the path of a program that "
                  "speaks the protocol; repeatable [all that a cell asks, in their default "
                  "variant; paths in every one]; contender/* leaves out ablations "
                  "(lifo=…, steal=…, queue=…), contender/queue=* names them")
      ->type_name("NAME|GLOB|PATH")
      ->allow_extra_args(false);
  add_set_option(command, options.settings);
}

void add_how_to_measure(CLI::App& command, run_options& options) {
  command.add_option("--blocks", options.blocks, "Fresh processes so many times [10, --quick 6]")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000}));
  command.add_option("--seed", options.seed, "Replays the order of an earlier run [drawn]");
  command.add_option("--target-time", options.target_time,
                     "How long the fastest contender's sample takes, in ms [200, --quick 50]");
  command
      .add_option("--system-calls", options.system_calls,
                  "In which cells to count them, in a traced pass of its own: where_asked (by the "
                  "scenario), everywhere, none")
      ->check(CLI::IsMember({"where_asked", "everywhere", "none"}))
      ->capture_default_str();
  command.add_flag("--dry-run", options.dry_run,
                   "Say which cells, and about how long it would take; measure nothing");
  command.add_option("--time-limit", options.time_limit,
                     "For one visit of one cell, in s; more is a timeout [30, --full 120]");
  command.add_option("--memory-limit", options.memory_limit,
                     "Resident memory; more is out_of_memory [4G]");
  command.add_flag("--no-twin", options.no_twin,
                   "Enter no row twice: saves its time, and leaves the noise floor unknown");
  command.add_option("--twin", options.twin, "Enter this row twice [the first with most threads]")
      ->type_name("ROW");
}

}  // namespace

void add_run(CLI::App& app, action& chosen) {
  auto options = std::make_shared<run_options>();
  CLI::App* command = app.add_subcommand("run",
                                         "Measure contenders against each other, interleaved, and "
                                         "keep every sample. Ctrl-C keeps what "
                                         "is done; --resume goes on from there.");
  add_what_to_measure(*command, *options);
  add_how_to_measure(*command, *options);
  command
      ->add_option("--shard", options->shard,
                   "Only this part of the run's cells, for one of several machines of one kind; "
                   "then: regatta merge")
      ->type_name("I/N");
  command->add_option("--out", options->out, "Where to keep the run [results/<time>]")
      ->type_name("DIR");
  auto resume = std::make_shared<std::vector<std::string>>();
  CLI::Option* resume_option =
      command->add_option("--resume", *resume, "Go on with an interrupted run [the newest]")
          ->type_name("DIR")
          ->expected(0, 1);
  add_contenders_option(*command, options->contenders);
  command->add_flag("--json", options->as_json, "Print the summary as JSON, for programs");
  command->add_option("--slowdown-percent", options->slowdown_percent)->group("");
  command->footer(
      std::string("Examples:\n"
                  "  regatta run --quick\n"
                  "  regatta run --scenario 'channel*' --set capacity=1,1024\n"
                  "  regatta run --contender 'work_stealing/*' --contender ./my-runtime\n"
                  "  regatta run --resume\n"
                  "  regatta run --full --shard 2/8 --out shard-2\n\n") +
      exit_codes_help);
  command->callback([options, resume, resume_option, &chosen] {
    if (resume_option->count() > 0) options->resume = resume->empty() ? "" : resume->front();
    chosen = [options] { return run(*options); };
  });
}

}  // namespace regatta::driver
