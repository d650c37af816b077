#include <fmt/format.h>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <cstddef>
#include <sstream>
#include <string>

#include "harness/comparison/phrases.hpp"
#include "harness/comparison/views.hpp"

namespace regatta::comparison {
namespace {

using json = nlohmann::ordered_json;
using boost::property_tree::ptree;

// XML 1.0 has no way to write most control characters, escaped or not: a contender's reason may
// hold them.
std::string writable(std::string text) {
  for (char& c : text) {
    bool const is_control = static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n';
    if (is_control) c = '?';
  }
  return text;
}

ptree with_message(std::string const& type, std::string const& message) {
  ptree node;
  node.put("<xmlattr>.type", type);
  node.put("<xmlattr>.message", writable(message));
  node.put_value(writable(message));
  return node;
}

ptree named_case(json const& cell) {
  ptree node;
  node.put("<xmlattr>.classname", writable(cell.at("contender")));
  node.put("<xmlattr>.name", writable(cell.at("cell")));
  node.put("<xmlattr>.time", "0");
  return node;
}

ptree skipped_case(json const& left_out) {
  ptree node = named_case(left_out);
  node.put("skipped.<xmlattr>.message", writable(left_out.at("why")));
  return node;
}

ptree test_case(json const& cell) {
  std::string const verdict = cell.at("verdict");
  std::string const why = fmt::format("{} {}: {}", costs_text(cell), ratio_text(cell),
                                      cell.at("why").get<std::string>());
  ptree node = named_case(cell);
  if (verdict == "worse") node.add_child("failure", with_message(verdict, why));
  if (verdict == "could_not_measure") node.add_child("error", with_message(verdict, why));
  return node;
}

std::string notes_of(json const& document) {
  std::string text;
  if (!document.contains("notes")) return text;
  for (json const& note : document.at("notes")) {
    text += "note: " + writable(note.get<std::string>()) + "\n";
  }
  return text;
}

std::size_t count_of(json const& document, char const* verdict) {
  std::size_t count = 0;
  for (json const& cell : document.at("cells")) count += cell.at("verdict") == verdict ? 1 : 0;
  return count;
}

}  // namespace

std::string comparison_junit(json const& document) {
  ptree suite;
  suite.put(
      "<xmlattr>.name",
      writable(fmt::format("regatta: {} → {}", document.at("base").at("name").get<std::string>(),
                           document.at("head").at("name").get<std::string>())));
  suite.put("<xmlattr>.tests", document.at("cells").size() + document.at("left_out").size());
  suite.put("<xmlattr>.failures", count_of(document, "worse"));
  suite.put("<xmlattr>.errors", count_of(document, "could_not_measure"));
  suite.put("<xmlattr>.skipped", document.at("left_out").size());
  for (json const& cell : document.at("cells")) suite.add_child("testcase", test_case(cell));
  for (json const& cell : document.at("left_out")) suite.add_child("testcase", skipped_case(cell));
  if (std::string const notes = notes_of(document); !notes.empty()) suite.put("system-out", notes);
  ptree root;
  root.add_child("testsuites.testsuite", suite);
  std::ostringstream out;
  boost::property_tree::write_xml(
      out, root, boost::property_tree::xml_writer_make_settings<std::string>(' ', 1));
  return out.str();
}

}  // namespace regatta::comparison
