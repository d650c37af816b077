#include "harness/driver/ab/comparing.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "harness/comparison/views.hpp"
#include "harness/driver/names.hpp"
#include "harness/driver/progress.hpp"
#include "harness/driver/random.hpp"
#include "harness/driver/report/summary.hpp"
#include "harness/driver/runner.hpp"
#include "harness/driver/samples_file.hpp"
#include "harness/stats/measurements.hpp"

namespace regatta::driver {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t seed_use_confirmation = 0x636f6e6669726d;  // Any number of its own.

bool take_samples(plan& p, const run_folder& folder, const interrupt& stop) {
  samples_file samples(folder.samples());
  progress shown(false);
  runner taking(p, folder, samples, stop, shown, {});
  const bool all_done = taking.go();
  shown.end();
  return all_done;
}

std::string contender_of(const row& r) { return row_name(r.contender, r.variant, r.threads); }

/// Of the plan what the suspicious cells need, with another seed and the same work.
plan confirmation_plan(const plan& p, const std::vector<comparison::place>& places) {
  std::set<std::string> contenders;
  std::set<std::string> cells;
  for (const comparison::place& place : places) {
    contenders.insert(place.contender);
    cells.insert(place.cell);
  }
  plan second = p;
  second.seed = mixed_seed(p.seed, seed_use_confirmation) % 1'000'000;
  std::erase_if(second.rows, [&](const row& r) { return !contenders.contains(contender_of(r)); });
  std::erase_if(second.cells, [&](const planned_cell& c) { return !cells.contains(c.what.key); });
  // Who did not say hello is asked once more; who was not built need not be.
  for (row& r : second.rows) {
    if (r.absent && r.absent->what != outcome::skipped) r.absent.reset();
  }
  return second;
}

run_folder confirmation_folder(const run_folder& folder) {
  return run_folder(folder.path() / "confirmation");
}

stats::measurements read_measurements(const run_folder& folder) {
  std::ifstream in(folder.samples(), std::ios::binary);
  stats::samples_file read = stats::read_samples(in);
  for (const stats::bad_line& bad : read.bad_lines) {
    fmt::print(stderr, "warning: {}: line {} is corrupt and is passed over: {}\n",
               folder.samples().string(), bad.number, bad.reason);
  }
  return std::move(read.samples);
}

comparison::side side_from(const json& object) {
  return {object.at("name").get<std::string>(), object.at("description").get<std::string>()};
}

comparison::contender_pair pair_from(const json& object) {
  comparison::contender_pair pair;
  object.at("contender").get_to(pair.contender);
  object.at("base").get_to(pair.base);
  object.at("head").get_to(pair.head);
  object.at("twin").get_to(pair.twin);
  object.at("identical").get_to(pair.identical);
  return pair;
}

std::vector<stats::cell_measurement> cells_of(const json& planned) {
  std::vector<stats::cell_measurement> cells;
  for (const json& cell : planned.at("cells")) {
    cells.push_back({.cell = cell.at("cell").get<std::string>(),
                     .scenario = cell.at("scenario").get<std::string>(),
                     .params = cell.at("params"),
                     .rows = {}});
  }
  return cells;
}

std::vector<std::string> row_names(const json& planned) {
  std::vector<std::string> names;
  for (const json& row : planned.at("rows")) {
    if (!row.at("twin").get<bool>()) names.push_back(row.at("row").get<std::string>());
  }
  return names;
}

std::vector<std::string> cell_names(const json& planned) {
  std::vector<std::string> names;
  for (const json& cell : planned.at("cells")) names.push_back(cell.at("cell").get<std::string>());
  return names;
}

struct names_of_both {
  std::vector<std::string> common;
  std::vector<std::string> of_base;  ///< Of base alone.
  std::vector<std::string> of_head;  ///< Of head alone.
};

names_of_both names_in_both(const std::vector<std::string>& base,
                            const std::vector<std::string>& head) {
  names_of_both found;
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const std::string& name : base) {
    (has(head, name) ? found.common : found.of_base).push_back(name);
  }
  for (const std::string& name : head) {
    if (!has(base, name)) found.of_head.push_back(name);
  }
  return found;
}

