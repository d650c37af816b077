// The sentences that stand under every table, whatever it is printed on.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace regatta::stats {

// What the A/A pair showed: "Noise floor 2.1 %: the A/A pair work_stealing came out at 1.003
// [0.990, 1.020], not separated."
std::string noise_caption(nlohmann::ordered_json const& summary);

// "6 of 6 blocks; intervals hold the true median with 96.9 % confidence; machine: shared."
std::string evidence_caption(nlohmann::ordered_json const& summary);

// "Intel Xeon, 2 cores, Linux 6.1", of what machine.json knows.
std::string machine_caption(nlohmann::ordered_json const& summary);

// Who a row of summary.json was: "rust 1.53.0, work-stealing, epoll, glibc malloc; 2 threads set
// up, 2 seen at work". What its contender did not say is left out; empty for one that said nothing.
std::string row_caption(nlohmann::ordered_json const& row);

}  // namespace regatta::stats
