#include "harness/choice/sensitivity.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>

namespace regatta::choice {
namespace {

// The part of a group in the weights of all that count.
double share_of(contest const& c, std::size_t group) {
  double share = 0.0;
  for (rated_cell const& cell : c.cells) share += cell.group == group ? cell.weight : 0.0;
  return share;
}

double log_ratio(contest const& c, std::size_t row, std::size_t leader, weights const& w) {
  auto const r = compare(c.rows[row], c.rows[leader], w);
  return r ? std::log(r->value.median) : 0.0;
}

weights all_but(contest const& c, std::size_t group) {
  weights w;
  double const rest = 1.0 - share_of(c, group);
  for (rated_cell const& cell : c.cells) {
    w.push_back(cell.group == group ? 0.0 : cell.weight / rest);
  }
  return w;
}

// The share of the group at which the row draws level with the leader, if there is one: there
// w · here + (1 - w) · elsewhere = 0. Both are logarithms of the row's score over the leader's.
std::optional<double> level_at(double here, double elsewhere) {
  if (here == elsewhere) return std::nullopt;
  double const share = elsewhere / (elsewhere - here);
  if (share <= 0.0 || share >= 1.0) return std::nullopt;
  return share;
}

std::string percent(double share) { return fmt::format("{:.0f} %", 100.0 * share); }

}  // namespace

json sensitivity(contest const& c, std::size_t leader) {
  json found = json::array();
  for (std::size_t g = 0; g != c.for_what.groups.size(); ++g) {
    double const share = share_of(c, g);
    if (share <= 0.0 || share >= 1.0) continue;
    std::optional<double> more, less;
    std::size_t more_row = 0, less_row = 0;
    for (std::size_t row = 0; row != c.rows.size(); ++row) {
      if (row == leader) continue;
      weights const own = weights_of_group(c, g);
      if (!separated(c, c.rows[row], c.rows[leader], own)) continue;
      double const here = log_ratio(c, row, leader, own);
      auto const level = level_at(here, log_ratio(c, row, leader, all_but(c, g)));
      if (!level) continue;
      if (here < 0.0 && *level > share && (!more || *level < *more)) {
        more = level;
        more_row = row;
      }
      if (here > 0.0 && *level < share && (!less || *level > *less)) {
        less = level;
        less_row = row;
      }
    }
    std::string const& name = c.for_what.groups[g].name;
    auto const tell = [&](double needed, std::size_t row, char const* word) {
      found.push_back(
          {{"group", name},
           {"weight", share},
           {"needed", needed},
           {"row", c.rows[row].row},
           {"text", fmt::format("if {} weighed {} than {} (now {}), {} would lead", name, word,
                                percent(needed), percent(share), c.rows[row].row)}});
    };
    if (more) tell(*more, more_row, "more");
    if (less) tell(*less, less_row, "less");
  }
  return found;
}

}  // namespace regatta::choice
