#include "harness/driver/ab/comparing.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "harness/comparison/views.hpp"
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

comparison::comparison_input input_of(const run_folder& folder, const json& planned) {
  const json& what = planned.at("comparison");
  comparison::comparison_input input;
  input.base = side_from(what.at("base"));
  input.head = side_from(what.at("head"));
  input.seed = planned.at("seed").get<std::uint64_t>();
  for (const json& pair : what.at("pairs")) input.pairs.push_back(pair_from(pair));
  for (const json& cell : planned.at("cells")) {
    input.cells.push_back({.cell = cell.at("cell").get<std::string>(),
                           .scenario = cell.at("scenario").get<std::string>(),
                           .params = cell.at("params"),
                           .rows = {}});
  }
  input.machine = folder.read_json("machine.json");
  input.beside = what.at("beside");
  return input;
}

}  // namespace

bool measure_comparison(plan& p, const run_folder& folder, bool confirm, const interrupt& stop) {
  write_machine(folder);
  if (p.rows.empty()) {
    // Base and head are the same programs. A run without samples is a run.
    folder.write("plan.json", to_json(p).dump(1) + "\n");
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

void write_comparison_files(const run_folder& folder, const json& document) {
  folder.write("comparison.json", document.dump(1) + "\n");
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
