// regatta claims: what people say about async runtimes, tested on this machine.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <random>

#include "harness/claims/claims.hpp"
#include "harness/driver/claims_plan.hpp"
#include "harness/driver/clock.hpp"
#include "harness/driver/commands/common.hpp"
#include "harness/driver/commands/estimate.hpp"
#include "harness/driver/interrupt.hpp"
#include "harness/driver/laws.hpp"
#include "harness/driver/names.hpp"
#include "harness/driver/report/summary.hpp"
#include "harness/driver/report/terminal.hpp"
#include "harness/driver/report/verdicts.hpp"
#include "harness/driver/rows.hpp"
#include "harness/driver/run_folder.hpp"
#include "harness/driver/runner.hpp"
#include "harness/driver/samples_file.hpp"

namespace regatta::driver {
namespace {

using json = nlohmann::ordered_json;

struct claims_options {
  std::string run;
  bool measure = false;
  std::string only;
  bool details = false;
  bool as_json = false;
  std::uint64_t blocks = 8;  ///< Enough for a few of a dozen figures to stand by themselves.
  std::string target_time = "50";
  std::string time_limit = "60";  ///< 30 is too little for ten million timers if others work.
  std::optional<std::uint64_t> seed;
  std::string out;
  std::string contenders;
  bool dry_run = false;
};

/// "2,5,23"
std::vector<int> numbers_in(const std::string& text) {
  std::vector<int> numbers;
  const std::string example = "expected numbers of claims, for example --only 2,5,23";
  for (std::size_t begin = 0; begin < text.size() && !text.empty();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    int number = 0;
    const auto [stopped, error] = std::from_chars(text.data() + begin, text.data() + end, number);
    if (error != std::errc{} || stopped != text.data() + end) {
      throw usage_error(fmt::format("--only {}: '{}' is no number; {}", text,
                                    text.substr(begin, end - begin), example));
    }
    const auto& known = claims::wordings();
    if (std::none_of(known.begin(), known.end(),
                     [&](const claims::wording& w) { return w.number == number; })) {
      throw usage_error(fmt::format("there is no claim {}; there are {} to {}", number,
                                    known.front().number, known.back().number));
    }
    numbers.push_back(number);
    begin = end + 1;
  }
  return numbers;
}

std::vector<claims::rule> rules_for(const std::vector<int>& only) {
  std::vector<claims::rule> rules = claims::rules();
  if (only.empty()) return rules;
  std::erase_if(rules, [&](const claims::rule& r) {
    return std::find(only.begin(), only.end(), r.number) == only.end();
  });
  return rules;
}

/// The law that claim 1 rests on, asked of every runtime that laws are written for.
json ask_laws(const std::vector<contender>& known, const interrupt& stop) {
  constexpr std::uint64_t limit_ns = 60 * ns_per_s;
  json found = json::array();
  for (const contender& who : known) {
    if (!who.measured) continue;
    for (const contender_program& program : who.programs) {
      if (program.laws.empty() || !program.skipped.empty() || !laws_are_built(program.laws)) {
        continue;
      }
      const laws_run run = run_laws(program.laws, "*CallingATaskRunsNothing*", limit_ns, stop);
      if (stop.requested()) {
        throw ends_command(exit_code::interrupted, "interrupted before the first sample");
      }
      const law_answer answer = answer_of(run);
      if (!answer.passed) {
        fmt::print(stderr, "without: the laws of {}: {}\n", who.name, answer.why);
      }
      found.push_back({{"row", row_name(who.name, program.variant, 0)},
                       {"law", "CallingATaskRunsNothing"},
                       {"passed", answer.passed ? json(*answer.passed) : json()},
                       {"detail", answer.why}});
    }
  }
  return found;
}

bool anybody_answered(const json& laws) {
  return std::any_of(laws.begin(), laws.end(),
                     [](const json& law) { return law.at("passed").is_boolean(); });
}

/// Ten million timers in a heap hold more than 4 GiB; but half of the machine's memory is the most
/// that a contender may have.
std::uint64_t memory_limit_bytes() {
  const auto pages = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
  const auto page_bytes = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PAGESIZE)));
  constexpr std::uint64_t gib = std::uint64_t{1} << 30;
  return std::clamp(pages * page_bytes / 2, 4 * gib, 8 * gib);
}

plan plan_of(claims_plan wanted, const claims_options& options) {
  plan p;
  p.matrix = "claims";
  p.seed = options.seed ? *options.seed : std::random_device{}() % 1'000'000;
  p.blocks = options.blocks;
  p.target_ns = parse_duration("--target-time", options.target_time, ns_per_ms);
  p.time_limit_ns = parse_duration("--time-limit", options.time_limit, ns_per_s);
  p.memory_limit_bytes = memory_limit_bytes();
  p.rows = std::move(wanted.rows);
  p.cells = std::move(wanted.cells);
  add_twin(p.rows, "");
  return p;
}

exit_code say_what_would_be_done(const plan& p) {
  for (const planned_cell& c : p.cells) {
    fmt::print("{}: {}\n", c.what.key, joined(c.what.only_rows));
  }
  fmt::print(stderr,
             "{} cells, {} rows, {} blocks: this may take {} or more; nothing was measured\n",
             p.cells.size(), p.rows.size(), p.blocks, say_duration(first_estimate_ns(p)));
  return exit_code::ok;
}

