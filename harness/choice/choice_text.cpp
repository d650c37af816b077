// The choice for a terminal.
#include <fmt/format.h>

#include <algorithm>

#include "harness/choice/choice.hpp"
#include "harness/stats/quantities.hpp"

namespace regatta::choice {
namespace {

constexpr std::size_t indent = 2;

std::string item(std::string const& text, std::size_t columns) {
  std::string const body = stats::wrapped(text, columns - indent - 2);
  std::string lines;
  std::size_t begin = 0;
  while (begin < body.size()) {
    std::size_t const end = body.find('\n', begin);
    std::size_t const length = end == std::string::npos ? body.size() - begin : end - begin;
    lines += fmt::format("{}{}\n", begin == 0 ? "  - " : "    ", body.substr(begin, length));
    begin += length + 1;
  }
  return lines;
}

std::string heading(char const* text) { return fmt::format("\n{}\n", text); }

std::string list_text(char const* title, json const& sentences, std::size_t columns) {
  if (sentences.empty()) return "";
  std::string text = heading(title);
  for (json const& sentence : sentences) text += item(sentence.get<std::string>(), columns);
  return text;
}

std::string weights_text(json const& choice, std::size_t columns) {
  std::string text = heading("What counts");
  for (json const& weight : choice.at("weights")) {
    std::string const share =
        weight.at("missing").get<bool>()
            ? "missing"
            : fmt::format("{:.0f} %", 100.0 * weight.at("counted_weight").get<double>());
    std::size_t const cells = weight.at("cells").size();
    text +=
        item(fmt::format("{} ({}, {} by {}): {}", weight.at("group").get<std::string>(), share,
                         cells == 1 ? "1 cell" : fmt::format("{} cells", cells),
                         weight.at("by").get<std::string>(), weight.at("why").get<std::string>()),
             columns);
  }
  return text;
}

std::size_t widest_row(json const& ranking) {
  std::size_t widest = 3;
  for (json const& place : ranking) {
    for (json const& row : place.at("rows")) {
      widest = std::max(widest, row.at("row").get_ref<std::string const&>().size());
    }
  }
  return widest;
}

std::string ranking_text(json const& choice, std::size_t columns) {
  json const& ranking = choice.at("ranking");
  if (ranking.empty()) return "\nThis run cannot rank anybody: see below.\n";
  std::string text = fmt::format(
      "\nRanking over {} common cells: weighted geometric means, relative to the first\n",
      choice.at("common_cells").get<std::size_t>());
  std::size_t const widest = widest_row(ranking);
  for (json const& place : ranking) {
    for (json const& row : place.at("rows")) {
      json const& score = row.at("score");
      bool const first = &place == &ranking.front() && &row == &place.at("rows").front();
      bool const tie = place.at("rows").size() > 1;
      text +=
          fmt::format("  {:>3}  {}  {}{}\n", place.at("rank").get<unsigned>(),
                      stats::left(row.at("row").get<std::string>(), widest),
                      first ? std::string("1") : stats::ratio_text(score), tie ? "  (tie)" : "");
    }
  }
  std::string reasons;
  for (json const& place : ranking) {
    for (json const& row : place.at("rows")) {
      for (json const& reason : row.at("reasons")) {
        reasons += item(reason.get<std::string>(), columns);
      }
    }
  }
  if (reasons.empty()) reasons = item("no cell separates anybody from the first", columns);
  return text + heading("Why") + reasons;
}

std::string dominated_text(json const& choice, std::size_t columns) {
  json sentences = json::array();
  for (json const& row : choice.at("dominated")) {
    sentences.push_back(fmt::format("{}: {}", row.at("row").get<std::string>(),
                                    row.at("because").get<std::string>()));
  }
  return list_text("Dominated (whatever the weights)", sentences, columns);
}

std::string known(json const& value) {
  if (value.is_null()) return "–";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string amount(json const& value, char const* unit) {
  return value.is_null() ? "–" : stats::amount_text(value.get<double>(), unit);
}

std::string properties_text(json const& properties) {
  std::vector<std::vector<std::string>> lines{
      {"row", "scheduling", "I/O", "language", "threads", "size", "start-up", "a task"}};
  for (json const& row : properties) {
    if (!row.at("skipped").is_null()) continue;
    lines.push_back({known(row.at("row")), known(row.at("scheduling")), known(row.at("io")),
                     known(row.at("language")), known(row.at("threads")),
                     amount(row.at("binary_bytes"), "B"), amount(row.at("startup_ns"), "ns"),
                     amount(row.at("task_bytes"), "B")});
  }
  if (lines.size() == 1) return "";
  std::vector<std::size_t> widths(lines.front().size(), 0);
  for (auto const& line : lines) {
    for (std::size_t i = 0; i != line.size(); ++i) {
      widths[i] = std::max(widths[i], stats::columns_of(line[i]));
    }
  }
  std::string text = heading("What each is (measured where there is a unit)");
  for (auto const& line : lines) {
    std::string one = " ";
    for (std::size_t i = 0; i != line.size(); ++i) one += " " + stats::left(line[i], widths[i] + 1);
    one.erase(one.find_last_not_of(' ') + 1);
    text += one + "\n";
  }
  return text;
}

}  // namespace

std::string choice_text(json const& choice, json const& properties, std::size_t columns) {
  std::string text =
      stats::wrapped(fmt::format("For {}: {}.", choice.at("profile").get<std::string>(),
                                 choice.at("description").get<std::string>()),
                     columns);
  text += weights_text(choice, columns);
  text += ranking_text(choice, columns);
  text += dominated_text(choice, columns);
  text += list_text("What would change the answer", choice.at("would_change"), columns);
  text += list_text("What this run cannot tell", choice.at("cannot_tell"), columns);
  text += properties_text(properties);
  return text;
}

}  // namespace regatta::choice
