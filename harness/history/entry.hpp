// One run as a history keeps it: a line or two of JSON for each cell, and none of its samples.
//
// A history is a folder of such entries, one file a run. A summary.json, or a benchmark.json as
// Google Benchmark writes it, is made into an entry where it is met, so a folder of those is one as
// well.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace regatta::history {

// {"schema":1,"what":"history_entry","run":…,"date":…,"commit":… or null,"dirty":…,"label":…,
//  "kind":{…},"matrix":…,"blocks":…,"spread":… or null,"versions":{row: version},
//  "cells":{cell:{"unit":"ns" or "B","rows":{row: cost}}}}
// The cost is what rows are compared by: time, bytes or latency, the median over the blocks, per
// operation. A row that was not ok in a cell is absent from it; so is the twin. `kind` is that of
// harness/machine/kind.hpp.
nlohmann::ordered_json entry_of_summary(nlohmann::ordered_json const& summary);

// The same of a benchmark.json, ours or another program's: what it does not hold is null, and the
// machine is known by its number of CPUs, its build and its host only. Of ours the name
// "row/scenario/name:value" becomes row and cell again.
nlohmann::ordered_json entry_of_benchmarks(nlohmann::ordered_json const& benchmarks);

// An entry, whichever of the three the document is; null for anything else.
nlohmann::ordered_json entry_of(nlohmann::ordered_json const& document);

// Under which name a history keeps the entry: "2026-11-28T17-37-13Z-0123abcd.json". Names sort by
// date.
std::string file_name_of(nlohmann::ordered_json const& entry);

}  // namespace regatta::history
