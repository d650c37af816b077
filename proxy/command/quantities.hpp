// Durations and sizes as people write them: "500ms", "10s", "2m"; "16384", "64K", "1M".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "runtimes/interface/types.hpp"

namespace regatta::proxy::command {

// What a text has to look like, for messages about one that does not.
inline constexpr std::string_view duration_form =
    "a whole number with ms, s, m or h, for example 500ms or 10s; 0 for none";
inline constexpr std::string_view bytes_form =
    "a whole number of bytes, or one with K, M or G (powers of 1024), for example 64K";

// nullopt where the text is no duration, or one of more than a hundred years. A number without a
// unit is none, but for 0.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept;
// The shortest text that parse_duration() reads as this.
std::string duration_text(std::chrono::milliseconds length);

// nullopt where the text is no size, or one that 64 bits do not hold. "K", "KB" and "KiB" are one.
std::optional<u64> parse_bytes(std::string_view text) noexcept;

}  // namespace regatta::proxy::command
