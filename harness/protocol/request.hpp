// What the driver says to a contender.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "harness/protocol/message.hpp"

namespace regatta::protocol {

/// Opens or re-opens the conversation and chooses how the runtime is set up.
struct hello {
  std::string variant;        ///< Empty: the contender's default.
  std::uint64_t threads = 0;  ///< 0: the variant's own default.
  std::uint64_t seed = 0;     ///< For runtimes that draw random numbers.
  /// Percent of extra time to burn in each timed section. Plants a slowdown that the statistics
  /// must find; 0 in every real measurement.
  std::uint64_t slowdown_percent = 0;
};

/// Asks which scenarios the contender knows.
struct list {};

/// Makes one cell ready to run. Parameters that are not named take their defaults.
struct prepare {
  std::string scenario;
  parameters params = json::object();
};

/// Takes `samples` samples of the prepared cell, each `iterations` runs back to back.
struct run {
  std::uint64_t iterations = 1;
  std::uint64_t samples = 1;
};

/// Ends the conversation; so does the end of stdin.
struct quit {};

using request = std::variant<hello, list, prepare, run, quit>;

/// Parses one line, without its newline.
parsed<request> parse_request(std::string_view line);

/// Formats one line, without its newline.
std::string format(const request& message);

}  // namespace regatta::protocol
