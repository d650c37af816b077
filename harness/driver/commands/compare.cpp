// regatta compare: what was measured already, two by two. Nothing is measured.
#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "harness/comparison/views.hpp"
#include "harness/driver/ab/comparing.hpp"
#include "harness/driver/commands/common.hpp"
#include "harness/driver/report/terminal.hpp"
#include "harness/driver/run_folder.hpp"

namespace regatta::driver {
namespace {

struct compare_options {
  std::vector<std::string> runs;
  std::vector<std::string> rows;
  bool force = false;
  bool as_json = false;
  bool all_cells = false;
};

json document_for(const compare_options& options) {
  const run_folder first = find_run_folder(options.runs.front());
  if (options.runs.size() == 2) {
    if (!options.rows.empty()) {
      throw usage_error(
          "--rows names two rows of one run, and two runs were given; expected, for example: "
          "regatta compare results/latest --rows tokio go");
    }
    return comparison_of_runs(first, find_run_folder(options.runs.back()), options.force);
  }
  if (!options.rows.empty()) {
    return comparison_of_rows(first, options.rows.front(), options.rows.back());
  }
  json document = comparison_of(first);
  write_comparison_files(first, document);
  return document;
}

exit_code compare(const compare_options& options) {
  const json document = document_for(options);
  if (options.as_json) {
    fmt::print("{}", text_of(document));
  } else {
    fmt::print("{}", comparison::changes_table(document, is_coloured(), options.all_cells));
  }
  return exit_code_of(document);
}

}  // namespace

void add_compare(CLI::App& app, action& chosen) {
  auto options = std::make_shared<compare_options>();
  CLI::App* command = app.add_subcommand(
      "compare",
      "Compare what was measured already: two runs, two rows of one run, or once more a run of "
      "`ab` or `gate`. Two runs were not interleaved, so they only differ or do not: to judge a "
      "build, use ab.");
  command->add_option("RUN", options->runs, "One run or two; the first is the base")
      ->required()
      ->expected(1, 2);
  command
      ->add_option("--rows", options->rows, "Two rows of the run: the base, and what may be worse")
      ->type_name("ROW ROW")
      ->expected(2);
  command->add_flag("--force", options->force, "Compare even runs of two machines");
  command->add_flag("--json", options->as_json, "Print the document as JSON, for programs");
  command->add_flag("--all-cells", options->all_cells, "Show unchanged cells as well");
  command->footer(
      std::string("Examples:\n"
                  "  regatta compare results/2026-01-01T12-00-00 results/latest\n"
                  "  regatta compare results/latest --rows work_stealing tokio/multi_thread\n\n") +
      verdict_codes_help);
  command->callback([options, &chosen] { chosen = [options] { return compare(*options); }; });
}

}  // namespace regatta::driver
