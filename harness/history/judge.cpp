#include "harness/history/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>

#include "harness/stats/change_points.hpp"
#include "harness/stats/multiple_comparisons.hpp"
#include "harness/stats/order_statistics.hpp"

namespace regatta::history {
namespace {

using json = nlohmann::ordered_json;

// Fewer than three values on one side of a change are no other state but two outliers.
constexpr std::size_t least_stretch = 3;

// One row in one cell, over the runs that measured it.
struct series {
  std::string cell;
  std::string row;
  std::string unit;
  std::vector<std::size_t> runs;  // by their place among the runs of the machine
  std::vector<double> costs;
};

struct found_change {
  std::size_t series = 0;
  std::size_t run = 0;  // with which it begins
  stats::change_point what;
  bool standing = false;
  double adjusted_p = 1.0;
};

double choose(std::size_t n, std::size_t k) {
  double ways = 1.0;
  for (std::size_t i = 1; i <= k; ++i) {
    ways *= static_cast<double>(n - k + i) / static_cast<double>(i);
  }
  return ways;
}

std::vector<series> series_of(std::vector<json> const& runs) {
  std::vector<series> all;
  std::map<std::pair<std::string, std::string>, std::size_t> places;
  for (std::size_t run = 0; run != runs.size(); ++run) {
    for (auto const& [cell, measured] : runs[run].at("cells").items()) {
      for (auto const& [row, cost] : measured.at("rows").items()) {
        auto const [place, is_new] = places.emplace(std::pair{cell, row}, all.size());
        if (is_new) all.push_back({cell, row, measured.at("unit"), {}, {}});
        all[place->second].runs.push_back(run);
        all[place->second].costs.push_back(cost);
      }
    }
  }
  return all;
}

double least_change_of(std::vector<json> const& runs, history_options const& options) {
  std::vector<double> spreads;
  for (json const& run : runs) {
    if (run.at("spread").is_number()) spreads.push_back(run.at("spread"));
  }
  if (spreads.empty()) return options.least_change;
  return std::max(options.least_change, 3.0 * stats::median(spreads));
}

// Twice: a quick look at all, and a long one at what seemed to change. The p-values of the first
// could not become small enough to be corrected for many cells.
std::vector<stats::change_point> changes_in(series const& s, double least_change,
                                            history_options const& options) {
  // A coarse p-value can miss by chance.
  stats::change_point_options look{.significance = 3.0 * options.significance,
                                   .permutations = 499,
                                   .least_stretch = least_stretch,
                                   .least_change = least_change,
                                   .seed = options.seed};
  if (stats::change_points(s.costs, look).empty()) return {};
  look.significance = options.significance;
  look.permutations = options.permutations;
  return stats::change_points(s.costs, look);
}

// Over all series of the machine: the verdict is one, and each of them could have brought it about.
void correct(std::size_t asked, std::vector<found_change>& changes) {
  std::set<std::size_t> with_changes;
  std::vector<double> p_values;
  for (found_change const& c : changes) {
    p_values.push_back(c.what.p_value);
    with_changes.insert(c.series);
  }
  // Where nothing was found, nothing was significant.
  p_values.resize(p_values.size() + asked - with_changes.size(), 1.0);
  auto const adjusted = stats::adjusted_p_values(p_values);
  for (std::size_t i = 0; i != changes.size(); ++i) changes[i].adjusted_p = adjusted[i];
}

std::vector<found_change> find_changes(std::vector<series> const& all, double least_change,
                                       std::size_t least, history_options const& options) {
  std::vector<found_change> changes;
  std::size_t asked = 0;
  for (std::size_t i = 0; i != all.size(); ++i) {
    if (all[i].costs.size() < least) continue;
    ++asked;
    for (auto const& point : changes_in(all[i], least_change, options)) {
      changes.push_back({i, all[i].runs[point.index], point, false, 1.0});
    }
  }
  correct(asked, changes);
  std::erase_if(changes,
                [&](found_change const& c) { return c.adjusted_p > options.false_discoveries; });
  std::map<std::size_t, found_change*> last;
  for (found_change& c : changes) {
    found_change*& latest = last[c.series];
    if (latest == nullptr || latest->run < c.run) latest = &c;
  }
  for (auto const& [ignored, c] : last) c->standing = true;
  return changes;
}

std::string date_of(json const& entry) {
  return entry.at("date").is_string() ? entry.at("date").get<std::string>() : std::string();
}

json name_of_run(json const& run) {
  return {{"run", run.at("run")}, {"date", run.at("date")}, {"commit", run.at("commit")}};
}

// The date from which on changes count: of the run that is called so or is of that commit, or the
// text itself where it is a day ("2026-11-01") that has runs, on any machine, then or later.
// Nothing where it is none of them.
std::optional<std::string> date_since(std::vector<json> const& entries, std::string const& since) {
  for (json const& entry : entries) {
    auto const begins = [&](char const* key) {
      json const& value = entry.at(key);
      return value.is_string() && value.get<std::string>().starts_with(since);
    };
    if (begins("run") || begins("commit")) return date_of(entry);
  }
  bool const is_day = since.size() >= 10 && since[4] == '-' && since[7] == '-';
  bool const has_runs = std::ranges::any_of(
      entries, [&](json const& entry) { return date_of(entry).substr(0, since.size()) >= since; });
  if (is_day && has_runs) return since;
  return std::nullopt;
}

// From which of the runs of a machine on changes count.
std::size_t first_that_counts(std::vector<json> const& runs, std::string const& since_date) {
  auto const first = std::ranges::find_if(runs, [&](json const& run) {
    return date_of(run).substr(0, since_date.size()) >= since_date;
  });
  return static_cast<std::size_t>(first - runs.begin());
}

json version_change(json const& before, json const& after, std::string const& row) {
  auto const version_in = [&](json const& run) {
    json const& versions = run.at("versions");
    return versions.contains(row) ? versions.at(row) : json();
  };
  json const old = version_in(before);
  json const fresh = version_in(after);
  if (old == fresh) return json();
  return {{"before", old}, {"after", fresh}};
}

json change_document(found_change const& c, series const& s, std::vector<json> const& runs,
                     std::size_t counts_from) {
  std::size_t const place = c.what.index;
  bool const worse = c.what.after > c.what.before;
  return {{"cell", s.cell},
          {"row", s.row},
          {"unit", s.unit},
          {"run", name_of_run(runs[c.run])},
          {"runs_since", s.costs.size() - place},
          {"before", c.what.before},
          {"after", c.what.after},
          {"ratio", c.what.after / c.what.before},
          {"p_value", c.what.p_value},
          {"adjusted_p", c.adjusted_p},
          {"verdict", worse ? "worse" : "better"},
          {"standing", c.standing},
          {"counts", c.standing && c.run >= counts_from},
          {"version", version_change(runs[s.runs[place - 1]], runs[c.run], s.row)}};
}

// The runs with which most rows moved the same way.
json common_changes(std::vector<series> const& all, std::vector<found_change> const& changes,
                    std::vector<json> const& runs, std::size_t least) {
  constexpr double most = 0.6;
  constexpr std::size_t least_rows = 3;
  std::set<std::string> rows;
  for (series const& s : all) {
    if (s.costs.size() >= least) rows.insert(s.row);
  }
  std::map<std::pair<std::size_t, bool>, std::set<std::string>> moved;
  for (found_change const& c : changes) {
    moved[{c.run, c.what.after > c.what.before}].insert(all[c.series].row);
  }
  json common = json::array();
  for (auto const& [when, which] : moved) {
    double const share = static_cast<double>(which.size()) / static_cast<double>(rows.size());
    if (rows.size() < least_rows || share < most) continue;
    common.push_back({{"run", name_of_run(runs[when.first])},
                      {"verdict", when.second ? "worse" : "better"},
                      {"rows", which.size()},
                      {"of_rows", rows.size()},
                      {"share", share}});
  }
  return common;
}

json machine_document(std::vector<json> const& runs, std::string const& since_date,
                      history_options const& options) {
  std::size_t const least = least_runs(options.significance);
  double const least_change = least_change_of(runs, options);
  auto const all = series_of(runs);
  auto changes = find_changes(all, least_change, least, options);
  // The newest first, and the greatest of a run first.
  std::ranges::stable_sort(changes, [](found_change const& a, found_change const& b) {
    auto const size = [](found_change const& c) {
      return std::abs(std::log(c.what.after / c.what.before));
    };
    return a.run != b.run ? a.run > b.run : size(a) > size(b);
  });
  json document{{"kind", runs.back().at("kind")}, {"differs", json::array()}};
  json& listed = document["runs"] = json::array();
  for (json const& run : runs) {
    json one = name_of_run(run);
    one["dirty"] = run.at("dirty");
    one["label"] = run.at("label");
    listed.push_back(std::move(one));
  }
  document["least_change"] = least_change;
  document["series"] = all.size();
  document["long_enough"] =
      std::ranges::count_if(all, [&](series const& s) { return s.costs.size() >= least; });
  json& found = document["changes"] = json::array();
  std::size_t const counts_from = first_that_counts(runs, since_date);
  for (found_change const& c : changes) {
    found.push_back(change_document(c, all[c.series], runs, counts_from));
  }
  document["common"] = common_changes(all, changes, runs, least);
  return document;
}

// By kind of machine, each in the order of its dates; the kind with the newest run first.
std::vector<std::vector<json>> by_kind(std::vector<json> entries) {
  std::ranges::stable_sort(entries, {}, date_of);
  std::vector<std::vector<json>> kinds;
  for (json& entry : entries) {
    auto found = std::ranges::find_if(
        kinds, [&](auto const& runs) { return runs.front().at("kind") == entry.at("kind"); });
    if (found == kinds.end()) found = kinds.insert(kinds.end(), {{}});
    if (!found->empty() && found->front().is_null()) found->clear();
    found->push_back(std::move(entry));
  }
  std::ranges::stable_sort(kinds, std::greater{},
                           [](auto const& runs) { return date_of(runs.back()); });
  return kinds;
}

json differing_keys(json const& first, json const& other) {
  json keys = json::array();
  for (auto const& [key, value] : first.items()) {
    if (!other.contains(key) || other.at(key) != value) keys.push_back(key);
  }
  return keys;
}

void conclude(json& document, history_options const& options) {
  std::size_t worse = 0;
  std::size_t better = 0;
  std::size_t long_enough = 0;
  std::size_t most_runs = 0;
  for (json const& machine : document.at("machines")) {
    long_enough += machine.at("long_enough").get<std::size_t>();
    most_runs = std::max(most_runs, machine.at("runs").size());
    for (json const& change : machine.at("changes")) {
      if (!change.at("counts").get<bool>()) continue;
      (change.at("verdict") == "worse" ? worse : better) += 1;
    }
  }
  auto const set = [&](char const* verdict, std::string why) {
    document["verdict"] = verdict;
    document["why"] = std::move(why);
  };
  if (long_enough == 0) {
    set("could_not_measure",
        fmt::format(
            "No row has enough runs on one kind of machine: there are {}, and {} are the "
            "least in which a change could be told from chance; a step that only the newest "
            "three show takes {}.",
            most_runs, least_runs(options.significance),
            runs_for_a_fresh_step(options.significance)));
  } else if (worse > 0) {
    set("worse", fmt::format("{} of {} series are worse since some run, and still are.", worse,
                             long_enough));
  } else if (better > 0) {
    set("better", fmt::format("{} of {} series are better since some run, and none is worse.",
                              better, long_enough));
  } else {
    set("unchanged", fmt::format("No change was found in {} series.", long_enough));
  }
}

}  // namespace

std::size_t least_runs(double significance) {
  std::size_t runs = 2 * least_stretch;
  while (2.0 / choose(runs, runs / 2) > significance) ++runs;
  return runs;
}

std::size_t runs_for_a_fresh_step(double significance) {
  std::size_t runs = 2 * least_stretch;
  while (2.0 / choose(runs, least_stretch) > significance) ++runs;
  return std::max(runs, least_runs(significance));
}

json judge_history(std::vector<json> entries, history_options const& options) {
  std::optional<std::string> const since_date =
      options.since.empty() ? std::string() : date_since(entries, options.since);
  if (!since_date) {
    throw std::invalid_argument(
        fmt::format("no run of this history is called {}, is of that commit, or of that day "
                    "(2026-11-01) or a later one",
                    options.since));
  }
  json document{{"schema", 1}, {"what", "history"}, {"verdict", nullptr}, {"why", nullptr}};
  document["method"] = fmt::format(
      "Change points by e-divisive (Matteson and James 2014) in each row of each cell, p ≤ {} by "
      "permutation, corrected over all series (Benjamini and Hochberg, {}); changes of "
      "less "
      "than {} %, or three times the noise of the runs, are left out.",
      options.significance, options.false_discoveries, 100.0 * options.least_change);
  document["least_runs"] = least_runs(options.significance);
  json& machines = document["machines"] = json::array();
  for (auto const& runs : by_kind(std::move(entries))) {
    json machine = machine_document(runs, *since_date, options);
    if (!machines.empty()) {
      machine["differs"] = differing_keys(machines.front().at("kind"), machine.at("kind"));
    }
    machines.push_back(std::move(machine));
  }
  conclude(document, options);
  return document;
}

}  // namespace regatta::history