/// Takes the run. Nothing if it was interrupted.
std::optional<run_folder> measure(plan p, const json& laws, const claims_options& options,
                                  const interrupt& stop) {
  run_folder folder = make_run_folder(options.out);
  write_machine(folder);
  if (!laws.is_null())
    folder.write("laws.json", json{{"version", 1}, {"laws", laws}}.dump(1) + "\n");
  fmt::print(stderr, "running into {}: {} cells × {} rows × {} blocks, seed {}\n",
             folder.path().string(), p.cells.size(), p.rows.size(), p.blocks, p.seed);
  {
    samples_file samples(folder.samples());
    progress shown(false);
    // Laws are asked already, and need no cell.
    folder.write("plan.json", to_json(p).dump(1) + "\n");
    if (p.cells.empty()) return folder;
    runner taking(p, folder, samples, stop, shown, {});
    const bool all_done = taking.go();
    shown.end();
    if (!all_done) {
      fmt::print(stderr,
                 "interrupted; what was measured is kept. Go on with: regatta run --resume {}, and "
                 "then: regatta claims {}\n",
                 folder.path().string(), folder.path().string());
      return std::nullopt;
    }
  }
  write_load_after(folder);
  return folder;
}

exit_code judge(const run_folder& folder, const claims_options& options,
                const std::vector<int>& only) {
  const run_summary summary = summarise_run(folder);
  for (const std::string& problem : summary.problems) fmt::print(stderr, "warning: {}\n", problem);
  const json document = claims_of_run(folder, summary, only);
  if (options.as_json) {
    fmt::print("{}\n", document.dump(1));
  } else {
    fmt::print("{}", claims::claims_text(document, options.details, terminal_columns()));
  }
  return summary.problems.empty() ? exit_code::ok : exit_code::not_ok;
}

exit_code claims_command(const claims_options& options) {
  const std::vector<int> only = numbers_in(options.only);
  if (!options.run.empty()) {
    if (options.measure) {
      throw usage_error(
          "a run to judge and --measure exclude each other; expected one of them, for example: "
          "regatta claims results/latest");
    }
    return judge(find_run_folder(options.run), options, only);
  }
  const interrupt stop;
  const auto known = read_manifests(contenders_folder(options.contenders));
  const auto rules = rules_for(only);
  claims_plan wanted = plan_claims(rules, known, stop);
  for (const std::string& note : wanted.notes) fmt::print(stderr, "without: {}\n", note);
  const bool needs_laws =
      std::any_of(rules.begin(), rules.end(), [](const claims::rule& r) { return r.needs_laws; });
  plan p = plan_of(std::move(wanted), options);
  if (options.dry_run) return say_what_would_be_done(p);
  const json laws = needs_laws ? ask_laws(known, stop) : json();
  if (p.cells.empty() && !anybody_answered(laws)) {
    throw cannot_measure(
        "there is nobody to measure these claims on; expected contenders that they are about, see: "
        "regatta list");
  }
  const auto folder = measure(std::move(p), laws, options, stop);
  if (!folder) return exit_code::interrupted;
  const run_summary summary = summarise_run(*folder);
  write_summary_files(*folder, summary);
  write_verdicts(*folder, summary);
  const exit_code judged = judge(*folder, options, only);
  if (!options.as_json) fmt::print("\nThe run lies in {}\n", folder->path().string());
  return judged;
}

}  // namespace

void add_claims(CLI::App& app, action& chosen) {
  auto options = std::make_shared<claims_options>();
  CLI::App* command = app.add_subcommand(
      "claims",
      "Test what people say about async runtimes: each claim holds, is refuted, or is not "
      "separated, with the figure and its interval. Without a run, takes one of exactly the cells "
      "that the claims need.");
  command->add_option("RUN", options->run, "Folder of a run to judge by [a new one is taken]");
  command->add_flag("--measure", options->measure, "Take a new run: the default without RUN");
  command->add_option("--only", options->only, "Only the claims with these numbers")
      ->type_name("N,N");
  command->add_flag("--details", options->details, "Every single figure as well");
  command->add_flag("--json", options->as_json, "Answer as JSON, for programs");
  command->add_option("--blocks", options->blocks, "Fresh processes so many times")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000}))
      ->capture_default_str();
  command->add_option("--target-time", options->target_time,
                      "How long the fastest contender's sample takes, in ms [50]");
  command->add_option("--time-limit", options->time_limit,
                      "For one visit of one cell, in s; more is a timeout [60]");
  command->add_option("--seed", options->seed, "Replays the order of an earlier run [drawn]");
  command->add_option("--out", options->out, "Where to keep the run [results/<time>]")
      ->type_name("DIR");
  command->add_flag("--dry-run", options->dry_run,
                    "Say which cells on which rows, and about how long it would take; measure "
                    "nothing");
  add_contenders_option(*command, options->contenders);
  command->footer(std::string("Examples:\n  regatta claims\n  regatta claims --only 2,3,4 "
                              "--details\n  regatta claims results/latest --json\n\n") +
                  exit_codes_help);
  command->callback(
      [options, &chosen] { chosen = [options] { return claims_command(*options); }; });
}

}  // namespace regatta::driver
