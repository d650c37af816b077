// Results for people and for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "proxy/load/ceiling.hpp"
#include "proxy/load/plan.hpp"
#include "proxy/load/result.hpp"

namespace regatta::load {

// All that one call of the command found out.
struct findings {
  load_plan plan;
  std::optional<load_result> warm_up;
  std::optional<ceiling> ceiling_before, ceiling_after;
  load_result result;
  stats::histogram connect_times;  // Of the connections that were there from the start.
};

// Some lines of text, each with its end.
std::string text_of(findings const& found);
// Everything, the buckets of the histograms too. Times in nanoseconds.
nlohmann::ordered_json json_of(findings const& found);
nlohmann::ordered_json json_of(load_result const& result);

}  // namespace regatta::load
