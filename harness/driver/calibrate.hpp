// How much work one sample of a cell holds: the same for every row and block.
#pragma once

#include <cstdint>
#include <vector>

namespace regatta::driver {

struct work_size {
  std::uint64_t iterations = 0;
  std::uint64_t warmup = 0;
};

/// `one_ns` holds how long one iteration takes each row that can run the cell, as far as it is
/// timed; `slowest_whole_ns` how long it takes the slowest row with all that is not: connecting,
/// making a file. The fastest row's sample takes about `target_ns`; the slowest one's at most ten
/// times that, all in all, and at most a quarter of the time limit. Never less than one iteration.
/// Warm-up is a tenth of the sample and at least one iteration, but for iterations of a second and
/// more, which warm themselves.
work_size size_work(const std::vector<std::uint64_t>& one_ns, std::uint64_t target_ns,
                    std::uint64_t time_limit_ns, std::uint64_t slowest_whole_ns = 0);

/// How many iterations the next probe should take, given that `iterations` took `ns`: enough for a
/// quarter of the target, at most a hundred times more than before. 0: this probe was long enough.
std::uint64_t next_probe(std::uint64_t iterations, std::uint64_t ns, std::uint64_t target_ns);

}  // namespace regatta::driver
