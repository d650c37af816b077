// How numbers of a summary are said, in tables for the terminal and in Markdown alike.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace regatta::driver {

/// "12.3 ns", "4.56 µs": three significant digits.
std::string say_time(double ns);
/// "1.63×"
std::string say_ratio(double ratio);

/// One row's place in one cell: "best 12.3 ns", "1.63× [1.60, 1.70]", "tie 1.02× [0.99, 1.05]",
/// "timeout".
std::string say_result(const nlohmann::ordered_json& result, bool is_best);

/// What the A/A pair showed, as a sentence.
std::string say_noise(const nlohmann::ordered_json& noise);

/// What interval stands behind the brackets, as a sentence.
std::string say_intervals(const nlohmann::ordered_json& summary);

/// Letters on the screen: UTF-8 continuation bytes take no room.
std::size_t width_of(const std::string& text);
std::string padded(const std::string& text, std::size_t width);

}  // namespace regatta::driver
