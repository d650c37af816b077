// regatta report: everything that is made from a run's raw samples.
#include <fmt/core.h>

#include <memory>

#include "harness/driver/commands/common.hpp"
#include "harness/driver/report/charts.hpp"
#include "harness/driver/report/summary.hpp"
#include "harness/driver/report/terminal.hpp"
#include "harness/driver/report/verdicts.hpp"
#include "harness/driver/run_folder.hpp"

namespace regatta::driver {
namespace {

struct report_options {
  std::string run;
  bool no_charts = false;
  bool as_json = false;
};

exit_code report(const report_options& options) {
  const run_folder folder = find_run_folder(options.run);
  // Tables of nothing would stand where those of the samples stood. Equal builds need no sample.
  if (!std::filesystem::exists(folder.samples()) &&
      !std::filesystem::exists(folder.path() / "comparison.json")) {
    const std::string samples = folder.samples().string();
    throw ends_command(exit_code::not_ok,
                       fmt::format("{} is missing: without samples there is nothing to report; if "
                                   "they are packed, unpack them first: xz -dk {}.xz",
                                   samples, samples));
  }
  const run_summary summary = summarise_run(folder);
  for (const std::string& problem : summary.problems) {
    fmt::print(stderr, "warning: {}\n", problem);
  }
  write_summary_files(folder, summary);
  write_verdicts(folder, summary);
  if (options.as_json) {
    fmt::print("{}\n", summary.document.dump(1));
  } else {
    print_summary(summary.document);
  }
  std::string wrong;
  if (!options.no_charts) wrong = draw_charts(folder.path());
  if (!wrong.empty())
    fmt::print(stderr, "{}; the tables are in {}\n", wrong,
               (folder.path() / "summary.md").string());
  if (!options.as_json) fmt::print("\nThe report lies in {}\n", folder.path().string());
  return summary.problems.empty() && wrong.empty() ? exit_code::ok : exit_code::not_ok;
}

}  // namespace

void add_report(CLI::App& app, action& chosen) {
  auto options = std::make_shared<report_options>();
  CLI::App* command = app.add_subcommand(
      "report",
      "Make tables, charts (PNG and SVG) and one offline HTML page from a run's raw samples. "
      "Nothing is measured; the same run gives the same report.");
  command->add_option("RUN", options->run, "Folder of the run [the newest under results/]");
  command->add_flag("--no-charts", options->no_charts, "Tables only: needs no Python");
  command->add_flag("--json", options->as_json, "Print the summary as JSON, for programs");
  command->footer(std::string("Examples:\n  regatta report\n  regatta report results/latest "
                              "--no-charts\n\n") +
                  exit_codes_help);
  command->callback([options, &chosen] { chosen = [options] { return report(*options); }; });
}

}  // namespace regatta::driver
