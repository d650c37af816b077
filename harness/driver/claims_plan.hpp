// The run that the claims need: exactly their cells, and in each only the rows that it is about.
#pragma once

#include <string>
#include <vector>

#include "harness/claims/judge.hpp"
#include "harness/driver/contenders.hpp"
#include "harness/driver/interrupt.hpp"
#include "harness/driver/plan.hpp"

namespace regatta::driver {

struct claims_plan {
  std::vector<row> rows;  ///< Without the twins.
  std::vector<planned_cell> cells;
  std::vector<std::string> notes;  ///< Whom and what it had to do without.
};

/// Rows of `known` that are not there, or do not offer the variant, are noted and left out; so are
/// cells that nobody is left for.
claims_plan plan_claims(const std::vector<claims::rule>& rules, const std::vector<contender>& known,
                        const interrupt& stop);

}  // namespace regatta::driver
