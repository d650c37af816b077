// Claims about memory, size and start-up.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "harness/claims/judge.hpp"
#include "harness/stats/line_fit.hpp"
#include "harness/stats/quantities.hpp"

namespace regatta::claims {
namespace {

using stats::quantity;

// Bytes that one more task adds, of each block: the slope over the numbers of tasks.
stats::block_values slopes_of(evidence const& run, std::vector<json const*> const& cells,
                              std::string const& row) {
  std::map<std::uint64_t, std::vector<stats::point>> points;
  for (json const* const cell : cells) {
    double const tasks = cell->at("params").at("tasks").get<double>();
    for (auto const& [block, bytes] : run.counter(*cell, row, "bytes")) {
      points[block].push_back({tasks, bytes});
    }
  }
  // A block whose line does not rise counts as well, or only the others would be heard. Less than
  // a byte is far below what is claimed, however much less it is; and 0 has no logarithm.
  constexpr double least_slope = 1.0;
  stats::block_values slopes;
  for (auto const& [block, of_block] : points) {
    auto const fit = stats::fit_line(of_block).value;
    if (fit) slopes[block] = std::max(fit->slope, least_slope);
  }
  return slopes;
}

// About: within a quarter.
judgement bytes_a_task(evidence const& run) {
  constexpr region about_256{.low = 192.0, .high = 320.0};
  std::vector<finding> details;
  for (char const* const kind : {"sleep", "receive"}) {
    auto const cells = run.cells("memory", {{"kind", kind}});
    if (cells.empty()) continue;
    for (std::string const& row : run.rows(*cells.front())) {
      finding one;
      one.values = slopes_of(run, cells, row);
      if (one.values.empty()) continue;
      one.label = fmt::format("{}: a task that waits to {}", row,
                              std::string_view(kind) == "sleep" ? "wake" : "receive");
      one.row = row;
      for (json const* const cell : cells) one.cells.push_back(name_of(*cell));
      one.unit = "B";
      one.claimed = about_256;
      details.push_back(std::move(one));
    }
  }
  std::string usual;
  if (auto const mean = mean_of("", details, {}); !mean.values.empty()) {
    usual = fmt::format(" The geometric mean of all is {}.", figure_text(mean));
  }
  return judge_by_each(
      std::move(details),
      [&](finding const& decisive, std::string const& figure) {
        return fmt::format("{}: {} (about: 192 to 320 B).{}", decisive.label, figure, usual);
      },
      "the run does not hold memory kind=sleep or kind=receive for three numbers of tasks");
}

// The cells of a policy with the fewest and the most messages.
struct span_of_messages {
  json const* fewest = nullptr;
  json const* most = nullptr;
  double factor = 1.0;
};

double messages_of(json const& cell) { return cell.at("params").at("messages").get<double>(); }

span_of_messages span_of(evidence const& run, char const* policy) {
  span_of_messages span;
  for (json const* const cell : run.cells("channel_backpressure", {{"policy", policy}})) {
    for (json const* const other : run.cells("channel_backpressure", {{"policy", policy}})) {
      double const factor = messages_of(*other) / messages_of(*cell);
      if (run.sibling(*cell, {{"messages", other->at("params").at("messages")}}) != other) continue;
      if (factor > span.factor) span = {cell, other, factor};
    }
  }
  return span;
}

// How the most that waited grows with the messages: with them, or not at all. The border between
// the two is their geometric mean.
std::vector<finding> growth_of(evidence const& run, char const* policy, bool grows) {
  std::vector<finding> found;
  auto const span = span_of(run, policy);
  if (span.fewest == nullptr) return found;
  double const border = std::sqrt(span.factor);
  for (std::string const& row : run.rows(*span.fewest)) {
    finding one;
    one.values = ratio_of(run.counter(*span.most, row, "most_waiting"),
                          run.counter(*span.fewest, row, "most_waiting"));
    if (one.values.empty()) continue;
    one.label = fmt::format("{}: most that waited, {:.0f} messages / {:.0f}, policy={}", row,
                            messages_of(*span.most), messages_of(*span.fewest), policy);
    one.row = row;
    one.cells = {name_of(*span.fewest), name_of(*span.most)};
    one.unit = "x";
    one.claimed = grows ? more_than(border) : less_than(border);
    found.push_back(std::move(one));
  }
  return found;
}

judgement unbounded_channel(evidence const& run) {
  auto details = growth_of(run, "unbounded", true);
  auto bounded = growth_of(run, "wait", false);
  if (details.empty() || bounded.empty()) details.clear();
  if (!details.empty()) details.insert(details.end(), bounded.begin(), bounded.end());
  return judge_by_each(
      std::move(details),
      [](finding const& decisive, std::string const& figure) {
        return fmt::format(
            "{}: {} with ten times the messages or so; unbounded it is to grow with "
            "them, bounded not. The figure is the one that comes closest to the "
            "border.",
            decisive.label, figure);
      },
      "the run does not hold channel_backpressure with policy=unbounded and policy=wait for two "
      "numbers of messages");
}

judgement spilling(evidence const& run) {
  auto details = growth_of(run, "spill", false);
  double const border = details.empty() ? 1.0 : details.front().claimed.high;
  return judge_by_mean(
      "most that waited, many messages / few, policy=spill", std::move(details), less_than(border),
      [&](std::string const& figure) {
        return fmt::format(
            "Spilling into tasks that wait to send, what waits at most grows {} with "
            "the messages (bounded: less than {:.1f} times): a task for each is an "
            "unbounded channel by another name if that is more.",
            figure, border);
      },
      "the run does not hold channel_backpressure with policy=spill for two numbers of messages");
}

judgement sharing(evidence const& run) {
  std::vector<finding> by_size;
  for (json const* const copied : run.cells("bytes", {{"by", "copy"}})) {
    json const* const shared = run.sibling(*copied, {{"by", "share"}});
    if (shared == nullptr) continue;
    double const noise = std::max(run.noise(*copied), run.noise(*shared));
    auto const of_rows =
        compare_cells(run, *copied, *shared, "share / copy", quantity::time, less_than(1.0, noise));
    if (of_rows.empty()) continue;
    json const& params = copied->at("params");
    by_size.push_back(mean_of(
        fmt::format("share / copy of {} to {} receiver{}",
                    stats::bytes_text(params.at("size").get<double>()),
                    params.at("receivers").get<int>(), params.at("receivers") == 1 ? "" : "s"),
        of_rows, less_than(1.0, noise)));
  }
  std::string crossover = "at no size that was measured";
  for (finding const& each : by_size) {
    if (each.alone() != verdict::holds) continue;
    crossover = "from " + each.label.substr(std::string_view("share / copy of ").size()) + " on";
    break;
  }
  return judge_by_each(
      std::move(by_size),
      [&](finding const& decisive, std::string const& figure) {
        return fmt::format(
            "{}: {} (geometric mean over the rows; free: less than 1 at every size). "
            "Sharing begins to pay {}.",
            decisive.label, figure, crossover);
      },
      "the run does not hold bytes by=copy and by=share for the same size");
}

// With the buffer, or without it? The border between the two is their geometric mean.
void look_at_frame(evidence const& run, json const& empty, json const& holding,
                   std::vector<finding>& details) {
  json const& params = holding.at("params");
  double const held = params.at("held").get<double>();
  bool const closed = params.at("scope") == "closed";
  for (std::string const& row : run.rows(holding)) {
    finding none;
    none.values = run.values(empty, row);
    finding one;
    one.values = run.values(holding, row);
    if (none.values.empty() || one.values.empty()) continue;
    double const without = none.estimate().median;
    double const border = std::sqrt(without * (without + held));
    one.label =
        fmt::format("{}: a task {} {} in its frame", row,
                    closed ? "after the scope of" : "that waits with", stats::bytes_text(held));
    one.row = row;
    one.cells = {name_of(empty), name_of(holding)};
    one.unit = "B";
    one.claimed = closed ? less_than(border) : more_than(border);
    details.push_back(std::move(one));
  }
}

judgement frames(evidence const& run) {
  std::vector<finding> kept, closed;
  json const of_frame{{"where", "frame"}};
  for (json const* const empty : run.cells("frame_size", {{"where", "frame"}, {"held", 0}})) {
    for (json const* const holding : run.cells("frame_size", of_frame)) {
      if (holding->at("params").at("held") == 0) continue;
      look_at_frame(run, *empty, *holding,
                    holding->at("params").at("scope") == "closed" ? closed : kept);
    }
  }
  if (kept.empty() || closed.empty()) kept.clear();
  if (!kept.empty()) kept.insert(kept.end(), closed.begin(), closed.end());
  return judge_by_each(
      std::move(kept),
      [](finding const& decisive, std::string const& figure) {
        return fmt::format(
            "{}: {}. A buffer kept across a wait is to be in the task, and one whose "
            "scope was closed before is not; the latter is up to the compiler.",
            decisive.label, figure);
      },
      "the run does not hold frame_size where=frame with held=0, with a buffer in an open scope, "
      "and "
      "with one in a closed scope");
}

judgement light_and_full(evidence const& run) {
  static std::vector<pair_of_rows> const full_and_light{
      {"work_stealing", "lightweight"}, {"tokio/multi_thread", "smol/multi_thread"}};
  auto cells = run.cells("startup");
  auto const sizes = run.cells("binary_size", {{"program", "task"}});
  cells.insert(cells.end(), sizes.begin(), sizes.end());
  return judge_by_each(
      compare_rows(run, cells, full_and_light, quantity::cost,
                   [&](json const& cell) { return less_than(1.0, run.noise(cell)); }),
      [](finding const& decisive, std::string const& figure) {
        return fmt::format("{}: {} (claimed: less than 1).", decisive.label, figure);
      },
      "the run does not hold startup or binary_size for a lightweight runtime and a full one "
      "(lightweight and work_stealing, or smol and tokio)");
}

std::vector<need> needs_of_policies(std::vector<char const*> const& policies) {
  std::vector<need> needs;
  for (char const* const policy : policies) {
    for (int const messages : {1'000, 10'000}) {
      needs.push_back({"channel_backpressure", {{"policy", policy}, {"messages", messages}}});
    }
  }
  return needs;
}

std::vector<need> needs_of_memory() {
  std::vector<need> needs;
  for (char const* const kind : {"sleep", "receive"}) {
    for (int const tasks : {0, 1'000, 10'000, 100'000}) {
      needs.push_back({"memory", {{"kind", kind}, {"tasks", tasks}}});
    }
  }
  return needs;
}

std::vector<need> needs_of_bytes() {
  std::vector<need> needs;
  for (int const size : {64, 1'024, 4'096, 65'536}) {
    for (char const* const by : {"copy", "share"}) {
      needs.push_back({"bytes", {{"receivers", 8}, {"size", size}, {"by", by}}});
    }
  }
  return needs;
}

std::vector<need> needs_of_frames() {
  return {{"frame_size", {{"held", 0}, {"where", "frame"}}},
          {"frame_size", {{"held", 65'536}, {"where", "frame"}, {"scope", "open"}}},
          {"frame_size", {{"held", 65'536}, {"where", "frame"}, {"scope", "closed"}}}};
}

}  // namespace

std::vector<rule> rules_of_memory() {
  std::vector<std::string> const light{"lightweight", "work_stealing", "smol/multi_thread",
                                       "tokio/multi_thread"};
  return {
      {9, bytes_a_task, needs_of_memory()},
      {10, unbounded_channel, needs_of_policies({"wait", "unbounded"})},
      {11, spilling, needs_of_policies({"spill"})},
      {12, sharing, needs_of_bytes()},
      {13, frames, needs_of_frames()},
      {20,
       light_and_full,
       {{"startup", {{"of", "process"}}, light},
        {"startup", {{"of", "runtime"}}, light},
        {"binary_size", {{"program", "task"}}, light}}},
  };
}

}  // namespace regatta::claims
