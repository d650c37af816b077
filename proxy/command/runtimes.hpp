// Which runtimes this program has. Each generated source (host.cpp.in) enters one; what is missing,
// and why, CMake has written down (missing_runtimes.cpp.in).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/command/host.hpp"
#include "runtimes/interface/net.hpp"

namespace regatta::proxy::command {

// A runtime by the name that --runtime takes: "work_stealing", "asio/thread_pool". Of several
// variants of one name the one with the lowest rank is meant where only the name is given.
struct known_runtime {
  std::string_view name;
  unsigned rank = 0;
  make_host make = nullptr;       // nullptr: it is elsewhere, or missing.
  std::string_view program = {};  // It is in a program of its own, of that file name.
  std::string_view missing = {};  // Why there is none.
};

// Before main().
class registered_runtime {
 public:
  explicit registered_runtime(known_runtime entry);
};

// All of them, by name.
std::vector<known_runtime> all_runtimes();

// The one that `name` means. Throws failure: there is none of that name (usage), or it is missing.
known_runtime const& find_runtime(std::string_view name);

// For people: what there is, and what is not, with the reason.
std::string list_of_runtimes();

}  // namespace regatta::proxy::command
