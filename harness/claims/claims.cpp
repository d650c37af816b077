#include "harness/claims/claims.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>

#include "harness/claims/built_in.hpp"
#include "harness/stats/quantities.hpp"

namespace regatta::claims {
namespace {

std::string amount_in(double value, std::string const& unit) {
  if (unit == "ns") return stats::duration_text(value);
  if (unit == "B") return stats::bytes_text(value);
  return stats::number_text(value);
}

// How far the interval's nearer end lies beyond the border, as a logarithm: above 0 outside the
// region, below 0 within it.
double excess(finding const& f) {
  if (f.certain) return *f.certain == verdict::refuted ? 1e9 : -1e9;
  auto const e = f.estimate();
  double worst = -1e9;
  if (f.claimed.low > 0.0) worst = std::max(worst, std::log(f.claimed.low / e.median));
  if (std::isfinite(f.claimed.high)) worst = std::max(worst, std::log(e.median / f.claimed.high));
  return worst;
}

// What the figures say one by one, which may be less than they say together.
std::string tally_text(std::vector<verdict> const& verdicts) {
  if (verdicts.size() < 2) return "";
  struct phrase {
    verdict of;
    char const* one;
    char const* several;
  };
  static constexpr phrase phrases[] = {
      {verdict::holds, "holds", "hold"},
      {verdict::refuted, "refutes it", "refute it"},
      {verdict::not_separated, "is not separated", "are not separated"}};
  std::vector<std::string> parts;
  for (phrase const& each : phrases) {
    auto const n = static_cast<std::size_t>(std::ranges::count(verdicts, each.of));
    if (n == verdicts.size() && each.of == verdict::not_separated) {
      return fmt::format(" One by one, none of the {} figures is separated.", n);
    }
    if (n == verdicts.size()) {
      return fmt::format(" One by one, each of the {} figures {}.", n, each.one);
    }
    if (n > 0) parts.push_back(fmt::format("{} {}", n, n == 1 ? each.one : each.several));
  }
  return fmt::format(" One by one, of {} figures {}.", verdicts.size(), fmt::join(parts, ", "));
}

void drop_unmeasured(std::vector<finding>& details) {
  std::erase_if(details, [](finding const& f) { return !f.certain && f.values.empty(); });
}

rule const* rule_of(int number) {
  for (rule const& each : rules()) {
    if (each.number == number) return &each;
  }
  return nullptr;
}

void collect(json& list, std::vector<std::string> const& names) {
  for (std::string const& name : names) {
    if (!name.empty() && std::find(list.begin(), list.end(), name) == list.end()) {
      list.push_back(name);
    }
  }
}

json document_of(wording const& words, judgement const& judged) {
  json details = json::array(), cells = json::array(), rows = json::array();
  auto const verdicts = corrected(judged.details);
  for (std::size_t i = 0; i != judged.details.size(); ++i) {
    finding const& each = judged.details[i];
    // A figure that the claim says nothing about stands beside the others without a verdict.
    details.push_back(json_of(each, each.is_judged() ? std::optional(verdicts[i]) : std::nullopt));
    collect(cells, each.cells);
    collect(rows, {each.row});
  }
  bool const measured = judged.what != verdict::not_measured;
  return {
      {"number", words.number},
      {"claim", words.claim},
      {"tested_by", words.tested_by},
      {"verdict", to_string(judged.what)},
      {"figure", judged.figure ? json_of(*judged.figure, std::nullopt) : json()},
      {"explanation", judged.explanation},
      {"details", details},
      {"cells", cells},
      {"rows", rows},
      {"how_to_measure",
       measured ? json() : json(fmt::format("regatta claims --measure --only {}", words.number))}};
}

}  // namespace

std::vector<rule> const& rules() {
  static std::vector<rule> const all = [] {
    std::vector<rule> list;
    for (auto const& some : {rules_of_scheduling(), rules_of_time(), rules_of_memory(),
                             rules_of_io(), rules_of_proxies()}) {
      list.insert(list.end(), some.begin(), some.end());
    }
    std::ranges::sort(list, {}, &rule::number);
    return list;
  }();
  return all;
}

std::vector<wording> const& wordings() {
  static std::vector<wording> const all = [] {
    std::vector<wording> list;
    json const data = json::parse(claims_json());
    for (json const& claim : data.at("claims")) {
      list.push_back({claim.at("number"), claim.at("claim"), claim.at("tested_by")});
    }
    return list;
  }();
  return all;
}

judgement not_measured(std::string why) {
  judgement j;
  why.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(why.front())));
  j.explanation = std::move(why) + ".";
  return j;
}

region slower_than_other(evidence const& run, json const& cell) {
  return more_than(1.0, run.noise(cell));
}

std::string figure_text(finding const& f) {
  auto const e = f.estimate();
  std::string text = amount_in(e.median, f.unit);
  if (!f.certain) {
    text += fmt::format(" [{}, {}]", amount_in(e.low, f.unit), amount_in(e.high, f.unit));
  }
  if (f.unit == "x") return text + " times";
  if (f.unit == "ns" || f.unit == "B") return text;
  return text + " " + f.unit;
}

judgement judge_by_mean(std::string label, std::vector<finding> details, region claimed,
                        std::function<std::string(std::string const& figure)> const& sentence,
                        std::string otherwise) {
  drop_unmeasured(details);
  if (details.empty()) return not_measured(std::move(otherwise));
  judgement j;
  j.figure = mean_of(std::move(label), details, claimed);
  j.what = j.figure->alone();
  j.explanation = sentence(figure_text(*j.figure)) + tally_text(corrected(details));
  j.details = std::move(details);
  return j;
}

judgement judge_by_each(
    std::vector<finding> details,
    std::function<std::string(finding const& decisive, std::string const& figure)> const& sentence,
    std::string otherwise) {
  drop_unmeasured(details);
  if (details.empty()) return not_measured(std::move(otherwise));
  auto const verdicts = corrected(details);
  judgement j;
  j.what = verdict::holds;
  for (verdict const wanted : {verdict::not_separated, verdict::refuted}) {
    if (std::ranges::find(verdicts, wanted) != verdicts.end()) j.what = wanted;
  }
  // Among those that decide: the one that lies farthest outside, or least far inside.
  std::size_t decisive = details.size();
  for (std::size_t i = 0; i != details.size(); ++i) {
    if (verdicts[i] != j.what) continue;
    if (decisive == details.size() || excess(details[i]) > excess(details[decisive])) decisive = i;
  }
  j.figure = details[decisive];
  j.explanation = sentence(*j.figure, figure_text(*j.figure)) + tally_text(verdicts);
  j.details = std::move(details);
  return j;
}

json claims_document(stats::measurements const& samples, json const& summary, json const& laws,
                     std::vector<int> const& only) {
  evidence const run(samples, summary, laws);
  json list = json::array();
  for (wording const& words : wordings()) {
    if (!only.empty() && std::ranges::find(only, words.number) == only.end()) continue;
    rule const* const how = rule_of(words.number);
    list.push_back(document_of(
        words, how == nullptr ? not_measured("nobody knows how to test it") : how->judge(run)));
  }
  json const& machine = summary.at("machine");
  json kept{{"label", summary.at("label")}};
  if (machine.is_object()) {
    for (char const* const key : {"cpu", "kernel", "hypervisor"}) {
      if (machine.contains(key)) kept[key] = machine.at(key);
    }
  }
  return {{"schema", 1},
          {"what", "claims"},
          {"run", summary.at("run")},
          {"blocks", summary.at("blocks")},
          {"claims", list},
          {"machine", kept}};
}

}  // namespace regatta::claims
