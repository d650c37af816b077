#include "harness/driver/latin_square.hpp"

#include <numeric>

namespace regatta::driver {
namespace {

/// 0, 1, n-1, 2, n-2, …: neighbouring differences are all different.
std::vector<std::size_t> zigzag(std::size_t n) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < n; ++i) order.push_back(i % 2 == 1 ? (i + 1) / 2 : (n - i / 2) % n);
  return order;
}

}  // namespace

std::vector<std::vector<std::size_t>> latin_square(std::size_t n, random_source& random) {
  std::vector<std::size_t> names(n);
  std::iota(names.begin(), names.end(), std::size_t{0});
  random.shuffle(names);
  std::vector<std::vector<std::size_t>> square;
  const std::vector<std::size_t> first = zigzag(n);
  for (std::size_t round = 0; round < n; ++round) {
    std::vector<std::size_t> turns;
    for (const std::size_t place : first) turns.push_back(names[(place + round) % n]);
    square.push_back(std::move(turns));
  }
  random.shuffle(square);
  return square;
}

}  // namespace regatta::driver
