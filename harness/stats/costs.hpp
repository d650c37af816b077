// What the rows of a cell are compared by, as summary.json holds it: time or bytes per operation.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace regatta::stats {

// The interval of a result that was measured.
nlohmann::ordered_json const& cost_interval(nlohmann::ordered_json const& cell,
                                            nlohmann::ordered_json const& result);

// Its median, in the cell's unit.
double cost_of(nlohmann::ordered_json const& cell, nlohmann::ordered_json const& result);

// How many times what the machine itself charges the row takes: for an operation, or for the middle
// one of its latencies, whichever the cell's "floor" bounds. Nothing where the row has none.
std::optional<double> multiple_of_floor(nlohmann::ordered_json const& cell,
                                        nlohmann::ordered_json const& result);

// "123 ns" or "1.50 KiB"; "123 ns [120, 131]".
std::string cost_text(nlohmann::ordered_json const& cell, nlohmann::ordered_json const& result);
std::string cost_interval_text(nlohmann::ordered_json const& cell,
                               nlohmann::ordered_json const& result);

}  // namespace regatta::stats
