// Quiet, noisy or shared: what a whole run says about its machine.
//
// The look before a run (machine.json) takes a third of a second, and a run takes minutes. What
// happened meanwhile is known afterwards: how much time the hypervisor took while the run lasted,
// and how far the A/A pair came apart. A label only ever gets worse by it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/stats/noise.hpp"

namespace regatta::stats {

// Beyond this share of all CPU time taken by the hypervisor during the run, it is shared.
inline constexpr double steal_of_a_quiet_run = 0.01;
// Beyond this spread of the A/A pair, the least effect that a gate looks for drowns: it is noisy.
inline constexpr double spread_of_a_quiet_run = 0.05;

struct run_label {
  std::string label;                 // "quiet", "noisy", "shared"; empty where the machine has none
  std::vector<std::string> reasons;  // one sentence for each criterion that was not met
};

// `machine` is machine.json; `noise` may be null: a run without an A/A pair.
run_label label_of_run(nlohmann::ordered_json const& machine, session_noise const* noise);

}  // namespace regatta::stats
