// Random numbers that are the same with every compiler and library, so that a seed replays a run
// and its statistics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

namespace regatta::stats {

// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
class random_source {
 public:
  explicit random_source(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  // Even over [0, below), `below` > 0.
  std::uint64_t below(std::uint64_t bound) {
    // Numbers under the remainder would favour small results.
    std::uint64_t const uneven = (0 - bound) % bound;
    for (;;) {
      std::uint64_t const drawn = next();
      if (drawn >= uneven) return drawn % bound;
    }
  }

  // Fisher and Yates: every order equally likely.
  template <class Items>
  void shuffle(Items&& items) {
    for (std::size_t left = std::size(items); left > 1; --left) {
      std::swap(items[left - 1], items[static_cast<std::size_t>(below(left))]);
    }
  }

 private:
  std::uint64_t state_;
};

// A seed of its own for each use of one run's seed.
inline std::uint64_t mixed_seed(std::uint64_t seed, std::uint64_t use) {
  return random_source(seed ^ (use * 0xd1342543de82ef95u)).next();
}

}  // namespace regatta::stats
