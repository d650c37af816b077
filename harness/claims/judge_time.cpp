// Claims about timers, waiting and blocking.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "harness/claims/judge.hpp"

namespace regatta::claims {
namespace {

using stats::quantity;

// Who keeps timers how: by what its authors say. Only wheels claim to be flat.
std::vector<std::string> const with_a_wheel{"work_stealing", "single_threaded", "lightweight",
                                            "io_uring", "tokio"};

bool has_a_wheel(std::string const& row) {
  return std::ranges::find(with_a_wheel, row.substr(0, row.find_first_of("/@"))) !=
         with_a_wheel.end();
}

double timers_of(json const& cell) { return cell.at("params").at("timers").get<double>(); }

// The cells of a phase, those with the fewest timers first.
std::vector<json const*> cells_of(evidence const& run, char const* phase) {
  auto cells = run.cells("timers", {{"phase", phase}});
  std::ranges::sort(cells, {}, [](json const* cell) { return timers_of(*cell); });
  return cells;
}

// How the cost of a timer grows from the fewest to the most that this row was measured with. Flat:
// by less than the comparisons in a binary heap would, which is by the ratio of the logarithms.
std::optional<finding> growth_of(evidence const& run, std::vector<json const*> const& cells,
                                 char const* phase, std::string const& row) {
  json const* fewest = nullptr;
  json const* most = nullptr;
  for (json const* const cell : cells) {
    if (run.values(*cell, row, quantity::time).empty()) continue;
    if (fewest == nullptr) fewest = cell;
    most = cell;
  }
  if (fewest == nullptr || timers_of(*fewest) >= timers_of(*most)) return std::nullopt;
  finding one;
  one.values =
      ratio_of(run.values(*most, row, quantity::time), run.values(*fewest, row, quantity::time));
  if (one.values.empty()) return std::nullopt;
  one.label = fmt::format("{}: {} one of {:.0f} timers / one of {:.0f}", row, phase,
                          timers_of(*most), timers_of(*fewest));
  one.row = row;
  one.cells = {name_of(*fewest), name_of(*most)};
  one.unit = "x";
  one.claimed = less_than(std::log(timers_of(*most)) / std::log(timers_of(*fewest)));
  return one;
}

std::vector<finding> growths(evidence const& run) {
  std::vector<finding> found;
  for (char const* const phase : {"create", "cancel"}) {
    auto const cells = cells_of(run, phase);
    std::set<std::string> rows;
    for (json const* const cell : cells) {
      for (std::string const& row : run.rows(*cell)) rows.insert(row);
    }
    for (std::string const& row : rows) {
      if (auto one = growth_of(run, cells, phase, row)) found.push_back(std::move(*one));
    }
  }
  return found;
}

// A mean of growths over unequal ranges has the mean of their borders.
double mean_border(std::vector<finding> const& growths) {
  double sum = 0.0;
  for (finding const& each : growths) sum += std::log(each.claimed.high);
  return growths.empty() ? 1.0 : std::exp(sum / static_cast<double>(growths.size()));
}

// "1000 to 10000000 (tokio/multi_thread), 1000 to 100000 (libuv)"
std::string ranges_text(std::vector<finding> const& growths) {
  std::map<std::string, std::set<std::string>> rows_of;
  for (finding const& each : growths) {
    auto const number = [](std::string const& cell) {
      return cell.substr(cell.rfind("timers=") + std::string_view("timers=").size());
    };
    rows_of[number(each.cells.front()) + " to " + number(each.cells.back())].insert(each.row);
  }
  std::string text;
  for (auto const& [range, rows] : rows_of) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", range, fmt::join(rows, ", "));
  }
  return text;
}

judgement timer_wheel(evidence const& run) {
  std::vector<finding> wheels, heaps;
  for (finding& each : growths(run)) {
    (has_a_wheel(each.row) ? wheels : heaps).push_back(std::move(each));
  }
  double const border = mean_border(wheels);
  std::string const ranges = ranges_text(wheels);
  for (finding& each : heaps) each.claimed = {};
  std::string against;
  if (auto const mean = mean_of("heaps", heaps, {}); !mean.values.empty()) {
    against = fmt::format("; without a wheel it costs {}", figure_text(mean));
  }
  auto judged = judge_by_mean(
      "growth of a timer's cost", std::move(wheels), less_than(border),
      [&](std::string const& figure) {
        return fmt::format(
            "With a wheel, creating or cancelling one of the most timers costs {} what "
            "it costs with the fewest (flat: less than the {:.2f} of a heap's "
            "comparisons){}. Timers from {}.",
            figure, border, against, ranges);
      },
      "the run does not hold timers phase=create and phase=cancel for two numbers of timers, on a "
      "row that keeps its timers in a wheel");
  for (finding& each : heaps) judged.details.push_back(std::move(each));
  return judged;
}

double sum_of_delays_ns(json const& params) {
  double sum = 0.0;
  for (int i = 0; i < params.at("width").get<int>(); ++i) {
    sum += (params.at("delays") == "unequal" ? i % 3 + 1 : 1) * params.at("delay_us").get<double>();
  }
  return 1e3 * sum;
}

double longest_delay_ns(json const& params) {
  int const width = params.at("width").get<int>();
  double const times = params.at("delays") == "unequal" ? std::min(width, 3) : 1;
  return 1e3 * times * params.at("delay_us").get<double>();
}

// Nearer to the one than to the other, as ratios go: the border is their geometric mean.
judgement sum_or_longest(evidence const& run) {
  std::vector<finding> details;
  for (char const* const style : {"sequential", "join"}) {
    for (json const* const cell : run.cells("join", {{"style", style}})) {
      json const& params = cell->at("params");
      if (params.at("delay_us") == 0 || params.at("width").get<int>() < 2) continue;
      double const width = params.at("width").get<double>();
      double const border = std::sqrt(sum_of_delays_ns(params) * longest_delay_ns(params));
      bool const is_sum = std::string_view(style) == "sequential";
      for (std::string const& row : run.rows(*cell)) {
        finding one;
        one.label = fmt::format("{}: {} (sum {:.0f} ms, longest {:.0f} ms)", row, style,
                                sum_of_delays_ns(params) / 1e6, longest_delay_ns(params) / 1e6);
        one.row = row;
        one.cells = {name_of(*cell)};
        one.values = run.values(*cell, row, quantity::time);
        for (auto& [block, value] : one.values) value *= width;  // of the whole page
        one.unit = "ns";
        one.claimed = is_sum ? more_than(border) : less_than(border);
        details.push_back(std::move(one));
      }
    }
  }
  return judge_by_each(
      std::move(details),
      [](finding const& decisive, std::string const& figure) {
        bool const is_sum = decisive.claimed.low > 0.0;
        return fmt::format(
            "{} took {}; awaiting one after another is to be nearer to the sum of the "
            "delays, joining nearer to the longest, and the figure is the one that "
            "comes closest to the border ({} {:.1f} ms).",
            decisive.label, figure, is_sum ? "above" : "below",
            (is_sum ? decisive.claimed.low : decisive.claimed.high) / 1e6);
      },
      "the run holds no cell of join with a delay");
}

// No speed-up worth a word: less than 5 %.
judgement join_of_computing(evidence const& run) {
  constexpr double worth_a_word = 1.05;
  std::vector<finding> joined, spawned;
  for (json const* const cell : run.cells("join_cpu", {{"style", "sequential"}})) {
    for (auto const& [style, list] : {std::pair("join", &joined), std::pair("spawn", &spawned)}) {
      json const* const other = run.sibling(*cell, {{"style", style}});
      if (other == nullptr) continue;
      for (finding& each : compare_cells(run, *other, *cell, fmt::format("sequential / {}", style),
                                         quantity::time, less_than(worth_a_word))) {
        list->push_back(std::move(each));
      }
    }
  }
  std::string spawning;
  std::vector<finding> parallel;
  for (finding& each : spawned) {
    each.claimed = {};
    parallel.push_back(std::move(each));
  }
  if (auto const mean = mean_of("spawn", parallel, {}); !mean.values.empty()) {
    spawning = fmt::format("; spawning them, {}, over all rows of one thread and of more",
                           figure_text(mean));
  }
  auto judged = judge_by_mean(
      "sequential / join", std::move(joined), less_than(worth_a_word),
      [&](std::string const& figure) {
        return fmt::format(
            "Computing one after another takes {} as long as joined (no speed-up: "
            "less than 1.05){}.",
            figure, spawning);
      },
      "the run does not hold join_cpu in the styles sequential and join");
  for (finding& each : parallel) judged.details.push_back(std::move(each));
  return judged;
}

// Stalls: the ticker's p99 is later inline than with the pool, beyond noise. Cures: with the pool
// it is less late than one blocking call is long.
judgement blocking_calls(evidence const& run) {
  constexpr double one_call_ns = 20e6;
  std::vector<finding> details;
  for (json const* const cell : run.cells("blocking", {{"how", "run_blocking"}})) {
    json const* const in_place = run.sibling(*cell, {{"how", "inline"}});
    if (in_place == nullptr) continue;
    double const noise = std::max(run.noise(*cell), run.noise(*in_place));
    for (finding& each : compare_cells(run, *cell, *in_place, "p99 of the ticker, inline / pool",
                                       quantity::p99, more_than(1.0, noise))) {
      finding cured;
      cured.label = each.row + ": p99 of the ticker with the pool";
      cured.row = each.row;
      cured.cells = {name_of(*cell)};
      cured.values = run.values(*cell, each.row, quantity::p99);
      cured.unit = "ns";
      cured.claimed = less_than(one_call_ns);
      details.push_back(std::move(each));
      details.push_back(std::move(cured));
    }
  }
  return judge_by_each(
      std::move(details),
      [](finding const& decisive, std::string const& figure) {
        return fmt::format(
            "{}: {}. Inline the ticker is to be later than with the pool, and with "
            "the pool less late than one call is long (20 ms); the figure is the one "
            "that comes closest to that border.",
            decisive.label, figure);
      },
      "the run does not hold blocking with how=inline and how=run_blocking");
}

// Ten million take seconds and gigabytes: only the rows that the claim is about, and one heap.
std::vector<need> needs_of_timers() {
  std::vector<std::string> with_very_many = with_a_wheel;
  with_very_many.emplace_back("asio");
  std::vector<need> needs;
  for (char const* const phase : {"create", "cancel"}) {
    for (int const timers : {1'000, 100'000}) {
      needs.push_back({"timers", {{"phase", phase}, {"timers", timers}}});
    }
    needs.push_back({"timers", {{"phase", phase}, {"timers", 10'000'000}}, with_very_many});
  }
  return needs;
}

std::vector<need> needs_of_styles(char const* scenario, json const& params,
                                  std::vector<char const*> const& styles) {
  std::vector<need> needs;
  for (char const* const style : styles) {
    json with = params;
    with["style"] = style;
    needs.push_back({scenario, with});
  }
  return needs;
}

}  // namespace

std::vector<rule> rules_of_time() {
  json const page{{"width", 3}, {"delay_us", 1'000}, {"delays", "unequal"}};
  return {
      {5, timer_wheel, needs_of_timers()},
      {6, sum_or_longest, needs_of_styles("join", page, {"sequential", "join"})},
      {7, join_of_computing,
       needs_of_styles("join_cpu", {{"width", 100}}, {"sequential", "join", "spawn"})},
      {21,
       blocking_calls,
       {{"blocking", {{"how", "inline"}}}, {"blocking", {{"how", "run_blocking"}}}}},
  };
}

}  // namespace regatta::claims
