// Numbers as people read them, with three significant digits.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace regatta::stats {

// 0.42 ns, 123 ns, 1.23 µs, 45.6 ms, 7.89 s, 123 s.
std::string duration_text(double ns);

// 512 B, 1.50 KiB, 24.0 MiB.
std::string bytes_text(double bytes);

// 0.00123, 1.23, 12.3, 123, 12300.
std::string number_text(double value);

// 0.021 is "2.1 %".
std::string percent_text(double share);

// "1.34 [1.30, 1.38]" of an object with "median", "low" and "high".
std::string ratio_text(nlohmann::ordered_json const& ratio);

// What a cell is compared by, as its "unit" says: "ns" for a time, "B" for bytes.
// What a ratio is above 1, with its interval: "+12 % [10, 14]".
std::string overhead_text(nlohmann::ordered_json const& ratio);

std::string amount_text(double value, std::string_view unit);

// "123 ns [120, 131]": the bounds in the unit of the median.
std::string interval_text(nlohmann::ordered_json const& estimate, std::string_view unit);

// How many columns of a terminal a text fills. It holds no wide and no combining characters.
std::size_t columns_of(std::string_view utf8);

// The text, then blanks (or blanks, then the text) up to that many columns.
std::string left(std::string_view text, std::size_t columns);
std::string right(std::string_view text, std::size_t columns);

// The text broken at blanks so that no line fills more columns (but for a word that does), each
// line with its end.
std::string wrapped(std::string const& text, std::size_t columns);

}  // namespace regatta::stats
