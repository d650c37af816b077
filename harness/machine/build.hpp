// How this program itself was built.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace regatta::machine {

struct build {
  std::string compiler;    // "g++ 12.2.0"
  std::string flags;       // of the optimiser and the sanitizers
  std::string build_type;  // "Release"
  std::string allocator;   // of this process: what is linked or preloaded
  bool assertions = false;
  bool sanitized = false;
  std::optional<std::string> git_commit;
  std::optional<bool> git_dirty;
  std::map<std::string, std::string> libraries;  // versions of what it runs with
};

build this_build();

}  // namespace regatta::machine
