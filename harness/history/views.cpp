#include "harness/history/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/stats/quantities.hpp"

namespace regatta::history {
namespace {

using json = nlohmann::ordered_json;

// "0123abcd of 2026-11-28", or what is known of the run.
std::string run_text(json const& run) {
  std::string text;
  if (run.at("commit").is_string()) text = run.at("commit").get<std::string>().substr(0, 8);
  if (text.empty() && run.at("run").is_string()) text = run.at("run");
  if (run.at("date").is_string()) text += " of " + run.at("date").get<std::string>().substr(0, 10);
  return text;
}

std::string p_text(json const& p) { return fmt::format("{:.2g}", p.get<double>()); }

std::string version_text(json const& change) {
  json const& version = change.at("version");
  if (version.is_null()) return "";
  auto const one = [](json const& v) { return v.is_string() ? v.get<std::string>() : "unknown"; };
  return fmt::format("; its version went from {} to {}", one(version.at("before")),
                     one(version.at("after")));
}

// Those that count first, in the order of the document; how many do not fit.
struct shown_changes {
  std::vector<json const*> shown;
  std::size_t left_out = 0;
};

shown_changes chosen(json const& machine, std::size_t most) {
  shown_changes all;
  for (json const& change : machine.at("changes")) all.shown.push_back(&change);
  std::ranges::stable_sort(all.shown, std::greater{}, [](json const* c) {
    return c->at("counts").get<bool>() ? 2 : c->at("standing").get<bool>() ? 1 : 0;
  });
  if (all.shown.size() > most) {
    all.left_out = all.shown.size() - most;
    all.shown.resize(most);
  }
  return all;
}

std::string state_of(json const& change) {
  if (change.at("counts").get<bool>()) return "";
  return change.at("standing").get<bool>() ? "not counted: before --since" : "past";
}

std::string machine_text(json const& machine) {
  json const& runs = machine.at("runs");
  std::string text = fmt::format("{} runs from {} to {}", runs.size(), run_text(runs.front()),
                                 run_text(runs.back()));
  json const& differs = machine.at("differs");
  if (differs.empty()) return text;
  text += " on another kind of machine (";
  for (json const& key : differs)
    text += (key == differs.front() ? "" : ", ") + key.get<std::string>();
  return text + ")";
}

std::string common_text(json const& common) {
  return fmt::format(
      "With run {} {} of {} rows became {} together: look at the machine, the compiler and the "
      "harness before you look at a runtime.",
      run_text(common.at("run")), common.at("rows").get<std::size_t>(),
      common.at("of_rows").get<std::size_t>(), common.at("verdict").get<std::string>());
}

std::string change_text(json const& change) {
  std::string const unit = change.at("unit");
  std::string const state = state_of(change);
  return fmt::format("{} {}: {} since run {}: {:.2f} × ({} → {}), p = {}, seen in {} runs{}{}",
                     change.at("row").get<std::string>(), change.at("cell").get<std::string>(),
                     change.at("verdict").get<std::string>(), run_text(change.at("run")),
                     change.at("ratio").get<double>(),
                     stats::amount_text(change.at("before"), unit),
                     stats::amount_text(change.at("after"), unit), p_text(change.at("adjusted_p")),
                     change.at("runs_since").get<std::size_t>(), version_text(change),
                     state.empty() ? "" : " (" + state + ")");
}

std::string headline(json const& document) {
  std::string const verdict = document.at("verdict");
  if (verdict == "could_not_measure") return "Could not measure";
  if (verdict == "worse") return "Worse";
  return verdict == "better" ? "Better" : "Unchanged";
}

}  // namespace

std::string terminal_text(json const& document, std::size_t most) {
  std::string text;
  for (json const& machine : document.at("machines")) {
    text += machine_text(machine) + "\n";
    auto const changes = chosen(machine, most);
    for (json const* change : changes.shown) text += "  " + change_text(*change) + "\n";
    if (changes.left_out > 0) {
      text += fmt::format("  … and {} more: --json has them all\n", changes.left_out);
    }
    for (json const& common : machine.at("common")) {
      text += stats::wrapped("  " + common_text(common), 100);
    }
    if (machine.at("changes").empty()) text += "  no change\n";
    text += "\n";
  }
  return text +
         stats::wrapped(headline(document) + ". " + document.at("why").get<std::string>(), 100) +
         stats::wrapped(document.at("method"), 100);
}

std::string markdown_text(json const& document, std::size_t most) {
  std::string text = fmt::format("### Performance history: {}\n\n{}\n", headline(document),
                                 document.at("why").get<std::string>());
  for (json const& machine : document.at("machines")) {
    text += fmt::format("\n{}\n", machine_text(machine));
    auto const changes = chosen(machine, most);
    if (!changes.shown.empty()) {
      text +=
          "\n| row | cell | | since run | ratio | before → after | p | runs since |\n"
          "|---|---|---|---|---:|---|---:|---:|\n";
    }
    for (json const* change : changes.shown) {
      std::string const unit = change->at("unit");
      std::string const state = state_of(*change);
      text += fmt::format(
          "| {} | {} | {}{} | {} | {:.2f} | {} → {} | {} | {} |\n",
          change->at("row").get<std::string>(), change->at("cell").get<std::string>(),
          change->at("verdict").get<std::string>(), state.empty() ? "" : ", " + state,
          run_text(change->at("run")), change->at("ratio").get<double>(),
          stats::amount_text(change->at("before"), unit),
          stats::amount_text(change->at("after"), unit), p_text(change->at("adjusted_p")),
          change->at("runs_since").get<std::size_t>());
    }
    if (changes.left_out > 0) text += fmt::format("\n… and {} more.\n", changes.left_out);
    for (json const& common : machine.at("common")) text += "\n" + common_text(common) + "\n";
  }
  return text + "\n" + document.at("method").get<std::string>() + "\n";
}

}  // namespace regatta::history
