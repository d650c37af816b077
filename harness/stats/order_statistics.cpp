#include "harness/stats/order_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace regatta::stats {
namespace {

// The chance of at most so many heads in n throws of a fair coin, for 0, 1, 2 … heads in turn.
// Summed from logarithms: 2^-n alone leaves the range of a double beyond n = 1074.
class heads_of {
 public:
  explicit heads_of(std::size_t n) : n_(n), log_chance_(-static_cast<double>(n) * std::log(2.0)) {
    at_most_ = std::exp(log_chance_);
  }

  double at_most() const { return std::min(at_most_, 1.0); }

  void one_more() {
    if (heads_ == n_) return;
    log_chance_ +=
        std::log(static_cast<double>(n_ - heads_)) - std::log(static_cast<double>(heads_ + 1));
    at_most_ += std::exp(log_chance_);
    ++heads_;
  }

 private:
  std::size_t n_;
  std::size_t heads_ = 0;
  double log_chance_;
  double at_most_;
};

double at_most(std::size_t successes, std::size_t n) {
  heads_of heads(n);
  for (std::size_t i = 0; i != successes; ++i) heads.one_more();
  return heads.at_most();
}

double median_of_sorted(std::span<double const> sorted) {
  std::size_t const half = sorted.size() / 2;
  if (sorted.size() % 2 == 1) return sorted[half];
  return (sorted[half - 1] + sorted[half]) / 2.0;
}

}  // namespace

double median(std::span<double const> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return median_of_sorted(sorted);
}

double interval_confidence(std::size_t n, std::size_t k) {
  if (k == 0 || 2 * k > n) return 0.0;
  return std::max(0.0, 1.0 - 2.0 * at_most(k - 1, n));
}

std::size_t interval_rank(std::size_t n, double confidence) {
  std::size_t k = 1;
  heads_of outside(n);
  for (outside.one_more(); 2 * (k + 1) <= n; outside.one_more()) {
    // Outside of the interval of k + 1 lie at most k values on one side.
    if (1.0 - 2.0 * outside.at_most() < confidence) break;
    ++k;
  }
  return k;
}

std::optional<estimate> estimate_median(std::span<double const> values, double confidence) {
  if (values.empty()) return std::nullopt;
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  std::size_t const n = sorted.size();
  std::size_t const k = interval_rank(n, confidence);
  return estimate{.median = median_of_sorted(sorted),
                  .low = sorted[k - 1],
                  .high = sorted[n - k],
                  .confidence = interval_confidence(n, k)};
}

double sign_test(std::span<double const> values, double centre) {
  auto const above = static_cast<std::size_t>(
      std::count_if(values.begin(), values.end(), [&](double v) { return v > centre; }));
  auto const below = static_cast<std::size_t>(
      std::count_if(values.begin(), values.end(), [&](double v) { return v < centre; }));
  if (above + below == 0) return 1.0;
  return std::min(1.0, 2.0 * at_most(std::min(above, below), above + below));
}

}  // namespace regatta::stats
