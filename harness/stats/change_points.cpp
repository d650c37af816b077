#include "harness/stats/change_points.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "harness/stats/order_statistics.hpp"
#include "harness/stats/random.hpp"

namespace regatta::stats {
namespace {

double pairs_of(double n) { return n * (n - 1.0) / 2.0; }

// From the sums of |x − y| over the pairs across both sides and within each.
double scaled(double across, double within_a, double within_b, double m, double n) {
  double const distance = 2.0 * across / (m * n) - within_a / pairs_of(m) - within_b / pairs_of(n);
  return m * n / (m + n) * distance;
}

// [first, last) of the values.
struct stretch {
  std::size_t first = 0;
  std::size_t last = 0;
};

// Where to split best.
struct split {
  double statistic = -std::numeric_limits<double>::infinity();
  std::size_t index = 0;
};

// The best split of `values` at τ, with the right side ending at any κ: a change that is taken back
// later would hide behind what follows. For all τ and κ in time and memory n² and n, from sums over
// pairs that grow by one row at a time.
split best_split(std::span<double const> values, std::size_t least) {
  std::size_t const n = values.size();
  // The sum over all pairs within the first k values.
  std::vector<double> within_first(n + 1, 0.0);
  for (std::size_t k = 0; k != n; ++k) {
    double row = 0.0;
    for (std::size_t i = 0; i != k; ++i) row += std::abs(values[k] - values[i]);
    within_first[k + 1] = within_first[k] + row;
  }
  split best;
  // The sum over all pairs within [τ, κ), at index κ.
  std::vector<double> within(n + 1, 0.0);
  for (std::size_t tau = n; tau-- > least;) {
    double row = 0.0;
    for (std::size_t kappa = tau + 1; kappa <= n; ++kappa) {
      row += std::abs(values[kappa - 1] - values[tau]);
      within[kappa] += row;
      if (kappa - tau < least) continue;
      double const across = within_first[kappa] - within_first[tau] - within[kappa];
      double const q = scaled(across, within_first[tau], within[kappa], static_cast<double>(tau),
                              static_cast<double>(kappa - tau));
      if (q > best.statistic) best = {.statistic = q, .index = tau};
    }
  }
  return best;
}

// The best split of all stretches.
std::optional<split> best_split(std::span<double const> values,
                                std::vector<stretch> const& stretches, std::size_t least) {
  std::optional<split> best;
  for (auto const& [first, last] : stretches) {
    if (last - first < 2 * least) continue;
    auto found = best_split(values.subspan(first, last - first), least);
    found.index += first;
    if (!best || found.statistic > best->statistic) best = found;
  }
  return best;
}

// How often shuffling within each stretch makes a split as good as `found`.
double permutation_test(std::span<double const> values, std::vector<stretch> const& stretches,
                        split const& found, change_point_options const& options, std::size_t least,
                        random_source& random) {
  std::vector<double> shuffled(values.begin(), values.end());
  std::size_t as_good = 0;
  for (std::size_t i = 0; i != options.permutations; ++i) {
    for (auto const& [first, last] : stretches) {
      random.shuffle(std::span(shuffled).subspan(first, last - first));
    }
    // Sums of the same numbers in another order differ in their last digits.
    double const bar = found.statistic * (1.0 - 1e-12);
    if (best_split(shuffled, stretches, least)->statistic >= bar) ++as_good;
  }
  return static_cast<double>(as_good + 1) / static_cast<double>(options.permutations + 1);
}

void note_medians(std::vector<change_point>& changes, std::span<double const> values) {
  for (std::size_t i = 0; i != changes.size(); ++i) {
    std::size_t const first = i == 0 ? 0 : changes[i - 1].index;
    std::size_t const last = i + 1 == changes.size() ? values.size() : changes[i + 1].index;
    changes[i].before = median(values.subspan(first, changes[i].index - first));
    changes[i].after = median(values.subspan(changes[i].index, last - changes[i].index));
  }
}

double size_of(change_point const& change) { return std::abs(change.after / change.before - 1.0); }

// The smallest first: where it goes, its neighbours' stretches grow, and their medians with them.
void leave_out_small(std::vector<change_point>& changes, std::span<double const> values,
                     double least_change) {
  while (!changes.empty()) {
    auto const smallest =
        std::min_element(changes.begin(), changes.end(),
                         [](auto const& a, auto const& b) { return size_of(a) < size_of(b); });
    if (size_of(*smallest) >= least_change) return;
    changes.erase(smallest);
    note_medians(changes, values);
  }
}

}  // namespace

double scaled_energy_distance(std::span<double const> a, std::span<double const> b) {
  if (a.size() < 2 || b.size() < 2) return 0.0;
  double across = 0.0;
  double within_a = 0.0;
  double within_b = 0.0;
  for (double const x : a) {
    for (double const y : b) across += std::abs(x - y);
  }
  for (std::size_t i = 0; i != a.size(); ++i) {
    for (std::size_t j = 0; j != i; ++j) within_a += std::abs(a[i] - a[j]);
  }
  for (std::size_t i = 0; i != b.size(); ++i) {
    for (std::size_t j = 0; j != i; ++j) within_b += std::abs(b[i] - b[j]);
  }
  return scaled(across, within_a, within_b, static_cast<double>(a.size()),
                static_cast<double>(b.size()));
}

std::vector<change_point> change_points(std::span<double const> values,
                                        change_point_options const& options) {
  std::size_t const least = std::max<std::size_t>(options.least_stretch, 2);
  random_source random(options.seed);
  std::vector<stretch> stretches{{0, values.size()}};
  std::vector<change_point> changes;
  while (auto const found = best_split(values, stretches, least)) {
    // Nothing separates equal values, however they are shuffled.
    if (!(found->statistic > 0.0)) break;
    double const p = permutation_test(values, stretches, *found, options, least, random);
    if (p > options.significance) break;
    changes.push_back({.index = found->index, .p_value = p, .statistic = found->statistic});
    auto const holder = std::find_if(stretches.begin(), stretches.end(), [&](stretch const& s) {
      return s.first < found->index && found->index < s.last;
    });
    stretch const left{holder->first, found->index};
    holder->first = found->index;
    stretches.insert(holder, left);
  }
  std::sort(changes.begin(), changes.end(),
            [](auto const& a, auto const& b) { return a.index < b.index; });
  note_medians(changes, values);
  leave_out_small(changes, values, options.least_change);
  return changes;
}

}  // namespace regatta::stats
