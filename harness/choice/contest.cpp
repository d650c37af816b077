#include "harness/choice/contest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "harness/stats/ablation.hpp"
#include "harness/stats/noise.hpp"

namespace regatta::choice {
namespace {

json const* result_of(json const& cell, std::string const& row) {
  for (json const& result : cell.at("results")) {
    if (result.at("row") == row) return &result;
  }
  return nullptr;
}

// What a row shows in a cell, or why it shows nothing.
struct showing {
  stats::block_values values;
  std::string why_not;
};

showing look(stats::measurements const& samples, json const& cell, std::string const& row,
             stats::quantity by) {
  std::string const name = cell.at("cell");
  json const* const result = result_of(cell, row);
  if (result == nullptr) return {{}, fmt::format("it was not asked for {}", name)};
  std::string const outcome = result->at("outcome");
  if (outcome != "ok") {
    std::string const reason = result->at("reason");
    return {{}, fmt::format("{} in {}{}{}", outcome, name, reason.empty() ? "" : ": ", reason)};
  }
  if (result->value("saturated", false)) {
    return {{},
            fmt::format("saturated in {}: it bore {:.0f} % of the load", name,
                        100.0 * result->at("achieved").get<double>())};
  }
  auto const* const measured = samples.find(name);
  auto const* const seen = measured == nullptr ? nullptr : measured->find(row);
  if (seen == nullptr) return {{}, fmt::format("no samples in {}", name)};
  auto values = stats::values_of(*seen, by);
  std::erase_if(values, [](auto const& value) { return !(value.second > 0.0); });
  if (values.empty()) return {{}, fmt::format("it tells no {} in {}", to_string(by), name)};
  return {std::move(values), ""};
}

// Rows of the subject: "path" without the way that has no proxy, which is no choice.
std::vector<std::string> candidates(json const& summary, std::string const& subject) {
  std::vector<std::string> rows;
  for (json const& row : summary.at("rows")) {
    if (row.value("subject", "runtime") != subject) continue;
    if (subject == "path" && row.at("variant") == "direct") continue;
    if (stats::is_ablation(row.at("variant").get<std::string>())) continue;
    rows.push_back(row.at("row"));
  }
  return rows;
}

bool is_twin(std::string const& row) { return row.ends_with("#twin"); }

struct candidate_cell {
  rated_cell rated;
  json const* cell = nullptr;
  std::vector<showing> showings;  // in the order of the candidates
};

void find_original(contest& c) {
  c.original.reset();
  if (!c.twin) return;
  std::string const name = c.twin->row.substr(0, c.twin->row.rfind("#twin"));
  for (std::size_t r = 0; r != c.rows.size(); ++r) {
    if (c.rows[r].row == name) c.original = r;
  }
}

}  // namespace

contest make_contest(stats::measurements const& samples, json const& summary,
                     profile const& for_what) {
  contest made;
  made.for_what = for_what;
  if (json const& noise = summary.at("noise"); noise.is_object()) {
    made.session_floor = noise.at("spread");
  }
  auto const rows = candidates(summary, for_what.subject);

  std::vector<candidate_cell> found;
  for (std::size_t g = 0; g != for_what.groups.size(); ++g) {
    group const& wanted = for_what.groups[g];
    if (!(wanted.weight > 0.0)) continue;
    std::size_t cells = 0;
    for (json const& cell : summary.at("cells")) {
      std::string const name = cell.at("cell");
      if (!holds(wanted, name)) continue;
      candidate_cell candidate{{.cell = name, .group = g}, &cell, {}};
      bool anybody = false;
      for (std::string const& row : rows) {
        candidate.showings.push_back(look(samples, cell, row, wanted.by));
        anybody = anybody || candidate.showings.back().why_not.empty();
      }
      if (!anybody) {
        made.unmeasured.push_back({name, candidate.showings.empty()
                                             ? "no row of the kind that is ranked"
                                             : candidate.showings.front().why_not});
        continue;
      }
      ++cells;
      found.push_back(std::move(candidate));
    }
    if (cells == 0) made.missing.push_back(g);
  }

  // The weight of a group is shared by its cells, that of missing groups by all others.
  std::map<std::size_t, std::size_t> cells_of_group;
  double total = 0.0;
  for (candidate_cell const& each : found) {
    if (++cells_of_group[each.rated.group] == 1) total += for_what.groups[each.rated.group].weight;
  }
  for (candidate_cell& each : found) {
    each.rated.weight = for_what.groups[each.rated.group].weight / total /
                        static_cast<double>(cells_of_group[each.rated.group]);
    made.cells.push_back(each.rated);
  }

  for (std::size_t r = 0; r != rows.size() && !found.empty(); ++r) {
    contestant one{.row = rows[r], .values = {}};
    std::vector<std::string> lacks;
    for (candidate_cell const& each : found) {
      showing const& shown = each.showings[r];
      if (!shown.why_not.empty()) lacks.push_back(shown.why_not);
      one.values.push_back(shown.values);
    }
    if (!is_twin(one.row) && lacks.empty() && score_of(one, weights_of_all(made)).empty()) {
      lacks.emplace_back("no block holds all of its cells");
    }
    if (lacks.empty()) {
      if (is_twin(one.row)) {
        made.twin = std::move(one);
      } else {
        made.rows.push_back(std::move(one));
      }
      continue;
    }
    if (is_twin(one.row)) continue;
    std::string why = lacks.front();
    if (lacks.size() > 1) why += fmt::format(" (and {} more cells)", lacks.size() - 1);
    made.unranked.push_back({one.row, std::move(why)});
  }
  find_original(made);
  return made;
}

void leave_out(contest& c, std::size_t row, std::string why) {
  auto const at = c.rows.begin() + static_cast<std::ptrdiff_t>(row);
  c.unranked.push_back({at->row, std::move(why)});
  c.rows.erase(at);
  find_original(c);
}

weights weights_of_all(contest const& c) {
  weights w;
  for (rated_cell const& cell : c.cells) w.push_back(cell.weight);
  return w;
}

weights weights_of_group(contest const& c, std::size_t group) {
  auto const in_group = [&](rated_cell const& cell) { return cell.group == group; };
  auto const cells = std::ranges::count_if(c.cells, in_group);
  weights w;
  for (rated_cell const& cell : c.cells) {
    w.push_back(in_group(cell) ? 1.0 / static_cast<double>(cells) : 0.0);
  }
  return w;
}

weights weight_of_cell(contest const& c, std::size_t cell) {
  weights w(c.cells.size(), 0.0);
  w[cell] = 1.0;
  return w;
}

stats::block_values score_of(contestant const& row, weights const& w) {
  std::map<std::uint64_t, std::pair<double, std::size_t>> sums;
  std::size_t weighty = 0;
  for (std::size_t i = 0; i != w.size(); ++i) {
    if (!(w[i] > 0.0)) continue;
    ++weighty;
    for (auto const& [block, value] : row.values[i]) {
      auto& [sum, cells] = sums[block];
      sum += w[i] * std::log(value);
      ++cells;
    }
  }
  stats::block_values scores;
  for (auto const& [block, sum] : sums) {
    if (sum.second == weighty) scores[block] = std::exp(sum.first);
  }
  return scores;
}

std::optional<stats::ratio> compare(contestant const& a, contestant const& b, weights const& w) {
  return stats::paired_ratio(score_of(a, w), score_of(b, w));
}

double noise_floor(contest const& c, weights const& w) {
  if (!c.twin || !c.original) return c.session_floor;
  auto const noise =
      stats::judge_noise({{"", score_of(c.rows[*c.original], w), score_of(*c.twin, w)}});
  return noise ? noise->spread : c.session_floor;
}

bool separated(contest const& c, contestant const& a, contestant const& b, weights const& w) {
  auto const r = compare(a, b, w);
  return r && r->separated(noise_floor(c, w));
}

}  // namespace regatta::choice
