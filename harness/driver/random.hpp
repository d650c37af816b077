// Random numbers that are the same with every compiler and library, so that a seed replays a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace regatta::driver {

/// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
class random_source {
 public:
  explicit random_source(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  /// Even over [0, below), `below` > 0.
  std::uint64_t below(std::uint64_t bound) {
    // Numbers under the remainder would favour small results.
    const std::uint64_t uneven = (0 - bound) % bound;
    for (;;) {
      const std::uint64_t drawn = next();
      if (drawn >= uneven) return drawn % bound;
    }
  }

  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t left = items.size(); left > 1; --left) {
      std::swap(items[left - 1], items[static_cast<std::size_t>(below(left))]);
    }
  }

 private:
  std::uint64_t state_;
};

/// A seed of its own for each use of one run's seed.
inline std::uint64_t mixed_seed(std::uint64_t seed, std::uint64_t use) {
  return random_source(seed ^ (use * 0xd1342543de82ef95u)).next();
}

}  // namespace regatta::driver
