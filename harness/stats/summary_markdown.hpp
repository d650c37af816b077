// The summary of a run as Markdown, for a commit, an issue or a README.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace regatta::stats {

// Takes the document that summarise() makes.
std::string summary_markdown(nlohmann::ordered_json const& summary);

}  // namespace regatta::stats
