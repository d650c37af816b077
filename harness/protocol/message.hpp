// What both directions of the protocol share: its version, its limits, and the result of parsing.
//
// Protocol version 1 is one JSON object a line on stdin and stdout, UTF-8, unknown keys ignored,
// durations in whole nanoseconds. The driver sends requests (request.hpp), a contender answers
// replies (reply.hpp). Parsing never throws: whatever arrives is either a message or a sentence
// that says what was wrong with it and what was expected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace regatta::protocol {

inline constexpr std::uint64_t version = 1;

/// The longest line that either side accepts, its newline included.
inline constexpr std::size_t max_line_bytes = 64 * 1024;

/// A message, or the reason why there is none: a whole sentence without a full stop.
template <class T>
struct parsed {
  std::optional<T> value;
  std::string error;
  /// Everything that was wrong, where more than the first thing can be told; `error` is the first.
  std::vector<std::string> errors = {};

  explicit operator bool() const { return value.has_value(); }
  const T& operator*() const { return *value; }
  T& operator*() { return *value; }
  const T* operator->() const { return &*value; }
  T* operator->() { return &*value; }
};

/// Keeps the order in which keys were written, so that parameters print as they were declared.
using json = nlohmann::ordered_json;

/// Scenario parameters: a flat object, each value a whole number (0 or more) or a string.
using parameters = json;

/// Says why `params` is no parameter object; empty if it is one.
std::string wrong_parameters(const json& params);

/// Serialises on one line, without the newline. Bytes that are no UTF-8 (say, from the text of an
/// exception) become U+FFFD: a message must not be lost because of what it quotes.
std::string one_line(const json& message);

/// The first characters of a text for an error sentence: control characters escaped, length
/// bounded.
std::string excerpt(std::string_view text, std::size_t longest = 80);

}  // namespace regatta::protocol
