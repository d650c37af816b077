// What a comparison says, of one cell and of all of them.
#pragma once

#include <string_view>
#include <vector>

namespace regatta::comparison {

enum class verdict {
  unchanged,          // a change that matters is excluded
  better,             // faster, by the same rule as worse
  could_not_measure,  // this session cannot tell
  worse,
};

std::string_view to_string(verdict v);

// Unchanged for a text that is none of them: read only what to_string() wrote.
verdict verdict_from(std::string_view text);

// The verdict on all cells together. One worse cell makes the whole worse, whatever the others are.
// A cell that could not be measured comes next: a gate must not say that nothing changed while it
// has not seen everything. No cells at all could not be measured either.
verdict verdict_over(std::vector<verdict> const& cells);

}  // namespace regatta::comparison
