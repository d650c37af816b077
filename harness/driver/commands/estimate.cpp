#include "harness/driver/commands/estimate.hpp"

namespace regatta::driver {

std::uint64_t first_estimate_ns(const plan& p) {
  std::uint64_t visits = 0;
  for (const planned_cell& c : p.cells) {
    for (const row& r : p.rows) visits += !r.absent && takes_part(r, c.what) ? 1 : 0;
  }
  return visits * (p.blocks + 1) * 3 * p.target_ns;
}

}  // namespace regatta::driver
