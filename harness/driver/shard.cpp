#include "harness/driver/shard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "harness/driver/clock.hpp"
#include "harness/driver/content_hash.hpp"
#include "harness/driver/exit_code.hpp"

namespace regatta::driver {
namespace {

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || stopped != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Cells of one series have the same: the scenario, and its parameters that are words.
std::string series_of(const cell& c) {
  std::string name = c.scenario;
  for (const auto& [key, value] : c.params.items()) {
    if (value.is_string()) name += " " + key + "=" + value.get<std::string>();
  }
  return name;
}

struct part {
  std::vector<std::size_t> cells;  ///< By their place in the plan.
  double cost = 0;
};

/// The series, in the order in which the plan begins them. What the machine charges joins the
/// first series that it bounds.
std::vector<part> parts_of(const plan& p) {
  std::map<std::string, std::string> series_of_floor;  // the line of the floor: who it goes with
  for (const planned_cell& c : p.cells) {
    if (!c.what.floor.empty()) series_of_floor.emplace(c.what.floor, series_of(c.what));
  }
  std::map<std::string, std::size_t> places;
  std::vector<part> parts;
  for (std::size_t i = 0; i < p.cells.size(); ++i) {
    const cell& c = p.cells[i].what;
    std::string name = series_of(c);
    if (c.asked == scenarios::subject::machine) {
      const auto bounded = series_of_floor.find(c.params.value("what", ""));
      if (bounded != series_of_floor.end()) name = bounded->second;
    }
    const auto [place, is_new] = places.emplace(name, parts.size());
    if (is_new) parts.emplace_back();
    parts[place->second].cells.push_back(i);
    parts[place->second].cost += expected_cost_ns(p, c);
  }
  return parts;
}

std::vector<part> split_above(const plan& p, std::vector<part> parts, double fair_share) {
  std::vector<part> split;
  for (part& one : parts) {
    if (one.cost <= fair_share) {
      split.push_back(std::move(one));
      continue;
    }
    for (const std::size_t i : one.cells)
      split.push_back({{i}, expected_cost_ns(p, p.cells[i].what)});
  }
  return split;
}

}  // namespace

shard_choice parse_shard(std::string_view text) {
  const std::size_t slash = text.find('/');
  std::optional<std::uint64_t> index;
  std::optional<std::uint64_t> of;
  if (slash != std::string_view::npos) {
    index = whole_number(text.substr(0, slash));
    of = whole_number(text.substr(slash + 1));
  }
  if (!index || !of) {
    throw usage_error(fmt::format(
        "--shard {} is no shard; expected which and of how many, for example --shard 2/3", text));
  }
  if (*index < 1 || *index > *of) {
    throw usage_error(fmt::format(
        "--shard {}: there is no shard {} of {}; expected one from 1 to {}, for example --shard "
        "1/{}",
        text, *index, *of, std::max<std::uint64_t>(*of, 1), std::max<std::uint64_t>(*of, 1)));
  }
  return {*index, *of};
}

double expected_cost_ns(const plan& p, const cell& c) {
  // Over a whole field a sample took three times the target; but never less than its one run, whose
  // operations take some microseconds, those of a socket as well as those of many tasks.
  constexpr double operation_ns = 2'000;
  const auto asked =
      std::count_if(p.rows.begin(), p.rows.end(), [&](const row& r) { return takes_part(r, c); });
  const double one_run_ns = operation_ns * static_cast<double>(c.operations);
  const bool measured_once = c.fresh_process || c.measures != scenarios::quantity::time;
  const double usual_ns = measured_once ? 20.0 * ns_per_ms : 3.0 * static_cast<double>(p.target_ns);
  return static_cast<double>(asked) * std::max(one_run_ns, usual_ns);
}

std::vector<std::uint64_t> deal_cells(const plan& p, std::uint64_t of) {
  std::vector<part> parts = parts_of(p);
  const double total = std::accumulate(parts.begin(), parts.end(), 0.0,
                                       [](double sum, const part& one) { return sum + one.cost; });
  parts = split_above(p, std::move(parts), total / static_cast<double>(of));
  std::stable_sort(parts.begin(), parts.end(),
                   [](const part& a, const part& b) { return a.cost > b.cost; });
  std::vector<double> load(of, 0.0);
  std::vector<std::uint64_t> shard_of(p.cells.size());
  for (const part& one : parts) {
    const auto least = std::min_element(load.begin(), load.end());
    *least += one.cost;
    for (const std::size_t i : one.cells) {
      shard_of[i] = static_cast<std::uint64_t>(least - load.begin()) + 1;
    }
  }
  return shard_of;
}

std::uint64_t seed_of_options(const plan& p) {
  content_hash all;
  all.add(fmt::format("{} {} {} {}\n", p.matrix, p.blocks, p.target_ns, p.time_limit_ns));
  for (const row& r : p.rows) all.add(r.name + "\n");
  for (const planned_cell& c : p.cells) all.add(c.what.key + "\n");
  // Small enough to be typed again.
  return all.value() % 1'000'000;
}

void keep_shard(plan& p, const shard_choice& choice) {
  const std::vector<std::uint64_t> shard_of = deal_cells(p, choice.of);
  shard_of_run note{choice.index, choice.of, {}};
  std::vector<planned_cell> kept;
  for (std::size_t i = 0; i < p.cells.size(); ++i) {
    note.all_cells.push_back(p.cells[i].what.key);
    if (shard_of[i] == choice.index) kept.push_back(std::move(p.cells[i]));
  }
  if (kept.empty()) {
    throw usage_error(fmt::format(
        "--shard {}/{} is empty: the run has {} cells and they make fewer parts; expected fewer "
        "shards, for example --shard 1/2",
        choice.index, choice.of, p.cells.size()));
  }
  p.cells = std::move(kept);
  p.shard = std::move(note);
  for (row& r : p.rows) r.content = content_of(r);
}

std::string content_of(const row& r) {
  if (r.command.empty()) return "";
  std::set<std::string> programs = {r.command.front()};
  for (const auto& [name, command] : r.small_programs) {
    if (!command.empty()) programs.insert(command.front());
  }
  std::vector<std::uint64_t> each;
  std::array<char, 1 << 16> buffer = {};
  for (const std::string& program : programs) {
    std::ifstream in(program, std::ios::binary);
    if (!in) return "";
    content_hash content;
    while (in.read(buffer.data(), buffer.size()), in.gcount() > 0) {
      content.add({buffer.data(), static_cast<std::size_t>(in.gcount())});
    }
    each.push_back(content.value());
  }
  // Where the programs lie is no part of what they are.
  std::sort(each.begin(), each.end());
  std::string all;
  for (const std::uint64_t one : each) all += fmt::format("{}{:016x}", all.empty() ? "" : " ", one);
  return all;
}

}  // namespace regatta::driver
