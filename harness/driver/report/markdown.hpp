// summary.md: the tables of a run as text that reads well on a page and in an editor.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace regatta::driver {

std::string markdown_of(const nlohmann::ordered_json& summary);

}  // namespace regatta::driver
