#include "harness/comparison/views.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <sstream>

#include "harness/comparison/synthetic_session.hpp"

namespace regatta::comparison {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// spawn is worse, yield unchanged, echo crashed with an awkward reason, wake left out, timers
// noisy.
nlohmann::ordered_json example() {
  synthetic_session s;
  s.measure_all("spawn", 100, 115);
  s.measure_all("yield", 10, 10);
  s.measure_all("timers", 10, 10, 0.9);
  s.measure_all("echo", 100, 100);
  s.fail("it@head", "echo", stats::outcome::crashed, "<\"a\" & 'b'|\x01>");
  for (char const* row : {"it@base", "it@head"}) {
    s.fail(row, "wake", stats::outcome::unsupported, "it cannot");
  }
  synthetic_session again;
  again.measure_all("spawn", 100, 114);
  auto input = s.input();
  input.confirmation = {&again.samples, 8};
  input.beside["changes"] = {{"commits", {"abc Slow it down"}}, {"files", {"runtimes/it.hpp"}}};
  input.beside["notes"] = {"other is in base only"};
  return compare(input);
}

TEST(JUnit, HasATestCaseForEachCellAndCanBeRead) {
  std::istringstream in(comparison_junit(example()));
  boost::property_tree::ptree root;
  boost::property_tree::read_xml(in, root);
  auto const& suite = root.get_child("testsuites.testsuite");
  EXPECT_EQ(suite.get<int>("<xmlattr>.tests"), 5);
  EXPECT_EQ(suite.get<int>("<xmlattr>.failures"), 2);
  EXPECT_EQ(suite.get<int>("<xmlattr>.errors"), 1);
  EXPECT_EQ(suite.get<int>("<xmlattr>.skipped"), 1);
  EXPECT_EQ(suite.get<std::string>("system-out"), "note: other is in base only\n");
  std::map<std::string, std::string> children;
  std::string crash;
  for (auto const& [tag, node] : suite) {
    if (tag != "testcase") continue;
    EXPECT_EQ(node.get<std::string>("<xmlattr>.classname"), "it");
    std::string& said = children[node.get<std::string>("<xmlattr>.name")];
    for (auto const& [child, unused] : node) {
      if (child != "<xmlattr>") said += child;
    }
    if (node.get<std::string>("<xmlattr>.name") == "echo n=1") {
      crash = node.get<std::string>("failure.<xmlattr>.message");
    }
  }
  EXPECT_EQ(children.at("spawn n=1"), "failure");
  EXPECT_EQ(children.at("yield n=1"), "");
  EXPECT_EQ(children.at("timers n=1"), "error");
  EXPECT_EQ(children.at("echo n=1"), "failure");
  EXPECT_EQ(children.at("wake n=1"), "skipped");
  // No XML can hold the control character.
  EXPECT_THAT(crash, HasSubstr("<\"a\" & 'b'|?>"));
}

TEST(Markdown, BeginsWithTheVerdictAndFoldsWhatIsUnchanged) {
  std::string const text = comparison_markdown(example());
  EXPECT_THAT(text, ::testing::StartsWith("### Regatta: ❌ worse\n"));
  std::size_t const folded = text.find("<details>");
  ASSERT_NE(folded, std::string::npos);
  std::string const top = text.substr(0, folded);
  EXPECT_THAT(top, HasSubstr("| it | spawn |"));
  EXPECT_THAT(top, HasSubstr("- note: other is in base only\n"));
  EXPECT_THAT(top, Not(HasSubstr("yield")));
  std::string const details = text.substr(folded);
  for (char const* part :
       {"| it | yield n=1 |", "`abc Slow it down`", "`runtimes/it.hpp`", "A/A spread",
        "regatta gate main HEAD --seed 7", "wake n=1 was left out", "</details>"}) {
    EXPECT_THAT(details, HasSubstr(part));
  }
  // Of a reason nothing may end a table, or become a tag.
  EXPECT_THAT(text, HasSubstr("&lt;\"a\" &amp; 'b'\\|"));
}

TEST(Table, ShowsWhatChangedAndSaysWhy) {
  auto const document = example();
  std::string const text = changes_table(document, false, false);
  EXPECT_THAT(text, HasSubstr("base: main (commit 1: Before)"));
  EXPECT_THAT(text, HasSubstr("spawn"));
  EXPECT_THAT(text, HasSubstr("ok → crashed"));
  EXPECT_THAT(text, Not(HasSubstr("yield")));
  EXPECT_THAT(text, HasSubstr("worse: 2 of 4 cells are worse"));
  EXPECT_THAT(text, HasSubstr("1 cell was left out"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_THAT(changes_table(document, false, true), HasSubstr("yield"));
  EXPECT_NE(changes_table(document, true, false).find('\x1b'), std::string::npos);
}

TEST(Table, CallsNobodyWorseWhereTheRunsWereNotInterleaved) {
  auto document = example();
  document["interleaved"] = false;
  std::string const text = changes_table(document, false, false);
  EXPECT_THAT(text, HasSubstr("differs: "));
  EXPECT_THAT(text, HasSubstr("slower"));
}

}  // namespace
}  // namespace regatta::comparison
