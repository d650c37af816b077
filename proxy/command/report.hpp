// The counts as text: a line for people, and Prometheus' text format.
#pragma once

#include <string>

#include "proxy/counts.hpp"

namespace regatta::proxy::command {

// "accepted=12 active=3 …": what a line of the report says, and nothing that contains a blank.
std::string counts_line(counts const& now);

}  // namespace regatta::proxy::command
