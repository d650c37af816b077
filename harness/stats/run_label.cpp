#include "harness/stats/run_label.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace regatta::stats {
namespace {

using json = nlohmann::ordered_json;

// The share of CPU time that the hypervisor took between the two looks; nothing where one is
// missing, or the machine was started again in between.
std::optional<double> steal_during(json const& machine) {
  auto const ticks = [&](char const* look, char const* what) -> std::optional<double> {
    json::json_pointer const path(fmt::format("/{}/cpu_ticks/{}", look, what));
    if (!machine.contains(path) || !machine.at(path).is_number()) return std::nullopt;
    return machine.at(path).get<double>();
  };
  auto const total_before = ticks("load", "total");
  auto const total_after = ticks("load_after", "total");
  auto const steal_before = ticks("load", "steal");
  auto const steal_after = ticks("load_after", "steal");
  if (!total_before || !total_after || !steal_before || !steal_after) return std::nullopt;
  if (*total_after <= *total_before || *steal_after < *steal_before) return std::nullopt;
  return (*steal_after - *steal_before) / (*total_after - *total_before);
}

}  // namespace

run_label label_of_run(json const& machine, session_noise const* noise) {
  run_label result;
  if (!machine.is_object()) return result;
  if (machine.contains("label") && machine["label"].is_string()) result.label = machine["label"];
  if (json::json_pointer const told("/noise/reasons");
      machine.contains(told) && machine.at(told).is_array()) {
    for (json const& reason : machine.at(told)) {
      if (reason.is_string()) result.reasons.push_back(reason);
    }
  }
  if (result.label.empty()) return result;

  if (auto const steal = steal_during(machine); steal && *steal > steal_of_a_quiet_run) {
    result.label = "shared";
    result.reasons.push_back(fmt::format(
        "The hypervisor took {:.1f} % of the CPU time while the run lasted.", *steal * 100.0));
  }
  if (noise != nullptr && noise->spread > spread_of_a_quiet_run) {
    if (result.label == "quiet") result.label = "noisy";
    result.reasons.push_back(
        fmt::format("Two identical contenders differed by {:.1f} % in the middle of the cells.",
                    noise->spread * 100.0));
  }
  if (noise != nullptr && noise->separated) {
    if (result.label == "quiet") result.label = "noisy";
    result.reasons.emplace_back("Two identical contenders came apart over all cells.");
  }
  return result;
}

}  // namespace regatta::stats
