// What a scraper reads: Prometheus' text format, version 0.0.4.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/counts.hpp"

namespace regatta::proxy::command {

struct metrics_labels {
  std::string_view runtime;
  std::string_view version;
};

std::string metrics_text(counts const& now, std::vector<upstream_counts> const& upstreams,
                         metrics_labels labels);

}  // namespace regatta::proxy::command
