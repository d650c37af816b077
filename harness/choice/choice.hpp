// Which runtime for which work, and how sure: the verdict of one run on one profile.
//
// Pure: from the samples and their summary to documents (docs/CHOOSING.md describes their keys and
// how to read them).
#pragma once

#include <vector>

#include "harness/choice/profile.hpp"
#include "harness/stats/measurements.hpp"

namespace regatta::choice {

// {"profile","description","weights","ranking","unranked","dominated","sensitivity",
// "would_change","cannot_tell"}. A profile of which the run holds no cell has an empty ranking, and
// cannot_tell says so.
json choose(stats::measurements const& samples, json const& summary, profile const& for_what);

// What each row is, and what could be measured of it whatever it is to be used for: start-up, size,
// bytes a task.
json properties(json const& summary);

// choice.json: all profiles and the properties.
json choice_document(stats::measurements const& samples, json const& summary,
                     std::vector<profile> const& profiles);

// For a terminal. `choice` is what choose() made, `properties` what properties() made.
std::string choice_text(json const& choice, json const& properties, std::size_t columns = 100);

}  // namespace regatta::choice
