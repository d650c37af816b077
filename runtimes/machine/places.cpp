#include "runtimes/machine/places.hpp"

#include <algorithm>
#include <fstream>
#include <string>

namespace regatta::machine {
namespace {

// A number that the kernel tells of a processor; the same for all where it tells none.
int topology_of(processor which, char const* what) {
  std::ifstream in("/sys/devices/system/cpu/cpu" + std::to_string(which) + "/topology/" + what);
  int number = -1;
  in >> number;
  return in ? number : -1;
}

cpu_set_t allowed_processors() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof(allowed), &allowed);
  return allowed;
}

// How well `other` suits beside `first`: 2 for another core of the same package, 0 for the same
// core.
int suits(processor first, processor other) {
  bool const shares_package =
      topology_of(first, "physical_package_id") == topology_of(other, "physical_package_id");
  bool const shares_core =
      shares_package && topology_of(first, "core_id") == topology_of(other, "core_id");
  if (shares_core) return 0;
  return shares_package ? 2 : 1;
}

}  // namespace

std::vector<processor> choose_processors() {
  cpu_set_t const allowed = allowed_processors();
  std::vector<processor> found;
  // From the last one down: the first takes most of the machine's interrupts.
  for (processor i = CPU_SETSIZE - 1; i >= 0; --i) {
    if (CPU_ISSET(static_cast<std::size_t>(i), &allowed)) found.push_back(i);
  }
  if (found.size() > 2) {
    auto const second =
        std::max_element(found.begin() + 1, found.end(), [&](processor a, processor b) {
          return suits(found.front(), a) < suits(found.front(), b);
        });
    std::iter_swap(found.begin() + 1, second);
    found.resize(2);
  }
  return found;
}

void pin_this_thread(processor where) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<std::size_t>(where), &only);
  // Where the kernel refuses, the figures are noisier and no less true.
  sched_setaffinity(0, sizeof(only), &only);
}

pinned::pinned(processor where) : before_(allowed_processors()) { pin_this_thread(where); }

pinned::~pinned() { sched_setaffinity(0, sizeof(before_), &before_); }

}  // namespace regatta::machine
