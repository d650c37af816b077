// What would change the answer: at which weight of a group another row would lead.
#pragma once

#include "harness/choice/contest.hpp"

namespace regatta::choice {

// A list of {"group","weight","needed","row","text"}: shares of 1. `leader` is an index into the
// rows of the contest. Of each group and direction only the nearest change is told, and only one
// for which the rows are separated in that group.
json sensitivity(contest const& c, std::size_t leader);

}  // namespace regatta::choice
