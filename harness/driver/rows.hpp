// Which rows take part: contenders × variants × threads, as they themselves say, and the A/A twin.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/driver/contenders.hpp"
#include "harness/driver/interrupt.hpp"
#include "harness/driver/plan.hpp"

namespace regatta::driver {

/// Starts each program of a contender once to hear which variants it has. A contender that cannot
/// be started or does not say hello within `limit_ns` is a row as well, with the reason. `threads`
/// empty: each variant's own default. Throws ends_command for a variant that no chosen contender
/// offers.
std::vector<row> plan_rows(const std::vector<chosen_contender>& chosen,
                           const std::vector<std::uint64_t>& threads, std::uint64_t limit_ns,
                           const interrupt& stop);

/// Enters one row a second time, right after itself: the difference that the two show is the noise
/// of this machine and session. Of the runtimes that take part it is the first with the most
/// threads, because noise grows with them, and so it is of the paths; or the row named `wanted`
/// alone. Throws ends_command if there is no such row.
void add_twin(std::vector<row>& rows, const std::string& wanted);

}  // namespace regatta::driver
