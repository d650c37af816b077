// What a contender answers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "harness/protocol/message.hpp"

namespace regatta::protocol {

/// What the contender is and how it was really set up: observed, not copied from the request.
struct hello_reply {
  std::string runtime;
  std::string variant;
  std::vector<std::string> variants;
  std::string version;
  std::string language;
  std::string scheduling;
  std::string io;
  std::vector<std::string> capabilities;
  std::uint64_t threads = 0;  ///< Threads that run tasks; 0 if the contender does not say.
  std::string compiler;
  std::string flags;
  std::string allocator;
  std::string track = "default";
  std::uint64_t pid = 0;
};

/// One scenario that the contender knows, with its default parameters.
struct list_entry {
  std::string scenario;
  parameters params = json::object();
  std::string unsupported;  ///< Why it cannot run here; empty if it can.
};

struct list_end {};

/// The prepared cell can run.
struct ready {};

struct context_switches {
  std::uint64_t voluntary = 0;
  std::uint64_t involuntary = 0;
};

/// A latency distribution in nanoseconds: (value, count) pairs, values ascending.
struct latency {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> buckets;
};

/// Totals over `iterations` back-to-back runs; `answer` is the answer of one run.
struct sample {
  std::uint64_t iterations = 0;  ///< 0: the contender does not say.
  std::uint64_t ns = 0;
  std::optional<std::uint64_t> cpu_ns;
  std::uint64_t operations = 0;
  std::uint64_t answer = 0;
  bool answers_differ = false;
  std::optional<std::uint64_t> allocations;
  std::optional<std::uint64_t> peak_rss_bytes;
  std::optional<context_switches> switches;
  std::optional<std::uint64_t> threads_used;
  std::map<std::string, std::uint64_t> counters;
  std::optional<latency> latencies;
  std::optional<std::uint64_t> recording_ns;  ///< What recording one latency costs.
};

/// All samples of a run have been sent.
struct done {};

/// Answers anything: `unsupported` (the contender cannot), `failed` (it tried), `protocol` (it did
/// not understand).
struct error {
  std::string kind;
  std::string reason;
};

using reply = std::variant<hello_reply, list_entry, list_end, ready, sample, done, error>;

/// Parses one line, without its newline.
parsed<reply> parse_reply(std::string_view line);

/// Which message a line means to be, whatever is wrong with its fields: "hello", "scenario", "end",
/// "ready", "sample", "done" or "error"; empty if it is none.
std::string_view key_of(std::string_view line);

/// Formats one line, without its newline. A sample whose histogram would break the limit of
/// `max_line_bytes` is the sender's to prevent (fewer buckets).
std::string format(const reply& message);

/// The same objects as JSON, for files that keep them.
json to_json(const hello_reply& message);
json to_json(const sample& message);

/// What a reply is called in error sentences, for example "a sample".
std::string_view kind_of(const reply& message);

}  // namespace regatta::protocol
