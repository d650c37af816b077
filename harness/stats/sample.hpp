// One line of samples.jsonl: what one contender did at one visit to one cell.
//
// samples.jsonl is the raw material of a run; every table, chart and verdict is computed from it
// and from nothing else that was measured. results/README.md describes its keys.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/stats/histogram.hpp"

namespace regatta::stats {

// How a visit ended. In ascending gravity: where visits of one row to one cell ended in different
// ways, the gravest stands for all.
enum class outcome {
  ok,
  skipped,        // not tried: the contender is not there, or the run ended before
  unsupported,    // the contender says that it cannot
  failed,         // it tried and gave a reason why not
  timeout,        // it took longer than the ceiling and was ended
  out_of_memory,  // it took more than the ceiling and was ended
  crashed,        // it died
  wrong_answer,   // it finished, with an answer that the oracle does not know
};

std::string_view to_string(outcome o);
std::optional<outcome> outcome_from(std::string_view text);

// Quantities are totals over `iterations` runs. What the contender did not report is nothing.
struct sample {
  std::uint64_t block = 0;
  std::uint64_t round = 0;
  std::uint64_t turn = 0;
  std::string row;
  std::string contender;
  std::string variant;
  bool twin = false;
  std::string scenario;
  nlohmann::ordered_json params = nlohmann::ordered_json::object();
  std::string cell;
  stats::outcome outcome = stats::outcome::ok;
  std::string reason;
  // "calibration" before the first block, "system_calls" in the traced pass after the last; empty
  // for what is measured.
  std::string phase;

  std::uint64_t iterations = 0;
  std::uint64_t ns = 0;
  std::uint64_t operations = 0;
  std::optional<std::uint64_t> cpu_ns;
  std::optional<std::uint64_t> answer;
  std::optional<std::uint64_t> expected;
  std::optional<std::uint64_t> allocations;
  std::optional<std::uint64_t> peak_rss_bytes;
  std::optional<std::uint64_t> voluntary_switches;
  std::optional<std::uint64_t> involuntary_switches;
  std::optional<std::uint64_t> threads_used;
  std::map<std::string, std::uint64_t> counters;
  std::vector<bucket> latency_ns;
  std::optional<std::uint64_t> recording_ns;  // what recording one latency cost
  std::optional<std::uint64_t> bytes;         // where the scenario is about bytes, and not time
  std::optional<std::uint64_t> compared_ns;  // where it is about latency: the median of this sample
  std::map<std::string, std::uint64_t> system_calls;  // by name; only in their phase
  std::optional<std::uint64_t> exchange_ns;

  // Only such a sample enters a statistic.
  bool measured() const {
    return outcome == stats::outcome::ok && phase.empty() && ns > 0 && operations > 0;
  }
};

// A sample, or a sentence that says what is wrong with the line.
struct parsed_sample {
  std::optional<sample> value;
  std::string error;
};

// Never throws. Unknown keys are passed over.
parsed_sample parse_sample(std::string_view line);
parsed_sample sample_from(nlohmann::ordered_json const& line);

// The line for samples.jsonl, without its newline. parse_sample() of it gives the same sample back.
std::string format_sample(sample const& s);

}  // namespace regatta::stats
