// The order in which rows take their turns: in n rounds each of n rows takes each turn once.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/driver/random.hpp"

namespace regatta::driver {

/// square[round][turn] is a row's number. Each round and each turn holds each row once. For an even
/// n every row also follows every other equally often (E. J. Williams, 1949), so that nobody always
/// inherits the same neighbour's caches; rounds and names are then shuffled.
std::vector<std::vector<std::size_t>> latin_square(std::size_t n, random_source& random);

}  // namespace regatta::driver
