// regatta compare: what was measured already, two by two.
#include <fmt/core.h>

#include "harness/driver/commands/common.hpp"

namespace regatta::driver {
void add_compare(CLI::App&, action&) {}
}  // namespace regatta::driver
