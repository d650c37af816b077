#include "harness/driver/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "harness/driver/names.hpp"
#include "harness/machine/kind.hpp"

namespace regatta::driver {
namespace {

using sentences = std::vector<std::string>;

/// More would hide the first.
constexpr std::size_t most_examples = 5;

std::string examples(const sentences& all) {
  const sentences first(
      all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), most_examples)));
  if (all.size() <= most_examples) return joined(first);
  return fmt::format("{} and {} more", joined(first), all.size() - most_examples);
}

/// What all shards must have been asked for in the same words.
json options_of(const plan& p) {
  json object = to_json(p);
  for (const char* own : {"rows", "cells", "shard"}) object.erase(own);
  object["shards"] = p.shard->of;
  return object;
}

/// What a row is, apart from where its programs lie and which process answered.
json identity_of(const row& r) {
  plan only;
  only.rows = {r};
  json object = to_json(only).at("rows").at(0);
  for (const char* own : {"command", "small_programs", "build", "content"}) object.erase(own);
  if (object.at("hello").is_object()) object["hello"].erase("pid");
  return object;
}

void compare_options(const shard_run& first, const shard_run& other, sentences& refusals) {
  const json a = options_of(first.what);
  const json b = options_of(other.what);
  for (const auto& [key, value] : a.items()) {
    if (value == b.at(key)) continue;
    refusals.push_back(fmt::format("{} is {} in {} and {} in {}", key, value.dump(), first.path,
                                   b.at(key).dump(), other.path));
  }
  if (first.what.shard->all_cells != other.what.shard->all_cells) {
    refusals.push_back(
        fmt::format("{} and {} are shards of different runs: they were given "
                    "different scenarios or settings",
                    first.path, other.path));
  }
}

void compare_rows(const shard_run& first, const shard_run& other, sentences& refusals) {
  std::map<std::string, const row*> others;
  for (const row& r : other.what.rows) others[r.name] = &r;
  for (const row& r : first.what.rows) {
    const auto found = others.find(r.name);
    if (found == others.end()) {
      refusals.push_back(
          fmt::format("{} has the row {} and {} has not", first.path, r.name, other.path));
      continue;
    }
    const row& its = *found->second;
    others.erase(found);
    const json a = identity_of(r);
    const json b = identity_of(its);
    for (const auto& [key, value] : a.items()) {
      if (value == b.at(key)) continue;
      refusals.push_back(fmt::format("the row {} differs in its {}: {} in {}, {} in {}", r.name,
                                     key, value.dump(), first.path, b.at(key).dump(), other.path));
    }
    if (r.content != its.content) {
      refusals.push_back(fmt::format(
          "{} was another build in {} than in {}; expected the same programs on every machine: "
          "build once, then copy them or share their folder",
          r.name, first.path, other.path));
    }
  }
  for (const auto& [name, r] : others) {
    refusals.push_back(
        fmt::format("{} has the row {} and {} has not", other.path, name, first.path));
  }
}

void compare_machines(const shard_run& first, const shard_run& other, const merge_wishes& wishes,
                      merge_findings& found) {
  sentences differences;
  for (const auto& d : machine::differences_of_kind(first.machine, other.machine)) {
    differences.push_back(machine::describe(d));
  }
  if (!differences.empty()) {
    const std::string sentence =
        fmt::format("{} and {} were measured on different kinds of machines: {}", first.path,
                    other.path, joined(differences, "; "));
    if (wishes.different_machines) {
      found.remarks.push_back(sentence);
    } else {
      found.refusals.push_back(sentence + "; if that is meant: --different-machines");
    }
  }
  sentences words;
  for (const auto& d : machine::other_differences(first.machine, other.machine)) {
    words.push_back(machine::describe(d));
  }
  if (!words.empty()) {
    found.remarks.push_back(fmt::format("{} and {} are of one kind in what matters most, but {}",
                                        first.path, other.path, joined(words, "; ")));
  }
}

void find_missing_shards(const std::vector<shard_run>& shards, const merge_wishes& wishes,
                         merge_findings& found) {
  std::map<std::uint64_t, const shard_run*> seen;
  for (const shard_run& s : shards) {
    const auto [place, is_new] = seen.emplace(s.what.shard->index, &s);
    if (is_new) continue;
    found.refusals.push_back(fmt::format("{} and {} are both shard {}/{}; expected each once",
                                         place->second->path, s.path, s.what.shard->index,
                                         s.what.shard->of));
  }
  const std::uint64_t of = shards.front().what.shard->of;
  sentences missing;
  for (std::uint64_t index = 1; index <= of; ++index) {
    if (!seen.contains(index)) missing.push_back(fmt::format("{}/{}", index, of));
  }
  if (missing.empty()) return;
  const std::string sentence = fmt::format("missing: shard {}", examples(missing));
  if (wishes.partial) {
    found.remarks.push_back(sentence);
  } else {
    found.refusals.push_back(sentence + "; to merge what is there: --partial");
  }
}

void find_overlaps(const std::vector<shard_run>& shards, const merge_wishes& wishes,
                   merge_findings& found) {
  std::map<std::string, const shard_run*> seen;
  for (const shard_run& s : shards) {
    for (const planned_cell& c : s.what.cells) {
      const auto [place, is_new] = seen.emplace(c.what.key, &s);
      if (is_new || place->second->what.shard->index == s.what.shard->index) continue;
      found.refusals.push_back(
          fmt::format("the cell {} is in {} and in {}", c.what.key, place->second->path, s.path));
    }
  }
  sentences nowhere;
  for (const std::string& key : shards.front().what.shard->all_cells) {
    if (!seen.contains(key)) nowhere.push_back(key);
  }
  if (nowhere.empty()) return;
  const std::string sentence = fmt::format("no shard that is here holds {}", examples(nowhere));
  (wishes.partial ? found.remarks : found.refusals).push_back(sentence);
}