/// "2 rows are in base only and were not compared: tokio, go", where there are any.
void note_what_one_has(const char* what, const names_of_both& names, json& notes) {
  constexpr std::size_t most_named = 5;
  for (const auto& [side, alone] : {std::pair("base", &names.of_base), {"head", &names.of_head}}) {
    if (alone->empty()) continue;
    const std::vector<std::string> first(
        alone->begin(),
        alone->begin() + static_cast<std::ptrdiff_t>(std::min(most_named, alone->size())));
    notes.push_back(fmt::format("{} {}{} in {} only and {} not compared: {}{}", alone->size(), what,
                                alone->size() == 1 ? " is" : "s are", side,
                                alone->size() == 1 ? "was" : "were", joined(first),
                                alone->size() > most_named ? ", …" : ""));
  }
}

std::string name_of_run(const run_folder& folder) {
  return fs::weakly_canonical(folder.path()).filename().string();
}

/// "commit 1a2b3c4, machine noisy", of what machine.json knows.
std::string description_of(const json& machine) {
  std::string text;
  if (const json::json_pointer commit("/git/commit");
      machine.contains(commit) && machine.at(commit).is_string()) {
    text = "commit " + machine.at(commit).get<std::string>().substr(0, 12) + ", ";
  }
  return text + "machine " + machine.value("label", "unlabelled");
}

/// What must agree if times are to be compared; one sentence for each that does not.
std::vector<std::string> differences_of_machines(const json& a, const json& b) {
  std::vector<std::string> differences;
  for (const char* path :
       {"/architecture", "/cpu/model", "/cpu/logical", "/cpu/allowed", "/hypervisor/name"}) {
    const json::json_pointer pointer(path);
    const json one = a.contains(pointer) ? a.at(pointer) : json();
    const json other = b.contains(pointer) ? b.at(pointer) : json();
    if (one != other) {
      differences.push_back(fmt::format("{} is {} and {}", path + 1, one.dump(), other.dump()));
    }
  }
  return differences;
}

void expect_row(const std::vector<std::string>& names, const std::string& row,
                const run_folder& folder) {
  if (std::find(names.begin(), names.end(), row) != names.end()) return;
  throw usage_error(
      fmt::format("{} has no row '{}'{}", folder.path().string(), row, suggestion(row, names)));
}

comparison::comparison_input input_of(const run_folder& folder, const json& planned) {
  const json& what = planned.at("comparison");
  comparison::comparison_input input;
  input.base = side_from(what.at("base"));
  input.head = side_from(what.at("head"));
  input.seed = planned.at("seed").get<std::uint64_t>();
  for (const json& pair : what.at("pairs")) input.pairs.push_back(pair_from(pair));
  input.cells = cells_of(planned);
  input.machine = folder.read_json("machine.json");
  input.beside = what.at("beside");
  return input;
}

}  // namespace

bool measure_comparison(plan& p, const run_folder& folder, bool confirm, const interrupt& stop) {
  write_machine(folder);
  if (p.rows.empty()) {
    // Base and head are the same programs. A run without samples is a run.
    folder.write("plan.json", text_of(to_json(p)));
    return true;
  }
  if (!take_samples(p, folder, stop)) return false;
  const auto places = comparison::suspicious_places(comparison_of(folder));
  if (confirm && !places.empty()) {
    plan second = confirmation_plan(p, places);
    fmt::print(stderr, "{} cell{} suspicious: measuring again with seed {}\n", places.size(),
               places.size() == 1 ? " looks" : "s look", second.seed);
    const run_folder again = confirmation_folder(folder);
    fs::create_directories(again.path() / "log");
    again.write("machine.json", folder.read_json("machine.json").dump(1) + "\n");
    if (!take_samples(second, again, stop)) return false;
  }
  write_load_after(folder);
  return true;
}

