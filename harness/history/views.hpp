// What came of a history, for a terminal and for a pull request.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace regatta::history {

// Both take the document of judge_history(). Changes that stand come first, at most `most` of them
// a machine; a view says how many it left out.
std::string terminal_text(nlohmann::ordered_json const& document, std::size_t most = 40);
std::string markdown_text(nlohmann::ordered_json const& document, std::size_t most = 40);

}  // namespace regatta::history
