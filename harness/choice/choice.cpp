#include "harness/choice/choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "harness/choice/contest.hpp"
#include "harness/choice/limits.hpp"
#include "harness/choice/sensitivity.hpp"
#include "harness/stats/grouping.hpp"
#include "harness/stats/quantities.hpp"

namespace regatta::choice {
namespace {

constexpr std::size_t reasons_each_way = 2;

json json_of(stats::estimate const& e) {
  return {{"median", e.median}, {"low", e.low}, {"high", e.high}, {"confidence", e.confidence}};
}

// What to order rows by. A gust that slows all rows of one block must not decide, so each block is
// first levelled by its mean over the rows; where no block has all rows, plain medians must do.
std::vector<double> levels_of(contest const& c, weights const& w) {
  std::vector<stats::block_values> scores;
  for (contestant const& row : c.rows) scores.push_back(score_of(row, w));
  std::vector<std::vector<double>> levelled(c.rows.size());
  for (auto const& [block, ignored] : scores.empty() ? stats::block_values{} : scores.front()) {
    double sum = 0.0;
    bool complete = true;
    for (auto const& row : scores) {
      auto const value = row.find(block);
      complete = complete && value != row.end();
      if (complete) sum += std::log(value->second);
    }
    if (!complete) continue;
    for (std::size_t r = 0; r != scores.size(); ++r) {
      levelled[r].push_back(std::log(scores[r].at(block)) -
                            sum / static_cast<double>(scores.size()));
    }
  }
  std::vector<double> levels;
  for (std::size_t r = 0; r != scores.size(); ++r) {
    if (levelled[r].empty()) {
      for (auto const& [block, score] : scores[r]) levelled[r].push_back(std::log(score));
    }
    levels.push_back(stats::median(levelled[r]));
  }
  return levels;
}

std::string_view noun_of(stats::quantity by, bool bytes, bool latency) {
  switch (by) {
    case stats::quantity::cpu:
      return "CPU time";
    case stats::quantity::p50:
      return "median latency";
    case stats::quantity::p99:
      return "99th percentile";
    case stats::quantity::peak_memory:
      return "peak memory";
    case stats::quantity::time:
      return "time";
    case stats::quantity::cost:
      return bytes ? "bytes" : latency ? "latency" : "time";
  }
  return "cost";
}

std::string_view noun_of(json const& summary, std::string const& cell, stats::quantity by) {
  for (json const& each : summary.at("cells")) {
    if (each.at("cell") != cell) continue;
    return noun_of(by, each.at("measures") == "bytes", each.at("measures") == "latency");
  }
  return noun_of(by, false, false);
}

struct reason {
  double contribution = 0.0;  // to the logarithm of the score
  json document;
};

// What speaks for and against a row beside another one, the weightiest first.
json reasons_of(contest const& c, json const& summary, contestant const& row,
                contestant const& other) {
  std::vector<reason> all;
  for (std::size_t i = 0; i != c.cells.size(); ++i) {
    rated_cell const& cell = c.cells[i];
    weights const alone = weight_of_cell(c, i);
    auto const r = compare(row, other, alone);
    if (!r || !r->separated(noise_floor(c, alone))) continue;
    double const contribution = cell.weight * std::log(r->value.median);
    group const& of = c.for_what.groups[cell.group];
    json ratio = json_of(r->value);
    ratio["blocks"] = r->blocks;
    all.push_back(
        {contribution,
         {{"for", contribution < 0.0},
          {"against_row", other.row},
          {"cell", cell.cell},
          {"group", of.name},
          {"by", to_string(of.by)},
          {"weight", cell.weight},
          {"ratio", ratio},
          {"contribution", contribution},
          {"text", fmt::format("{} {}: {} times the {} of {} in {} ({}, weight {:.0f} %)",
                               contribution < 0.0 ? "for" : "against", row.row,
                               stats::ratio_text(ratio), noun_of(summary, cell.cell, of.by),
                               other.row, cell.cell, of.name, 100.0 * cell.weight)}}});
  }
  std::ranges::stable_sort(all, [](reason const& a, reason const& b) {
    return std::abs(a.contribution) > std::abs(b.contribution);
  });
  json chosen = json::array();
  for (bool const wanted : {true, false}) {
    std::size_t told = 0;
    for (reason const& each : all) {
      if ((each.contribution < 0.0) != wanted || told == reasons_each_way) continue;
      ++told;
      chosen.push_back(each.document);
    }
  }
  return chosen;
}

struct ranked {
  std::vector<std::size_t> order;  // best first
  std::vector<unsigned> groups;    // by index into the rows
};

ranked rank(contest const& c) {
  weights const w = weights_of_all(c);
  auto const levels = levels_of(c, w);
  ranked all;
  all.order.resize(c.rows.size());
  std::iota(all.order.begin(), all.order.end(), std::size_t{0});
  std::ranges::stable_sort(all.order,
                           [&](std::size_t a, std::size_t b) { return levels[a] < levels[b]; });
  all.groups = stats::group_ranks(
      levels, [&](std::size_t i, std::size_t j) { return separated(c, c.rows[i], c.rows[j], w); });
  return all;
}

// Ranks; rows that share no block with the first leave the contest, because nobody can say how far
// they are from it. Who is first may change by that.
ranked rank_comparable(contest& c) {
  for (;;) {
    ranked all = rank(c);
    if (all.order.empty()) return all;
    weights const w = weights_of_all(c);
    contestant const& leader = c.rows[all.order.front()];
    auto const apart = std::ranges::find_if(
        all.order, [&](std::size_t row) { return !compare(c.rows[row], leader, w); });
    if (apart == all.order.end()) return all;
    leave_out(c, *apart, fmt::format("no block in common with the first, {}", leader.row));
  }
}

json ranking_of(contest const& c, json const& summary, ranked const& all) {
  json ranking = json::array();
  if (all.order.empty()) return ranking;
  weights const w = weights_of_all(c);
  std::size_t const leader = all.order.front();
  unsigned const most = *std::ranges::max_element(all.groups);
  for (unsigned number = 1; number <= most; ++number) {
    json rows = json::array();
    for (std::size_t const row : all.order) {
      if (all.groups[row] != number) continue;
      // The leader is measured against whoever comes next, all others against the leader.
      bool const leads = row == leader;
      auto const score = leads ? std::optional(stats::ratio{{1.0, 1.0, 1.0, 1.0}, 0})
                               : compare(c.rows[row], c.rows[leader], w);
      if (!score) continue;  // Nobody: rank_comparable() has left them out.
      json document = json_of(score->value);
      document["blocks"] = leads ? score_of(c.rows[row], w).size() : score->blocks;
      json figures = json::array();
      if (!leads) {
        figures = reasons_of(c, summary, c.rows[row], c.rows[leader]);
      } else if (all.order.size() > 1) {
        figures = reasons_of(c, summary, c.rows[row], c.rows[all.order[1]]);
      }
      // The sentences by themselves, and what they rest on.
      json reasons = json::array();
      for (json const& each : figures) reasons.push_back(each.at("text"));
      rows.push_back({{"row", c.rows[row].row},
                      {"score", document},
                      {"reasons", reasons},
                      {"evidence", figures}});
    }
    if (rows.empty()) continue;
    ranking.push_back({{"rank", number}, {"rows", rows}});
  }
  return ranking;
}

// The groups in which a is better and worse than b, beyond noise.
struct standing {
  std::vector<std::string> better, worse;
};

standing standing_of(contest const& c, contestant const& a, contestant const& b) {
  standing found;
  for (std::size_t g = 0; g != c.for_what.groups.size(); ++g) {
    weights const w = weights_of_group(c, g);
    auto const r = compare(a, b, w);
    if (!r || !r->separated(noise_floor(c, w))) continue;
    std::string const text =
        fmt::format("{} {}", c.for_what.groups[g].name, stats::ratio_text(json_of(r->value)));
    (r->value.median < 1.0 ? found.better : found.worse).push_back(text);
  }
  return found;
}

// Rows that are better than some other row in no group, and worse in at least one.
json dominated_of(contest const& c, ranked const& all) {
  json found = json::array();
  for (std::size_t const row : all.order) {
    for (std::size_t const other : all.order) {
      if (other == row) continue;
      auto const seen = standing_of(c, c.rows[row], c.rows[other]);
      if (!seen.better.empty() || seen.worse.empty()) continue;
      found.push_back({{"row", c.rows[row].row},
                       {"by", c.rows[other].row},
                       {"because", fmt::format("in no group better than {}, and worse in: {}",
                                               c.rows[other].row, fmt::join(seen.worse, ", "))}});
      break;
    }
  }
  return found;
}

json weights_document(contest const& c) {
  double total = 0.0;
  for (group const& g : c.for_what.groups) total += g.weight;
  json list = json::array();
  for (std::size_t g = 0; g != c.for_what.groups.size(); ++g) {
    group const& of = c.for_what.groups[g];
    double counted = 0.0;
    json cells = json::array();
    for (rated_cell const& cell : c.cells) {
      if (cell.group != g) continue;
      cells.push_back(cell.cell);
      counted += cell.weight;
    }
    list.push_back({{"group", of.name},
                    {"weight", of.weight / total},
                    {"counted_weight", counted},
                    {"by", to_string(of.by)},
                    {"cells", cells},
                    {"wanted", of.cells},
                    {"why", of.why},
                    {"missing", cells.empty() && of.weight > 0.0}});
  }
  return list;
}

json left_out_document(std::vector<left_out> const& list, char const* key) {
  json document = json::array();
  for (left_out const& each : list) document.push_back({{key, each.what}, {"why", each.why}});
  return document;
}

}  // namespace

json choose(stats::measurements const& samples, json const& summary, profile const& for_what) {
  contest c = make_contest(samples, summary, for_what);
  ranked const all = rank_comparable(c);
  json const changes = all.order.empty() ? json::array() : sensitivity(c, all.order.front());
  json const ranking = ranking_of(c, summary, all);
  return {{"profile", for_what.name},
          {"description", for_what.description},
          {"subject", for_what.subject},
          {"weights", weights_document(c)},
          {"common_cells", c.cells.size()},
          {"noise_floor", c.rows.empty() ? json() : json(noise_floor(c, weights_of_all(c)))},
          {"ranking", ranking},
          {"unranked", left_out_document(c.unranked, "row")},
          {"dominated", dominated_of(c, all)},
          {"sensitivity", changes},
          {"would_change", would_change(summary, ranking, changes)},
          {"cannot_tell", cannot_tell(c, summary)}};
}

json choice_document(stats::measurements const& samples, json const& summary,
                     std::vector<profile> const& profiles) {
  json list = json::array();
  for (profile const& each : profiles) list.push_back(choose(samples, summary, each));
  json machine = summary.at("machine");
  return {{"schema", 1},
          {"what", "choice"},
          {"run", summary.at("run")},
          {"profiles", list},
          {"properties", properties(summary)},
          {"label", summary.at("label")}};
}

}  // namespace regatta::choice
