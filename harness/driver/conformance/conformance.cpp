#include "harness/driver/conformance/conformance.hpp"

namespace regatta::driver {

void check_conformance(const row& r, const conformance_wishes& wishes, const interrupt& stop,
                       findings& found) {
  conformance::dialogue with(r, wishes.memory_limit_bytes, stop, found);
  conformance::account told;
  if (!check_introduction(with, r, told, found)) return;
  for (const auto* scenario : wishes.scenarios) check_scenario(with, *scenario, wishes, told);
  check_one_thread(with, r, wishes, told);
  check_manners(with, r, wishes, told);
  check_leave_taking(with, wishes, told);
}

}  // namespace regatta::driver
