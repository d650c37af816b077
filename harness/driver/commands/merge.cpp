// regatta merge: the shards of several machines into one run.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include "harness/driver/commands/common.hpp"
#include "harness/driver/merge.hpp"
#include "harness/driver/report/summary.hpp"
#include "harness/driver/report/terminal.hpp"
#include "harness/driver/run_folder.hpp"
#include "harness/driver/samples_file.hpp"

namespace regatta::driver {
namespace {

namespace fs = std::filesystem;

struct merge_options {
  std::vector<std::string> runs;
  std::string out;
  merge_wishes wishes;
  bool as_json = false;
};

shard_run read_shard(const std::string& path) {
  const run_folder folder = find_run_folder(path);
  shard_run shard;
  shard.path = path;
  try {
    shard.what = plan_from_json(folder.read_json("plan.json"));
  } catch (const json::exception& error) {
    throw usage_error(fmt::format("{} is corrupt: {}; expected a run that regatta has written",
                                  (folder.path() / "plan.json").string(), error.what()));
  }
  if (!shard.what.shard) {
    throw usage_error(fmt::format(
        "{} is no shard but {}; expected runs that were taken with --shard, for example: regatta "
        "run --quick --shard 1/2 --out shard-1",
        path, shard.what.merged_of != 0 ? "merged already" : "a whole run"));
  }
  shard.machine = folder.read_json("machine.json");
  samples_read read = read_samples(folder.samples());
  for (const std::string& problem : read.problems) fmt::print(stderr, "warning: {}\n", problem);
  shard.samples = std::move(read.samples);
  return shard;
}

std::vector<shard_run> read_shards(const std::vector<std::string>& paths) {
  std::vector<shard_run> shards;
  for (const std::string& path : paths) shards.push_back(read_shard(path));
  std::stable_sort(shards.begin(), shards.end(), [](const shard_run& a, const shard_run& b) {
    return a.what.shard->index < b.what.shard->index;
  });
  return shards;
}

void refuse_or_remark(const merge_findings& found) {
  for (const std::string& remark : found.remarks) fmt::print(stderr, "note: {}\n", remark);
  if (found.refusals.empty()) return;
  for (std::size_t i = 0; i + 1 < found.refusals.size(); ++i) {
    fmt::print(stderr, "regatta: {}\n", found.refusals[i]);
  }
  throw usage_error(found.refusals.back());
}

/// The samples stay as they were written, one shard after the other.
void copy_samples(const std::vector<shard_run>& shards, const run_folder& into) {
  std::ofstream out(into.samples(), std::ios::binary);
  for (const shard_run& s : shards) {
    std::ifstream in(run_folder(s.path).samples(), std::ios::binary);
    for (std::string line; std::getline(in, line);) {
      if (!in.eof()) out << line << '\n';
    }
  }
  out.close();
  if (out) return;
  throw cannot_measure(
      fmt::format("cannot write {}; expected a disk with room", into.samples().string()));
}

/// What contenders said, under the number of the shard. A log that is lost is no reason to fail.
void copy_logs(const std::vector<shard_run>& shards, const run_folder& into) {
  for (const shard_run& s : shards) {
    std::error_code ignored;
    fs::copy(fs::path(s.path) / "log",
             into.path() / "log" / fmt::format("shard_{}", s.what.shard->index),
             fs::copy_options::recursive, ignored);
  }
}

exit_code merge(const merge_options& options) {
  const std::vector<shard_run> shards = read_shards(options.runs);
  refuse_or_remark(judge_shards(shards, options.wishes));
  const run_folder whole = make_run_folder(options.out);
  copy_samples(shards, whole);
  copy_logs(shards, whole);
  whole.write("machine.json", merged_machine(shards).dump(1) + "\n");
  whole.write("plan.json", to_json(merged_plan(shards)).dump(1) + "\n");
  const run_summary summary = summarise_run(whole);
  write_summary_files(whole, summary);
  if (options.as_json) {
    fmt::print("{}\n", summary.document.dump(1));
  } else {
    print_summary(summary.document);
    fmt::print("\nThe merged run lies in {}. Charts and a page to read: regatta report {}\n",
               whole.path().string(), whole.path().string());
  }
  return all_ok(summary) ? exit_code::ok : exit_code::not_ok;
}

}  // namespace

void add_merge(CLI::App& app, action& chosen) {
  auto options = std::make_shared<merge_options>();
  CLI::App* command = app.add_subcommand(
      "merge",
      "Bring the shards of a run together that several machines have measured (regatta run "
      "--shard). The merged run is read like any other. Shards that do not belong together are "
      "refused.");
  command->add_option("RUN", options->runs, "Folders of the shards")->required();
  command->add_option("--out", options->out, "Where to keep the merged run [results/<time>]")
      ->type_name("DIR");
  command->add_flag("--partial", options->wishes.partial,
                    "Shards may be missing or unfinished: merge what is there");
  command->add_flag("--different-machines", options->wishes.different_machines,
                    "Let machines of different kinds pass: every table then says that numbers of "
                    "different cells must not be compared");
  command->add_flag("--json", options->as_json, "Print the summary as JSON, for programs");
  command->footer(std::string("Examples:\n"
                              "  regatta merge shard-1 shard-2 shard-3 --out results/cluster\n"
                              "  regatta merge shard-* --partial --out results/so-far\n\n") +
                  exit_codes_help);
  command->callback([options, &chosen] { chosen = [options] { return merge(*options); }; });
}

}  // namespace regatta::driver
