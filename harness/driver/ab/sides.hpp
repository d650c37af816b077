// What BASE and HEAD of `regatta ab` name: a folder with contenders, or a git ref that is built.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/driver/ab/repository.hpp"

namespace regatta::driver {

struct named_side {
  std::string name;         ///< As the user typed it.
  std::string description;  ///< "commit 1a2b3c4: Shorten the queue"; of a folder nothing.
  std::optional<commit> ref;
  std::filesystem::path contenders;  ///< Of a ref only after it has been built.
};

struct two_sides {
  named_side base;
  named_side head;
  nlohmann::ordered_json changes;  ///< Between two refs (repository::changes); otherwise null.
  std::vector<std::string> notes;  ///< Sentences about what is not compared.
};

/// Understands both names. A folder that holds contenders wins over a ref of the same name. Throws
/// ends_command for what is neither, or holds no contenders.
two_sides find_sides(const std::string& base, const std::string& head);

/// Builds those sides that are refs, with the contenders that are wanted (empty: the runtimes in
/// the tree). Throws ends_command.
void build_sides(two_sides& sides, const std::vector<std::string>& wanted);

}  // namespace regatta::driver