json comparison_of(const run_folder& folder) {
  const json planned = folder.read_json("plan.json");
  if (!planned.contains("comparison") || planned.at("comparison").is_null()) {
    throw usage_error(fmt::format(
        "{} is an ordinary run; expected one of regatta ab or regatta gate, or a second run, or "
        "--rows with two rows of it, for example: regatta compare {} --rows a b",
        folder.path().string(), folder.path().string()));
  }
  try {
    comparison::comparison_input input = input_of(folder, planned);
    const stats::measurements samples = read_measurements(folder);
    input.samples = &samples;
    stats::measurements second;
    const run_folder again = confirmation_folder(folder);
    if (fs::exists(again.samples())) {
      second = read_measurements(again);
      input.confirmation = {&second, again.read_json("plan.json").at("seed").get<std::uint64_t>()};
    }
    return comparison::compare(input);
  } catch (const json::exception& error) {
    throw usage_error(
        fmt::format("{} is corrupt: {}", (folder.path() / "plan.json").string(), error.what()));
  }
}

json comparison_of_rows(const run_folder& folder, const std::string& base,
                        const std::string& head) {
  const json planned = folder.read_json("plan.json");
  const std::vector<std::string> names = row_names(planned);
  expect_row(names, base, folder);
  expect_row(names, head, folder);
  const stats::measurements samples = read_measurements(folder);
  comparison::comparison_input input;
  input.base = {base, ""};
  input.head = {head, ""};
  input.seed = planned.at("seed").get<std::uint64_t>();
  input.pairs = {{.contender = head, .base = base, .head = head, .twin = ""}};
  input.cells = cells_of(planned);
  input.samples = &samples;
  input.limits.wants_confirmation = false;
  input.machine = folder.read_json("machine.json");
  input.beside = {{"kind", "rows"}};
  return comparison::compare(input);
}

json comparison_of_runs(const run_folder& base, const run_folder& head, bool force) {
  const json base_machine = base.read_json("machine.json");
  const json head_machine = head.read_json("machine.json");
  const auto differences = differences_of_machines(base_machine, head_machine);
  if (!differences.empty() && !force) {
    throw usage_error(fmt::format(
        "{} and {} were taken on two machines ({}), and times of two machines are not compared; "
        "expected two runs of one, or --force",
        base.path().string(), head.path().string(), joined(differences, "; ")));
  }
  const json planned = base.read_json("plan.json");
  const json planned_of_head = head.read_json("plan.json");
  const names_of_both rows = names_in_both(row_names(planned), row_names(planned_of_head));
  const stats::measurements base_samples = read_measurements(base);
  const stats::measurements head_samples = read_measurements(head);
  comparison::comparison_input input;
  input.base = {name_of_run(base), description_of(base_machine)};
  input.head = {name_of_run(head), description_of(head_machine)};
  input.seed = planned.at("seed").get<std::uint64_t>();
  for (const std::string& row : rows.common) {
    input.pairs.push_back({.contender = row, .base = row, .head = row, .twin = ""});
  }
  if (input.pairs.empty()) {
    throw usage_error(fmt::format("the two runs have no row in common: {} has {}, {} has {}",
                                  base.path().string(), joined(rows.of_base), head.path().string(),
                                  joined(rows.of_head)));
  }
  input.cells = cells_of(planned);
  input.samples = &base_samples;
  input.head_samples = &head_samples;
  input.limits.wants_confirmation = false;
  input.machine = head_machine;
  json notes = json::array(
      {"These two runs were not interleaved: whatever else changed on the machine between them is "
       "in the ratios. A difference is a reason to measure both in one session: regatta ab."});
  for (const std::string& difference : differences) notes.push_back("Two machines: " + difference);
  note_what_one_has("row", rows, notes);
  note_what_one_has("cell", names_in_both(cell_names(planned), cell_names(planned_of_head)), notes);
  input.beside = {{"kind", "runs"}, {"notes", std::move(notes)}};
  return comparison::compare(input);
}

void write_comparison_files(const run_folder& folder, const json& document) {
  folder.write("comparison.json", text_of(document));
  folder.write("comparison.md", comparison::comparison_markdown(document));
  folder.write("junit.xml", comparison::comparison_junit(document));
}

exit_code exit_code_of(const json& document) {
  switch (comparison::verdict_from(document.at("verdict").get<std::string>())) {
    case comparison::verdict::worse:
      return exit_code::not_ok;
    case comparison::verdict::could_not_measure:
      return exit_code::could_not_measure;
    case comparison::verdict::unchanged:
    case comparison::verdict::better:
      break;
  }
  return exit_code::ok;
}

}  // namespace regatta::driver
