// A part of a run for one of several machines: `--shard 2/3`. A shard holds whole cells, with all
// their rows, because rows are only ever compared on one machine. Who has which cell follows from
// the plan alone, so that machines that never speak with each other agree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/driver/plan.hpp"

namespace regatta::driver {

/// Which part, from 1, of how many.
struct shard_choice {
  std::uint64_t index = 1;
  std::uint64_t of = 1;
};

/// "2/3". Throws ends_command for what is no part: 0/3, 4/3, x/y.
shard_choice parse_shard(std::string_view text);

/// For each cell of the plan its shard, from 1 to `of`. Cells that are read together stay together:
/// the series that differs in numbers only (memory over tasks, throughput over threads), and what
/// the machine charges with the cells that this bounds. A series that alone is more than a fair
/// share of the run is dealt out cell by cell. Parts are dealt from the dearest to the cheapest,
/// each to the shard that has the least to do yet (Graham: Bounds on multiprocessing timing
/// anomalies, 1969: at most a third above the best there is).
std::vector<std::uint64_t> deal_cells(const plan& p, std::uint64_t of);

/// About how long one visit of the cell by all rows that it asks takes, before anything was
/// calibrated. For comparing cells with each other only.
double expected_cost_ns(const plan& p, const cell& c);

/// The seed that all shards of these options draw without asking each other.
std::uint64_t seed_of_options(const plan& p);

/// Leaves in the plan only the cells of that shard, and notes what the whole was. Throws
/// ends_command if there are more shards than parts to deal, and none is left for this one.
void keep_shard(plan& p, const shard_choice& choice);

/// Identifies the programs of a row by what is in them, the same on every machine. Empty if one
/// cannot be read. (FNV-1a, 64 bits: it finds differences, it does not defend against malice.)
std::string content_of(const row& r);

}  // namespace regatta::driver
