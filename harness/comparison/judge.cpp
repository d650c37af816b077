#include "harness/comparison/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/stats/order_statistics.hpp"
#include "harness/stats/power.hpp"
#include "harness/stats/quantities.hpp"

namespace regatta::comparison {
namespace {

// More than so many times the blocks that were taken are no advice.
constexpr double most_times_the_blocks = 10.0;

bool lies_within(stats::ratio const& r, double resolution) {
  double const bound = std::log1p(resolution);
  return -bound < std::log(r.value.low) && std::log(r.value.high) < bound;
}

// The floor is an error of a median, which falls with the root of the number of blocks. Nothing
// where it would take unreasonably many.
std::optional<std::size_t> more_blocks_for_floor(finding const& seen, double wanted) {
  double const times = std::pow(seen.floor / wanted, 2.0);
  if (!(times <= most_times_the_blocks)) return std::nullopt;
  double const more = std::ceil((times - 1.0) * static_cast<double>(seen.ratio.blocks));
  return static_cast<std::size_t>(std::max(1.0, more));
}

// How many would show a change of the resolution, were it there.
std::optional<std::size_t> more_blocks_for_interval(finding const& seen, thresholds const& limits) {
  auto const enough = stats::blocks_to_separate(
      std::log1p(limits.resolution), seen.scatter,
      {.power = 0.9, .noise_floor = limits.least_floor, .confidence = limits.confidence});
  if (!enough) return std::nullopt;
  // By this estimate there are enough already, and bad luck is why it does not show: as many again.
  if (*enough <= seen.ratio.blocks) return seen.ratio.blocks;
  return *enough - seen.ratio.blocks;
}

std::string effect_text(finding const& seen) {
  auto const& value = seen.ratio.value;
  double const share = value.median - 1.0;
  return fmt::format("{} {} [{:.3f}, {:.3f}]", stats::percent_text(std::abs(share)),
                     share < 0 ? "faster" : "slower", value.low, value.high);
}

judgement too_few_blocks(finding const& seen) {
  constexpr std::size_t least_blocks = 6;
  std::size_t const more = least_blocks - std::min(least_blocks, seen.ratio.blocks);
  return {.what = verdict::could_not_measure,
          .confirmed = {},
          .why = fmt::format("{} blocks have no 95 % interval; at least {} are needed",
                             seen.ratio.blocks, least_blocks),
          .more_blocks = more};
}

// What to say of a cell that is neither worse nor better.
judgement neither(finding const& seen, thresholds const& limits) {
  std::string const resolution = stats::percent_text(limits.resolution);
  if (seen.floor > limits.resolution) {
    return {.what = verdict::could_not_measure,
            .confirmed = {},
            .why = fmt::format("too noisy: the A/A pair leaves a floor of {}, above the {} that "
                               "must not go unseen",
                               stats::percent_text(seen.floor), resolution),
            .more_blocks = more_blocks_for_floor(seen, limits.resolution)};
  }
  if (lies_within(seen.ratio, limits.resolution)) {
    return {.what = verdict::unchanged,
            .confirmed = {},
            .why = fmt::format("a change of {} is excluded", resolution),
            .more_blocks = {}};
  }
  return {.what = verdict::could_not_measure,
          .confirmed = {},
          .why = fmt::format("the interval [{:.3f}, {:.3f}] is too wide: it neither shows a change "
                             "nor excludes one of {}",
                             seen.ratio.value.low, seen.ratio.value.high, resolution),
          .more_blocks = more_blocks_for_interval(seen, limits)};
}

}  // namespace

double spread_of(std::vector<double> const& twin_log_ratios) {
  if (twin_log_ratios.empty()) return 0.0;
  std::vector<double> deviations;
  for (double const value : twin_log_ratios) deviations.push_back(std::abs(value));
  // The deviation that half of the blocks stay below is 0.6745 standard deviations of a normal
  // distribution, and the error of a median 1.2533 of them over the root of their number.
  double const blocks = static_cast<double>(twin_log_ratios.size());
  return std::expm1(1.2533 / 0.6745 * stats::median(deviations) / std::sqrt(blocks));
}

double floor_of(double spread, thresholds const& limits) {
  return std::max(limits.least_floor, limits.spreads * spread);
}

int finding::direction(thresholds const& limits) const {
  if (ratio.value.confidence < limits.confidence || ratio.interval_holds_one()) return 0;
  double const effect = std::log(ratio.value.median);
  if (std::abs(effect) <= std::log1p(floor)) return 0;
  return effect > 0.0 ? 1 : -1;
}

bool is_suspicious(evidence const& seen, thresholds const& limits) {
  return seen.discovery && seen.measured.direction(limits) != 0;
}

judgement judge(evidence const& seen, thresholds const& limits) {
  if (seen.measured.ratio.value.confidence < limits.confidence) {
    return too_few_blocks(seen.measured);
  }
  if (!is_suspicious(seen, limits)) return neither(seen.measured, limits);
  int const direction = seen.measured.direction(limits);
  verdict const what = direction > 0 ? verdict::worse : verdict::better;
  if (!limits.wants_confirmation) {
    return {.what = what, .confirmed = {}, .why = effect_text(seen.measured), .more_blocks = {}};
  }
  if (!seen.confirmation) {
    return {.what = verdict::could_not_measure,
            .confirmed = {},
            .why = effect_text(seen.measured) + ", but this was not confirmed by a second run",
            .more_blocks = {}};
  }
  finding const& second = *seen.confirmation;
  if (second.direction(limits) == direction) {
    return {.what = what,
            .confirmed = true,
            .why = fmt::format("{}; again {}", effect_text(seen.measured), effect_text(second)),
            .more_blocks = {}};
  }
  // The second run was for this cell alone and is the one to go by.
  judgement after = second.ratio.value.confidence < limits.confidence ? too_few_blocks(second)
                                                                      : neither(second, limits);
  after.confirmed = false;
  after.why = fmt::format("{}, but a second run did not show it ({}): {}",
                          effect_text(seen.measured), effect_text(second), after.why);
  return after;
}

}  // namespace regatta::comparison
