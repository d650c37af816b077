// What would change an answer, and what a run cannot tell: sentences for people.
#pragma once

#include "harness/choice/contest.hpp"

namespace regatta::choice {

// Ties that more blocks might part, weights (as sensitivity() found them), and the machine.
json would_change(json const& summary, json const& ranking, json const& sensitivity);

// Groups and cells that are missing, rows that are not ranked, and what the machine and the length
// of the run leave open.
json cannot_tell(contest const& c, json const& summary);

}  // namespace regatta::choice
