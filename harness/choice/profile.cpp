#include "harness/choice/profile.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "harness/choice/built_in.hpp"

namespace regatta::choice {
namespace {

std::invalid_argument wrong(std::string const& where, std::string const& sentence) {
  return std::invalid_argument(fmt::format("{}: {}", where, sentence));
}

// A key that nobody reads is a typing error that would go unseen.
void expect_only(json const& object, std::string const& where, std::set<std::string> const& keys) {
  if (!object.is_object()) {
    throw wrong(where, fmt::format("expected an object, got {}", object.dump().substr(0, 60)));
  }
  for (auto const& [key, value] : object.items()) {
    if (keys.contains(key)) continue;
    throw wrong(where, fmt::format("unknown key '{}'; expected only: {}", key,
                                   fmt::join(keys.begin(), keys.end(), ", ")));
  }
}

std::string text_at(json const& object, char const* key, std::string const& where,
                    std::string const& otherwise) {
  if (!object.contains(key)) return otherwise;
  if (!object.at(key).is_string()) {
    throw wrong(where, fmt::format("{} must be a text, got {}", key, object.at(key).dump()));
  }
  return object.at(key).get<std::string>();
}

std::string name_at(json const& object, char const* key, std::string const& where) {
  std::string name = text_at(object, key, where, "");
  if (name.empty()) throw wrong(where, fmt::format("{} is missing; expected a name", key));
  return name;
}

json const& list_at(json const& object, char const* key, std::string const& where) {
  if (!object.contains(key) || !object.at(key).is_array() || object.at(key).empty()) {
    throw wrong(where, fmt::format("{} must be a list with at least one entry", key));
  }
  return object.at(key);
}

double weight_from(json const& value, std::string const& where) {
  if (value.is_number()) {
    auto const weight = value.get<double>();
    if (weight >= 0.0 && std::isfinite(weight)) return weight;
  }
  throw wrong(where, fmt::format("weight must be a number, 0 or more, got {}; for example "
                                 "\"weight\": 30",
                                 value.dump()));
}

group group_from(json const& object, std::string const& of) {
  std::string const name = name_at(object, "group", of);
  std::string const where = fmt::format("{}, group '{}'", of, name);
  expect_only(object, where, {"group", "weight", "cells", "by", "why"});
  group g;
  g.name = name;
  if (!object.contains("weight")) throw wrong(where, "weight is missing");
  g.weight = weight_from(object.at("weight"), where);
  for (json const& cell : list_at(object, "cells", where)) {
    if (!cell.is_string() || cell.get_ref<std::string const&>().empty()) {
      throw wrong(where,
                  fmt::format("cells must be texts such as \"echo connections=64 *\", got {}",
                              cell.dump()));
    }
    g.cells.push_back(cell.get<std::string>());
  }
  std::string const by = text_at(object, "by", where, "cost");
  auto const quantity = stats::quantity_from(by);
  if (!quantity) {
    throw wrong(where, fmt::format("by cannot be '{}'; expected one of cost, time, cpu, p50, p99, "
                                   "peak_memory",
                                   by));
  }
  g.by = *quantity;
  g.why = text_at(object, "why", where, "");
  return g;
}

void expect_some_weight(profile const& p, std::string const& where) {
  bool const any = std::ranges::any_of(p.groups, [](group const& g) { return g.weight > 0.0; });
  if (!any) throw wrong(where, "all weights are 0; expected at least one above it");
}

profile profile_from(json const& object, std::size_t number) {
  std::string const of = fmt::format("profile {}", number);
  if (!object.is_object()) throw wrong(of, "expected an object");
  profile p;
  p.name = name_at(object, "profile", of);
  std::string const where = fmt::format("profile '{}'", p.name);
  expect_only(object, where, {"profile", "description", "subject", "groups"});
  p.description = text_at(object, "description", where, "");
  p.subject = text_at(object, "subject", where, "runtime");
  if (p.subject != "runtime" && p.subject != "path") {
    throw wrong(where, fmt::format("subject cannot be '{}'; expected runtime or path", p.subject));
  }
  std::set<std::string> names;
  for (json const& entry : list_at(object, "groups", where)) {
    if (!entry.is_object()) throw wrong(where, "each of groups must be an object");
    p.groups.push_back(group_from(entry, where));
    if (!names.insert(p.groups.back().name).second) {
      throw wrong(where, fmt::format("there are two groups '{}'", p.groups.back().name));
    }
  }
  expect_some_weight(p, where);
  return p;
}

}  // namespace

std::vector<profile> profiles_from(json const& document) {
  expect_only(document, "weights", {"profiles"});
  std::vector<profile> profiles;
  std::set<std::string> names;
  for (json const& object : list_at(document, "profiles", "weights")) {
    profiles.push_back(profile_from(object, profiles.size() + 1));
    if (!names.insert(profiles.back().name).second) {
      throw wrong("weights", fmt::format("there are two profiles '{}'", profiles.back().name));
    }
  }
  return profiles;
}

std::vector<profile> const& built_in_profiles() {
  static std::vector<profile> const profiles = profiles_from(json::parse(built_in_profiles_json()));
  return profiles;
}

profile reweighted(profile base, json const& document) {
  expect_only(document, "weights", {"weights"});
  std::string const where = fmt::format("weights of '{}'", base.name);
  json const& weights = document.at("weights");
  if (!weights.is_object() || weights.empty()) {
    throw wrong(where, "expected an object of groups and numbers, for example {\"memory\": 40}");
  }
  for (auto const& [name, value] : weights.items()) {
    auto const found = std::ranges::find(base.groups, name, &group::name);
    if (found == base.groups.end()) {
      std::vector<std::string> names;
      for (group const& g : base.groups) names.push_back(g.name);
      throw wrong(where, fmt::format("there is no group '{}'; there are: {}", name,
                                     fmt::join(names, ", ")));
    }
    found->weight = weight_from(value, fmt::format("{}, group '{}'", where, name));
  }
  expect_some_weight(base, where);
  return base;
}

bool holds(group const& g, std::string const& cell) {
  return std::ranges::any_of(g.cells, [&](std::string const& glob) {
    return ::fnmatch(glob.c_str(), cell.c_str(), 0) == 0;
  });
}

}  // namespace regatta::choice
