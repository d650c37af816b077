// From the measurements of a session with a base and a head to the document comparison.json.
//
// Base and head are two builds of one contender, entered as two rows of the same blocks, or two
// contenders of one run. A third row, the base's twin, tells what nothing at all looks like here.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/comparison/judge.hpp"
#include "harness/stats/measurements.hpp"

namespace regatta::comparison {

// One contender on both sides, by the rows that it has in samples.jsonl.
struct contender_pair {
  std::string contender;  // as tables call it: "work_stealing"
  std::string base;       // "work_stealing@base"
  std::string head;       // "work_stealing@head"
  std::string twin;       // "work_stealing@base#twin"; empty: there is none
  // Both are the same program, byte for byte: unchanged, whatever the clock says.
  bool identical = false;
};

// The same pairs in a session of their own, with a fresh seed.
struct second_run {
  stats::measurements const* samples = nullptr;  // null: there was none
  std::uint64_t seed = 0;
};

struct side {
  std::string name;         // "main"
  std::string description;  // "commit 1a2b3c4: Shorten the queue"
};

struct comparison_input {
  side base;
  side head;
  std::uint64_t seed = 0;
  std::vector<contender_pair> pairs;
  // Every cell that was to be measured, with no rows in it: of identical programs they are all that
  // there is.
  std::vector<stats::cell_measurement> cells;
  stats::measurements const* samples = nullptr;
  // Where head was measured in a run of its own. Nothing is paired then: the ratio is that of all
  // blocks with all (Hodges and Lehmann), and the test that of Mann and Whitney. What the machine
  // did differently meanwhile is in it, so nobody is called worse: they differ.
  stats::measurements const* head_samples = nullptr;
  second_run confirmation;
  thresholds limits;
  nlohmann::ordered_json machine;  // machine.json; may be null. Read are "label" and "noise".
  // What the views show beside: "changes" ("commits" and "files", lists of texts), "reproduce" (a
  // command), "notes" (a list of sentences). Goes into the document as it is.
  nlohmann::ordered_json beside = nlohmann::ordered_json::object();
};

// The document, as results/README.md describes it.
nlohmann::ordered_json compare(comparison_input const& input);

// A cell of a contender.
struct place {
  std::string contender;
  std::string cell;

  friend bool operator==(place const&, place const&) = default;
};

// What of a document wants a confirmation: everything that looks worse or better, and what was
// measured at base and came out as a failure at head.
std::vector<place> suspicious_places(nlohmann::ordered_json const& document);

}  // namespace regatta::comparison
