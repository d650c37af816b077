// How throughput follows the number of threads, by the Universal Scalability Law (N. J. Gunther,
// Guerrilla Capacity Planning, chapter 6):
//
//   X(n) = λ n / (1 + σ (n − 1) + κ n (n − 1))
//
// λ is the throughput of one thread. σ is the share of the work that waits for its turn
// (contention): it bends the curve towards a ceiling of λ/σ. κ is the cost of agreeing with every
// other thread (coherency): it bends the curve down again, so that there is a best number of
// threads. Neither can be negative: a negative one would be a fit of noise.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace regatta::stats {

struct throughput_point {
  double threads = 0.0;  // from 1
  double throughput = 0.0;
};

struct usl {
  double lambda = 0.0;
  double sigma = 0.0;
  double kappa = 0.0;
  // The share of the scatter (of relative deviations) that the curve accounts for. From 0, since a
  // level line is among the curves (σ = 1, κ = 0), to 1. Nothing where there was no scatter.
  std::optional<double> r_squared = std::nullopt;
  std::vector<double> fitted = {};  // the numbers of threads that took part, ascending, each once
  std::size_t points = 0;
  // More threads than the machine has processors took part, because with fewer there were not
  // enough points. Such threads share processors, which the law knows nothing of.
  bool beyond_processors = false;

  double operator()(double threads) const;

  // The number of threads with the greatest throughput, whether anybody measured there or not.
  // Nothing where the curve never falls.
  std::optional<double> peak() const;
};

// A curve, or a sentence that says why there is none.
struct fitted_usl {
  std::optional<usl> value;
  std::string reason;
};

// Least squares of the relative deviations. Three different numbers of threads are the least. Those
// up to `processors` are fitted if they are enough, otherwise all (and so with 0: not known).
fitted_usl fit_usl(std::span<throughput_point const> points, std::size_t processors);

}  // namespace regatta::stats
