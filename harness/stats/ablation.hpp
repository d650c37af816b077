// Variants that are there to be measured against, and not to be chosen.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace regatta::stats {

// Whether a variant is an ablation: a runtime with one knob turned, to see what that is worth
// (runtimes/work_stealing/options.hpp). Nobody is to choose it, and no run takes it unasked.
inline bool is_ablation(std::string_view variant) {
  constexpr std::array<std::string_view, 3> knobs{"lifo=", "steal=", "queue="};
  return std::ranges::any_of(knobs,
                             [&](std::string_view knob) { return variant.starts_with(knob); });
}

}  // namespace regatta::stats
