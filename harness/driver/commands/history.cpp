// regatta history: stored runs in a row, and since when they differ.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>

#include "harness/driver/commands/common.hpp"
#include "harness/driver/run_folder.hpp"
#include "harness/history/entry.hpp"
#include "harness/history/judge.hpp"
#include "harness/history/views.hpp"

namespace regatta::driver {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

struct history_command {
  std::vector<std::string> sources;
  history::history_options how;
  std::string markdown;
  bool as_json = false;
  std::string run;     // of `add`
  std::string folder;  // of `add`
};

/// By the names that a history gives them: the same run twice is one.
using entries_by_name = std::map<std::string, json>;

constexpr const char* what_is_expected =
    "expected summary.json, benchmark.json or what regatta history add has written";

/// Null if it is no file of that kind; throws ends_command if it is no JSON.
json read_entry(const fs::path& file) {
  std::ifstream in(file);
  const json document = json::parse(in, nullptr, false);
  if (!in || document.is_discarded()) {
    throw usage_error(fmt::format("{} is no JSON; {}", file.string(), what_is_expected));
  }
  try {
    return history::entry_of(document);
  } catch (const json::exception& error) {
    throw usage_error(
        fmt::format("{} is corrupt: {}; {}", file.string(), error.what(), what_is_expected));
  }
}

void keep(entries_by_name& entries, json entry) {
  const std::string name = history::file_name_of(entry);
  entries.insert_or_assign(name, std::move(entry));
}

/// A run's folder is its summary; any other is searched for entries and for runs, one level deep.
void read_folder(const fs::path& folder, entries_by_name& entries) {
  if (fs::exists(folder / "summary.json")) {
    keep(entries, read_entry(folder / "summary.json"));
    return;
  }
  std::vector<fs::path> inside;
  for (const auto& found : fs::directory_iterator(folder)) {
    if (!found.is_symlink()) inside.push_back(found.path());
  }
  std::sort(inside.begin(), inside.end());
  for (const fs::path& path : inside) {
    if (fs::is_directory(path)) {
      if (fs::exists(path / "summary.json")) keep(entries, read_entry(path / "summary.json"));
    } else if (path.extension() == ".json") {
      json entry = read_entry(path);
      if (entry.is_null()) {
        fmt::print(stderr, "note: {} is passed over: {}\n", path.string(), what_is_expected);
      } else {
        keep(entries, std::move(entry));
      }
    }
  }
}

std::vector<json> read_entries(const std::vector<std::string>& sources) {
  entries_by_name entries;
  for (const std::string& source : sources) {
    if (fs::is_directory(source)) {
      read_folder(source, entries);
      continue;
    }
    if (!fs::exists(source)) {
      throw usage_error(fmt::format("there is no {}; expected a folder of runs, or their files: {}",
                                    source, "regatta history baselines"));
    }
    json entry = read_entry(source);
    if (entry.is_null()) {
      throw usage_error(fmt::format("{} is no run; {}", source, what_is_expected));
    }
    keep(entries, std::move(entry));
  }
  std::vector<json> all;
  for (auto& [name, entry] : entries) all.push_back(std::move(entry));
  return all;
}

exit_code code_of(const json& document) {
  const std::string verdict = document.at("verdict");
  if (verdict == "could_not_measure") return exit_code::could_not_measure;
  return verdict == "worse" ? exit_code::not_ok : exit_code::ok;
}

exit_code judge(const history_command& options) {
  json document;
  try {
    document = history::judge_history(read_entries(options.sources), options.how);
  } catch (const std::invalid_argument& error) {
    throw usage_error(error.what());
  }
  if (!options.markdown.empty()) {
    std::ofstream out(options.markdown);
    out << history::markdown_text(document);
    out.close();
    if (!out) throw cannot_measure(fmt::format("cannot write {}", options.markdown));
  }
  if (options.as_json) {
    fmt::print("{}\n", document.dump(1));
  } else {
    fmt::print("{}", history::terminal_text(document));
  }
  return code_of(document);
}

exit_code add(const history_command& options) {
  json entry;
  if (fs::is_regular_file(options.run)) {
    entry = read_entry(options.run);
  } else {
    const run_folder run = find_run_folder(options.run);
    (void)run.read_json("summary.json");  // Says best what is missing.
    entry = read_entry(run.path() / "summary.json");
  }
  if (entry.is_null())
    throw usage_error(fmt::format("{} is no run; {}", options.run, what_is_expected));
  std::error_code error;
  fs::create_directories(options.folder, error);
  const std::string name = history::file_name_of(entry);
  run_folder(options.folder).write(name, entry.dump() + "\n");
  fmt::print("{}\n", (fs::path(options.folder) / name).string());
  return exit_code::ok;
}

}  // namespace

void add_history(CLI::App& app, action& chosen) {
  auto options = std::make_shared<history_command>();
  CLI::App* command = app.add_subcommand(
      "history",
      "Since when is it slower? Finds the change points of stored runs of one kind of machine, in "
      "the order of their dates, in each row of each cell.");
  command->add_option(
      "FOLDER", options->sources,
      "Runs, folders of runs, or files: summary.json, benchmark.json, what add wrote");
  command
      ->add_option("--since", options->how.since,
                   "Older changes are told but do not count: a run, a commit or a date")
      ->type_name("RUN");
  command
      ->add_option("--significance", options->how.significance, "The greatest p-value of a change")
      ->check(CLI::Range(0.0001, 0.2))
      ->capture_default_str();
  command
      ->add_option(
          "--least-change", options->how.least_change,
          "Smaller ones are left out, as a share; or three times the noise, if that is more")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
  command
      ->add_option("--markdown", options->markdown, "Write it as Markdown too, for a pull request")
      ->type_name("FILE");
  command->add_flag("--json", options->as_json, "Print the answer as JSON, for programs");
  command->footer(
      "Examples:\n"
      "  regatta history add results/latest baselines\n"
      "  regatta history baselines --since 2026-11-01\n\n"
      "Exit codes: 0 nothing is worse · 1 something is worse · 2 usage error · 3 too few runs to "
      "say");
  CLI::App* adding = command->add_subcommand(
      "add", "Keep a run in a history: one small file, without its samples");
  adding->add_option("RUN", options->run, "Folder of the run, or its summary.json")->required();
  adding->add_option("DIR", options->folder, "Folder of the history")->required();
  command->callback([adding, options, &chosen] {
    if (adding->parsed()) {
      chosen = [options] { return add(*options); };
      return;
    }
    if (options->sources.empty()) {
      throw CLI::RequiredError("FOLDER (a history), for example: regatta history baselines");
    }
    chosen = [options] { return judge(*options); };
  });
}

}  // namespace regatta::driver
