// What a row can be judged by in a cell, one number for each block: its time, its CPU time, a
// quantile of its latencies, its memory, a counter of its own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/stats/measurements.hpp"

namespace regatta::stats {

enum class quantity {
  cost,         // what the cell is compared by: time, bytes or the median latency
  time,         // ns per operation
  cpu,          // CPU time of all threads, ns per operation
  p50,          // latency, ns
  p99,          // latency, ns
  peak_memory,  // the most that was resident, bytes
};

std::string_view to_string(quantity q);
std::optional<quantity> quantity_from(std::string_view text);

// Of the blocks that have it; empty where the row does not tell it.
block_values values_of(row_measurement const& row, quantity by);

// A counter of the row's own, for one iteration of the cell.
block_values counter_per_iteration(row_measurement const& row, std::string_view counter);

}  // namespace regatta::stats
