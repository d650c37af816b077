// Shards into one run: whether they belong together, and what they make. Every check compares each
// shard with the first, and says all that it finds, because whoever measured for hours wants to
// know everything at once.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/driver/plan.hpp"
#include "harness/stats/sample.hpp"

namespace regatta::driver {

/// What `regatta merge` has read of one shard.
struct shard_run {
  std::string path;  ///< For sentences.
  plan what;         ///< Has a `shard`.
  json machine;      ///< machine.json
  std::vector<stats::sample> samples;
};

struct merge_wishes {
  bool partial = false;             ///< Shards, or visits, may be missing.
  bool different_machines = false;  ///< Machines of several kinds are let pass, and marked.
};

struct merge_findings {
  std::vector<std::string> refusals;  ///< Sentences; empty if the shards make a run.
  std::vector<std::string> remarks;   ///< What differs, or is missing, and is let pass.
};

/// Whether the shards are of one run: same options, seed, cells, rows, builds; each present once
/// and finished; no cell twice; machines of one kind.
merge_findings judge_shards(const std::vector<shard_run>& shards, const merge_wishes& wishes);

/// The plan of the whole, in the order that the whole would have had, each cell with its shard.
/// Of shards that judge_shards() did not refuse.
plan merged_plan(const std::vector<shard_run>& shards);

/// machine.json of the whole: what the machines have in common, the gravest noise label, and under
/// "merged" each machine as it was. What differs between kinds is null.
json merged_machine(const std::vector<shard_run>& shards);

}  // namespace regatta::driver
