// What the rows of a cell are compared by, as summary.json holds it: time or bytes per operation.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace regatta::stats {

// The interval of a result that was measured.
nlohmann::ordered_json const& cost_interval(nlohmann::ordered_json const& cell,
                                            nlohmann::ordered_json const& result);

// Its median, in the cell's unit.
double cost_of(nlohmann::ordered_json const& cell, nlohmann::ordered_json const& result);

// That of the cell's best row, which there must be.
double best_cost(nlohmann::ordered_json const& cell);

// "123 ns" or "1.50 KiB"; "123 ns [120, 131]".
std::string cost_text(nlohmann::ordered_json const& cell, nlohmann::ordered_json const& result);
std::string cost_interval_text(nlohmann::ordered_json const& cell,
                               nlohmann::ordered_json const& result);

}  // namespace regatta::stats
