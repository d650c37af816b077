#include <fmt/format.h>

#include <string>
#include <vector>

#include "harness/comparison/phrases.hpp"
#include "harness/comparison/views.hpp"
#include "harness/stats/quantities.hpp"

namespace regatta::comparison {
namespace {

using json = nlohmann::ordered_json;

// Commits and files beyond that are counted.
constexpr std::size_t most_listed = 10;

// As text of a table cell or of a list: it ends at a bar or a line break, and a page that shows
// Markdown also reads HTML.
std::string escaped(std::string const& text) {
  std::string result;
  for (char const c : text) {
    if (c == '|')
      result += "\\|";
    else if (c == '<')
      result += "&lt;";
    else if (c == '&')
      result += "&amp;";
    else if (c == '\n' || c == '\r')
      result += ' ';
    else
      result += c;
  }
  return result;
}

std::string sign_of(json const& cell_or_document) {
  std::string const verdict = cell_or_document.at("verdict");
  if (verdict == "worse") return "❌ ";
  if (verdict == "better") return "✅ ";
  return verdict == "unchanged" ? "" : "⚠️ ";
}

std::string line_of(json const& document, json const& cell, std::string const& name) {
  json const& floor = cell.at("floor");
  return fmt::format("| {} | {} | {} | {} | {} | {}{} |\n", escaped(cell.at("contender")),
                     escaped(name), costs_text(cell), ratio_text(cell),
                     floor.is_null() ? "" : stats::percent_text(floor.get<double>()), sign_of(cell),
                     verdict_text(document, cell));
}

std::string table_of(json const& document, bool all) {
  std::string lines;
  for (json const& cell : document.at("cells")) {
    if (!all && cell.at("verdict") == "unchanged") continue;
    lines += line_of(document, cell,
                     all ? cell.at("cell").get<std::string>() : short_name(document, cell));
  }
  if (lines.empty()) return "";
  return "| contender | cell | base → head | ratio | floor | verdict |\n"
         "|---|---|---|---|--:|---|\n" +
         lines + "\n";
}

// Why each cell is what it is, where that is not plain from its numbers.
std::string reasons(json const& document) {
  std::string lines;
  for (json const& cell : document.at("cells")) {
    if (cell.at("verdict") == "unchanged" && cell.at("confirmed").is_null()) continue;
    lines += fmt::format("- {} in {}: {}\n", escaped(cell.at("contender")),
                         escaped(cell.at("cell")), escaped(cell.at("why")));
  }
  for (json const& left_out : document.at("left_out")) {
    lines += fmt::format("- {} in {} was left out: {}\n", escaped(left_out.at("contender")),
                         escaped(left_out.at("cell")), escaped(left_out.at("why")));
  }
  return lines.empty() ? "" : lines + "\n";
}

std::string list_of(json const& changes, char const* key, char const* heading) {
  if (!changes.contains(key) || changes.at(key).empty()) return "";
  std::string text = fmt::format("{}:\n\n", heading);
  std::size_t listed = 0;
  for (json const& item : changes.at(key)) {
    if (listed++ == most_listed) break;
    text += fmt::format("- `{}`\n", item.get<std::string>());
  }
  if (changes.at(key).size() > most_listed) {
    text += fmt::format("- and {} more\n", changes.at(key).size() - most_listed);
  }
  return text + "\n";
}

std::string changes_of(json const& document) {
  if (!document.contains("changes") || document.at("changes").is_null()) return "";
  json const& changes = document.at("changes");
  return list_of(changes, "commits", "Commits between the two") +
         list_of(changes, "files", "Files that differ");
}

std::string side_of(json const& document, char const* key) {
  json const& side = document.at(key);
  std::string const description = side.at("description");
  return fmt::format("- {}: `{}`{}\n", key, side.at("name").get<std::string>(),
                     description.empty() ? "" : " " + escaped(description));
}

// What was not compared, and what to make of it: not folded, or it would go unseen.
std::string notes_of(json const& document) {
  std::string text;
  if (!document.contains("notes")) return text;
  for (json const& note : document.at("notes")) {
    text += fmt::format("- note: {}\n", escaped(note.get<std::string>()));
  }
  return text.empty() ? "" : text + "\n";
}

std::string details(json const& document) {
  std::string text = "<details>\n<summary>All cells, noise, and how to reproduce</summary>\n\n";
  text += side_of(document, "base") + side_of(document, "head") + "\n";
  text += table_of(document, true) + reasons(document);
  if (std::string const mean = mean_text(document); !mean.empty()) text += mean + " ";
  text += evidence_text(document) + "\n\n" + document.at("method").get<std::string>() + "\n\n";
  text += changes_of(document);
  if (document.contains("reproduce")) {
    text += fmt::format("```sh\n{}\n```\n\n", document.at("reproduce").get<std::string>());
  }
  return text + "</details>\n";
}

}  // namespace

std::string comparison_markdown(json const& document) {
  return fmt::format("### Regatta: {}{}\n\n`{}` → `{}`: {}.\n\n", sign_of(document),
                     verdict_text(document), document.at("base").at("name").get<std::string>(),
                     document.at("head").at("name").get<std::string>(),
                     escaped(document.at("why"))) +
         table_of(document, false) + notes_of(document) + details(document);
}

}  // namespace regatta::comparison
