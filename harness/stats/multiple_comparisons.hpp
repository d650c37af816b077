// Who looks at many cells finds something by luck; this corrects for it.
#pragma once

#include <span>
#include <vector>

namespace regatta::stats {

// Benjamini and Hochberg (1995): which of these p-values may be called discoveries, so that at most
// the share `rate` of the discoveries is expected to be false. In the order given.
std::vector<bool> benjamini_hochberg(std::span<double const> p_values, double rate = 0.05);

}  // namespace regatta::stats
