#include "harness/stats/rank_tests.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

namespace regatta::stats {
namespace {

boost::math::normal const standard_normal;

// From this many values on the normal distribution is near enough (R's wilcox.test has the same).
constexpr std::size_t many = 50;

// How likely each value of U is: index u, for groups of m and n. The last value of all comes from
// the first group (and adds n) or from the second; so the counts of (m, n) are those of (m − 1, n)
// moved by n, and those of (m, n − 1). Built up for all sizes of the second group at once.
std::vector<double> distribution_of_u(std::size_t m, std::size_t n) {
  std::vector<std::vector<double>> sizes(n + 1, std::vector<double>{1.0});  // m = 0: U is 0
  for (std::size_t first = 1; first <= m; ++first) {
    sizes[0] = {1.0};
    for (std::size_t second = 1; second <= n; ++second) {
      auto const& without_first = sizes[second];
      auto const& without_second = sizes[second - 1];
      double const share = static_cast<double>(first) / static_cast<double>(first + second);
      std::vector<double> chances(first * second + 1, 0.0);
      for (std::size_t u = 0; u != without_first.size(); ++u) {
        chances[u + second] += share * without_first[u];
      }
      for (std::size_t u = 0; u != without_second.size(); ++u) {
        chances[u] += (1.0 - share) * without_second[u];
      }
      sizes[second] = std::move(chances);
    }
  }
  return sizes[n];
}

// How likely each signed-rank sum of n values is: every rank is in the sum or not.
std::vector<double> distribution_of_signed_ranks(std::size_t n) {
  std::vector<double> chances(n * (n + 1) / 2 + 1, 0.0);
  chances[0] = 1.0;
  std::size_t greatest = 0;
  for (std::size_t rank = 1; rank <= n; ++rank) {
    greatest += rank;
    for (std::size_t sum = greatest + 1; sum-- != 0;) {
      chances[sum] = (chances[sum] + (sum >= rank ? chances[sum - rank] : 0.0)) / 2.0;
    }
  }
  return chances;
}

double sum_up_to(std::vector<double> const& chances, std::size_t last) {
  auto const count = std::min(last + 1, chances.size());
  return std::accumulate(chances.begin(), chances.begin() + static_cast<std::ptrdiff_t>(count),
                         0.0);
}

// An interval reaches from the k-th smallest candidate to the k-th greatest. Its confidence follows
// from how likely the rank statistic is below k.
struct cut {
  std::size_t k = 1;
  double confidence = 0.0;
};

cut exact_cut(std::vector<double> const& chances, double confidence) {
  double const tail = (1.0 - confidence) / 2.0;
  std::size_t k = 1;
  double left_out = chances[0];
  while (k < chances.size() / 2 && left_out + chances[k] <= tail) left_out += chances[k++];
  return {.k = k, .confidence = std::max(0.0, 1.0 - 2.0 * left_out)};
}

cut normal_cut(double centre, double deviation, double confidence) {
  double const z = quantile(standard_normal, 0.5 + confidence / 2.0);
  auto const k = static_cast<std::size_t>(std::max(1.0, std::floor(centre - z * deviation)));
  return {.k = k, .confidence = confidence};
}

estimate between(std::vector<double>& candidates, cut const& cut) {
  std::sort(candidates.begin(), candidates.end());
  return {.median = median(candidates),
          .low = candidates[cut.k - 1],
          .high = candidates[candidates.size() - cut.k],
          .confidence = cut.confidence};
}

// U of the first group, and Σ (t³ − t) over the groups of t equal values.
struct ranking {
  double u = 0.0;
  double ties = 0.0;
};

ranking rank(std::span<double const> a, std::span<double const> b) {
  std::vector<double> all(a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  std::sort(all.begin(), all.end());
  ranking r;
  for (auto first = all.begin(); first != all.end();) {
    auto const last = std::upper_bound(first, all.end(), *first);
    auto const t = static_cast<double>(last - first);
    r.ties += t * t * t - t;
    first = last;
  }
  for (double const x : a) {
    for (double const y : b) r.u += x > y ? 1.0 : x == y ? 0.5 : 0.0;
  }
  return r;
}

double normal_p_value(ranking const& r, double m, double n) {
  double const both = m + n;
  double const variance = m * n / 12.0 * (both + 1.0 - r.ties / (both * (both - 1.0)));
  if (!(variance > 0.0)) return 1.0;
  double const away = std::abs(r.u - m * n / 2.0) - 0.5;
  return std::min(1.0, 2.0 * cdf(complement(standard_normal, away / std::sqrt(variance))));
}

}  // namespace

double mann_whitney_at_most(std::size_t u, std::size_t m, std::size_t n) {
  return sum_up_to(distribution_of_u(m, n), u);
}

double signed_rank_at_most(std::size_t sum, std::size_t n) {
  return sum_up_to(distribution_of_signed_ranks(n), sum);
}

rank_test mann_whitney(std::span<double const> a, std::span<double const> b) {
  if (a.empty() || b.empty()) return {};
  ranking const r = rank(a, b);
  rank_test test{.u = r.u, .exact = r.ties == 0.0 && a.size() < many && b.size() < many};
  if (test.exact) {
    auto const u = static_cast<std::size_t>(r.u);
    std::size_t const smaller = std::min(u, a.size() * b.size() - u);
    test.p_value = std::min(1.0, 2.0 * mann_whitney_at_most(smaller, a.size(), b.size()));
  } else {
    test.p_value = normal_p_value(r, static_cast<double>(a.size()), static_cast<double>(b.size()));
  }
  return test;
}

std::optional<estimate> hodges_lehmann(std::span<double const> values, double confidence) {
  if (values.empty()) return std::nullopt;
  std::vector<double> means;
  for (std::size_t i = 0; i != values.size(); ++i) {
    for (std::size_t j = i; j != values.size(); ++j) means.push_back((values[i] + values[j]) / 2.0);
  }
  auto const n = static_cast<double>(values.size());
  return between(means,
                 values.size() < many
                     ? exact_cut(distribution_of_signed_ranks(values.size()), confidence)
                     : normal_cut(n * (n + 1.0) / 4.0,
                                  std::sqrt(n * (n + 1.0) * (2.0 * n + 1.0) / 24.0), confidence));
}

std::optional<estimate> hodges_lehmann_shift(std::span<double const> a, std::span<double const> b,
                                             double confidence) {
  if (a.empty() || b.empty()) return std::nullopt;
  std::vector<double> differences;
  for (double const x : a) {
    for (double const y : b) differences.push_back(x - y);
  }
  auto const m = static_cast<double>(a.size());
  auto const n = static_cast<double>(b.size());
  bool const few = a.size() < many && b.size() < many;
  return between(differences, few ? exact_cut(distribution_of_u(a.size(), b.size()), confidence)
                                  : normal_cut(m * n / 2.0, std::sqrt(m * n * (m + n + 1.0) / 12.0),
                                               confidence));
}

}  // namespace regatta::stats
