// Who looks at many cells finds something by luck; this corrects for it.
#pragma once

#include <span>
#include <vector>

namespace regatta::stats {

// The p-values adjusted by Benjamini and Hochberg (Controlling the false discovery rate, Journal of
// the Royal Statistical Society B 57, 1995), in the order given: the least rate of false
// discoveries at which this one is called a discovery (often written q).
std::vector<double> adjusted_p_values(std::span<double const> p_values);

// Which of these p-values may be called discoveries, so that at most the share `rate` of the
// discoveries is expected to be false. In the order given.
std::vector<bool> benjamini_hochberg(std::span<double const> p_values, double rate = 0.05);

}  // namespace regatta::stats
