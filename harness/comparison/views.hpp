// A comparison as people and their tools read it. All take the document that compare() makes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace regatta::comparison {

// For a terminal: the verdict, a table of what changed or could not be measured (of everything with
// `all_cells`), noise.
std::string changes_table(nlohmann::ordered_json const& document, bool color, bool all_cells);

// For a pull request: the verdict in a line, a table of what is not unchanged, and the rest folded.
std::string comparison_markdown(nlohmann::ordered_json const& document);

// For a CI server: JUnit's XML, a test case for each cell. Worse is a failure, what could not be
// measured an error; the rest passes.
std::string comparison_junit(nlohmann::ordered_json const& document);

}  // namespace regatta::comparison