/// The visits that the shard planned and that never came about. One that went wrong ends its row in
/// that cell: nothing more was planned.
void find_unfinished(const shard_run& s, const merge_wishes& wishes, merge_findings& found) {
  std::set<std::tuple<std::uint64_t, std::string, std::string>> done;
  std::set<std::pair<std::string, std::string>> settled;
  for (const stats::sample& one : s.samples) {
    done.emplace(one.block, one.row, one.cell);
    if (one.outcome != stats::outcome::ok && one.phase != "system_calls") {
      settled.emplace(one.row, one.cell);
    }
  }
  std::size_t open = 0;
  for (const planned_cell& c : s.what.cells) {
    for (const row& r : s.what.rows) {
      if (!takes_part(r, c.what) || settled.contains({r.name, c.what.key})) continue;
      for (std::uint64_t block = 0; block < s.what.blocks; ++block) {
        open += done.contains({block, r.name, c.what.key}) ? 0 : 1;
      }
    }
  }
  if (open == 0) return;
  const std::string sentence = fmt::format("{} is not finished: {} visit{} missing", s.path, open,
                                           open == 1 ? " is" : "s are");
  if (wishes.partial) {
    found.remarks.push_back(sentence);
  } else {
    found.refusals.push_back(fmt::format(
        "{}; go on with it on its machine: regatta run --resume {}; to merge what is there: "
        "--partial",
        sentence, s.path));
  }
}

/// What all of `values` agree upon; null where they do not.
json common_of(const json& first, const std::vector<json>& others) {
  const bool all_objects =
      first.is_object() &&
      std::all_of(others.begin(), others.end(), [](const json& o) { return o.is_object(); });
  if (!all_objects) {
    return std::all_of(others.begin(), others.end(), [&](const json& o) { return o == first; })
               ? first
               : json();
  }
  json common = json::object();
  for (const auto& [key, value] : first.items()) {
    std::vector<json> theirs;
    for (const json& other : others) theirs.push_back(other.contains(key) ? other.at(key) : json());
    common[key] = common_of(value, theirs);
  }
  return common;
}

std::string gravest_label(const std::vector<shard_run>& shards) {
  constexpr std::array<const char*, 3> from_worst = {"shared", "noisy", "quiet"};
  for (const char* label : from_worst) {
    for (const shard_run& s : shards) {
      if (s.machine.value("label", "") == label) return label;
    }
  }
  return "";
}

bool are_of_one_kind(const std::vector<shard_run>& shards) {
  return std::all_of(shards.begin(), shards.end(), [&](const shard_run& s) {
    return machine::differences_of_kind(shards.front().machine, s.machine).empty();
  });
}

}  // namespace

merge_findings judge_shards(const std::vector<shard_run>& shards, const merge_wishes& wishes) {
  merge_findings found;
  const shard_run& first = shards.front();
  for (const shard_run& s : shards) {
    if (&s == &first) continue;
    compare_options(first, s, found.refusals);
    compare_rows(first, s, found.refusals);
    compare_machines(first, s, wishes, found);
  }
  // Of runs that differ it means nothing what is missing.
  if (!found.refusals.empty()) return found;
  find_missing_shards(shards, wishes, found);
  find_overlaps(shards, wishes, found);
  for (const shard_run& s : shards) find_unfinished(s, wishes, found);
  return found;
}

plan merged_plan(const std::vector<shard_run>& shards) {
  plan whole = shards.front().what;
  std::map<std::string, planned_cell> cells;
  for (const shard_run& s : shards) {
    for (planned_cell c : s.what.cells) {
      c.shard = s.what.shard->index;
      cells.emplace(c.what.key, std::move(c));
    }
  }
  whole.merged_of = whole.shard->of;
  whole.cells.clear();
  for (const std::string& key : shards.front().what.shard->all_cells) {
    if (const auto found = cells.find(key); found != cells.end()) {
      whole.cells.push_back(found->second);
    }
  }
  whole.shard.reset();
  return whole;
}

json merged_machine(const std::vector<shard_run>& shards) {
  const bool one_kind = are_of_one_kind(shards);
  json whole = shards.front().machine;
  std::vector<json> others;
  json indexes = json::array();
  json machines = json::array();
  json reasons = json::array();
  for (const shard_run& s : shards) {
    if (&s != &shards.front()) others.push_back(s.machine);
    indexes.push_back(s.what.shard->index);
    json one = {{"shard", s.what.shard->index}};
    one.update(s.machine);
    machines.push_back(std::move(one));
    for (const json& reason : s.machine.value("/noise/reasons"_json_pointer, json::array())) {
      reasons.push_back(
          fmt::format("Shard {}: {}", s.what.shard->index, reason.get<std::string>()));
    }
    // The whole began with its first shard.
    if (s.machine.value("date", "") < whole.value("date", "")) whole["date"] = s.machine["date"];
  }
  const json date = whole.value("date", json());
  if (!one_kind) whole = common_of(shards.front().machine, others);
  whole["date"] = date;
  whole["label"] = gravest_label(shards);
  whole["noise"]["reasons"] = std::move(reasons);
  whole["merged"] = {{"of", shards.front().what.shard->of},
                     {"shards", std::move(indexes)},
                     {"different_machines", !one_kind},
                     {"machines", std::move(machines)}};
  return whole;
}

}  // namespace regatta::driver
