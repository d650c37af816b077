// Since when a history is another one than before: change points in each row of each cell, found
// over the runs of one kind of machine, and never by a threshold that the newest run passes or not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace regatta::history {

struct history_options {
  double significance = 0.01;       // the greatest p-value of a change in one series
  double false_discoveries = 0.05;  // the greatest share of them among all changes
  double least_change = 0.05;       // or three times the noise of the runs, if that is more
  std::string since = {};  // only changes with this run (its name, commit or date) or later count
  // Of what a first look finds; the least p-value is one over this and one. It must become small
  // enough for a lone change among a thousand series.
  std::size_t permutations = 19'999;
  std::uint64_t seed = 1;  // of the shuffling
};

// How many runs are the least in which a change could be found at all: the permutation test of a
// perfect step in the middle then comes below `significance`.
std::size_t least_runs(double significance);

// How many runs it takes until a step that the newest three runs show can be found.
std::size_t runs_for_a_fresh_step(double significance);

// Takes entries (entry.hpp) in any order. The document:
//
//   {"schema":1,"what":"history","verdict":"unchanged"|"worse"|"better"|"could_not_measure",
//    "why":…,"method":…,"least_runs":n,"machines":[
//      {"kind":{…},"differs":["cpu.model",…],"runs":[{"run","date","commit","dirty","label"}],
//       "least_change":…,"series":n,"long_enough":n,"changes":[
//         {"cell","row","unit","run":{"run","date","commit"},"runs_since":n,"before","after","ratio",
//          "p_value","adjusted_p","verdict":"worse"|"better","standing":bool,"counts":bool,
//          "version":{"before","after"} or null}],
//       "common":[{"run":{…},"rows":n,"of_rows":n,"share":…}]}]}
//
// Kinds are in the order of their newest runs, newest first; "differs" names what tells a kind from
// the first. A change is standing if it is the last of its series. It counts for the verdict if it
// is standing and not before `since`. "common" lists the runs with which most rows changed in the
// same direction: a machine, a compiler or the harness does that rather than one runtime. Throws
// std::invalid_argument, with a sentence, if `since` names no run.
nlohmann::ordered_json judge_history(std::vector<nlohmann::ordered_json> entries,
                                     history_options const& options = {});

}  // namespace regatta::history
