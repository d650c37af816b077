#include "harness/stats/usl_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

namespace regatta::stats {
namespace {

// The law turned round is linear in its parameters: n / X(n) = a + b (n − 1) + c n (n − 1), with
// a = 1/λ, b = σ/λ and c = κ/λ. So fits are made in a, b and c.
constexpr std::size_t terms = 3;
using parameters = std::array<double, terms>;
using matrix = std::array<std::array<double, terms>, terms>;

// Which of the three are free; the others stay 0.
using freedom = std::array<bool, terms>;

parameters terms_of(double threads) { return {1.0, threads - 1.0, threads * (threads - 1.0)}; }

double time_of(parameters const& p, double threads) {
  auto const t = terms_of(threads);
  return p[0] * t[0] + p[1] * t[1] + p[2] * t[2];
}

// Gaussian elimination of the free unknowns. Normal equations are positive definite, so nothing is
// gained by choosing pivots. Nothing where the unknowns are not determined.
std::optional<parameters> solve(matrix m, parameters right, freedom const& free) {
  for (std::size_t i = 0; i != terms; ++i) {
    if (free[i]) continue;
    for (std::size_t j = 0; j != terms; ++j) m[i][j] = m[j][i] = 0.0;
    m[i][i] = 1.0;
    right[i] = 0.0;
  }
  for (std::size_t i = 0; i != terms; ++i) {
    if (!(m[i][i] > 0.0)) return std::nullopt;
    for (std::size_t row = i + 1; row != terms; ++row) {
      double const factor = m[row][i] / m[i][i];
      for (std::size_t j = i; j != terms; ++j) m[row][j] -= factor * m[i][j];
      right[row] -= factor * right[i];
    }
  }
  parameters x{};
  for (std::size_t i = terms; i-- != 0;) {
    double sum = right[i];
    for (std::size_t j = i + 1; j != terms; ++j) sum -= m[i][j] * x[j];
    x[i] = sum / m[i][i];
  }
  return x;
}

// One point as the fit sees it: `time` is n / X(n), scaled so that it lies near 1.
struct observation {
  double threads = 0.0;
  double time = 0.0;
};

// Σ ((curve − X) / X)². The curve over X is the observed time over that of the law.
double cost_of(parameters const& p, std::span<observation const> seen) {
  double cost = 0.0;
  for (observation const& o : seen) {
    double const expected = time_of(p, o.threads);
    if (!(expected > 0.0)) return std::numeric_limits<double>::infinity();
    double const deviation = o.time / expected - 1.0;
    cost += deviation * deviation;
  }
  return cost;
}

// One step's normal equations. Towards the linear problem deviations are taken against the observed
// times; towards the true one, against those of the law at `at`.
std::optional<parameters> step(std::span<observation const> seen, freedom const& free,
                               parameters const* at, double damping) {
  matrix m{};
  parameters right{};
  for (observation const& o : seen) {
    auto t = terms_of(o.threads);
    double deviation = 1.0;
    double scale = 1.0 / o.time;
    if (at != nullptr) {
      double const expected = time_of(*at, o.threads);
      scale = o.time / (expected * expected);
      deviation = o.time / expected - 1.0;
    }
    for (double& value : t) value *= scale;
    for (std::size_t i = 0; i != terms; ++i) {
      right[i] += t[i] * deviation;
      for (std::size_t j = 0; j != terms; ++j) m[i][j] += t[i] * t[j];
    }
  }
  for (std::size_t i = 0; i != terms; ++i) m[i][i] *= 1.0 + damping;
  return solve(m, right, free);
}

// Levenberg and Marquardt's way down from the solution of the linear problem. Nothing where the
// free parameters end below 0 or are not determined.
std::optional<parameters> descend(std::span<observation const> seen, freedom const& free) {
  auto found = step(seen, free, nullptr, 0.0);
  if (!found) return std::nullopt;
  double cost = cost_of(*found, seen);
  if (!std::isfinite(cost)) return std::nullopt;
  double damping = 1e-3;
  for (int i = 0; i != 200 && damping < 1e12; ++i) {
    auto const change = step(seen, free, &*found, damping);
    if (!change) break;
    parameters next = *found;
    for (std::size_t j = 0; j != terms; ++j) next[j] += (*change)[j];
    double const next_cost = cost_of(next, seen);
    if (!(next_cost < cost)) {
      damping *= 10.0;
      continue;
    }
    bool const settled = cost - next_cost <= 1e-14 * cost;
    found = next;
    cost = next_cost;
    damping = std::max(damping / 10.0, 1e-12);
    if (settled) break;
  }
  bool const lawful =
      std::all_of(found->begin(), found->end(), [](double value) { return value >= 0.0; });
  return lawful && (*found)[0] > 0.0 ? found : std::nullopt;
}

// The best with σ and κ at 0 or above: it lies inside, or on one of the borders where one or both
// are 0. Each is tried, and the best that is allowed wins.
std::optional<parameters> best_of(std::span<observation const> seen) {
  std::optional<parameters> best;
  double least = std::numeric_limits<double>::infinity();
  for (freedom const& free : {freedom{true, true, true}, freedom{true, true, false},
                              freedom{true, false, true}, freedom{true, false, false}}) {
    auto const found = descend(seen, free);
    if (!found) continue;
    // A border must do better than what lies inside, not as well.
    if (double const cost = cost_of(*found, seen); cost < least * (1.0 - 1e-9)) {
      best = found;
      least = cost;
    }
  }
  return best;
}

std::size_t different(std::span<throughput_point const> points) {
  std::set<double> counts;
  for (auto const& p : points) counts.insert(p.threads);
  return counts.size();
}

std::string problem_of(std::span<throughput_point const> points) {
  for (auto const& p : points) {
    if (!(p.threads >= 1.0) || !(p.throughput > 0.0) || !std::isfinite(p.throughput)) {
      return fmt::format("a throughput of {} with {} threads is none", p.throughput, p.threads);
    }
  }
  if (auto const n = different(points); n < 3) {
    return fmt::format("not enough points: {} different number{} of threads, 3 are the least", n,
                       n == 1 ? "" : "s");
  }
  return {};
}

// Compared with the best level line, whose height is the mean with the same weights 1/X².
std::optional<double> r_squared_of(usl const& fit, std::span<throughput_point const> points) {
  double weights = 0.0;
  double sum = 0.0;
  for (auto const& p : points) {
    weights += 1.0 / (p.throughput * p.throughput);
    sum += 1.0 / p.throughput;
  }
  double const level = sum / weights;
  double left = 0.0;
  double total = 0.0;
  for (auto const& p : points) {
    left += std::pow(fit(p.threads) / p.throughput - 1.0, 2);
    total += std::pow(level / p.throughput - 1.0, 2);
  }
  if (total < 1e-18 * static_cast<double>(points.size())) return std::nullopt;
  return std::clamp(1.0 - left / total, 0.0, 1.0);
}

}  // namespace

double usl::operator()(double threads) const {
  return lambda * threads / (1.0 + sigma * (threads - 1.0) + kappa * threads * (threads - 1.0));
}

std::optional<double> usl::peak() const {
  if (sigma >= 1.0) return sigma > 1.0 || kappa > 0.0 ? std::optional(1.0) : std::nullopt;
  if (!(kappa > 0.0)) return std::nullopt;
  return std::max(1.0, std::sqrt((1.0 - sigma) / kappa));
}

fitted_usl fit_usl(std::span<throughput_point const> points, std::size_t processors) {
  if (auto reason = problem_of(points); !reason.empty()) return {.value = {}, .reason = reason};

  std::vector<throughput_point> chosen;
  std::copy_if(points.begin(), points.end(), std::back_inserter(chosen),
               [&](auto const& p) { return p.threads <= static_cast<double>(processors); });
  if (different(chosen) < 3) chosen.assign(points.begin(), points.end());

  double scale = 0.0;
  std::set<double> counts;
  for (auto const& p : chosen) {
    scale = std::max(scale, p.threads / p.throughput);
    counts.insert(p.threads);
  }
  std::vector<observation> seen;
  for (auto const& p : chosen) seen.push_back({p.threads, p.threads / p.throughput / scale});
  auto const best = best_of(seen);
  if (!best) return {.value = {}, .reason = "no curve of the law comes near these points"};

  usl fit{.lambda = 1.0 / ((*best)[0] * scale),
          .sigma = (*best)[1] / (*best)[0],
          .kappa = (*best)[2] / (*best)[0],
          .fitted = {counts.begin(), counts.end()},
          .points = chosen.size()};
  fit.beyond_processors = processors != 0 && fit.fitted.back() > static_cast<double>(processors);
  fit.r_squared = r_squared_of(fit, chosen);
  return {.value = std::move(fit), .reason = {}};
}

}  // namespace regatta::stats
