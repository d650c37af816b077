#include "harness/driver/ab/sides.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "harness/driver/exit_code.hpp"

namespace regatta::driver {
namespace {

namespace fs = std::filesystem;

bool holds_manifests(const fs::path& folder) {
  std::error_code ignored;
  const fs::directory_iterator entries(folder, ignored);
  return std::any_of(begin(entries), end(entries), [](const fs::directory_entry& entry) {
    return entry.path().extension() == ".json";
  });
}

std::optional<named_side> side_in_folder(const std::string& name) {
  const fs::path folder = fs::weakly_canonical(name);
  for (const fs::path& place : {folder / "contenders", folder}) {
    if (holds_manifests(place)) return named_side{name, "", {}, place};
  }
  return std::nullopt;
}

named_side find_side(const std::string& name, const std::optional<repository>& around) {
  std::error_code ignored;
  const bool is_folder = fs::is_directory(name, ignored);
  if (is_folder) {
    if (auto side = side_in_folder(name)) return *side;
  }
  // A branch may be called like a folder: docs.
  if (const auto found = around ? around->find(name) : std::nullopt) {
    return {
        name, fmt::format("commit {}: {}", found->sha.substr(0, 12), found->subject), found, {}};
  }
  if (is_folder) {
    throw usage_error(
        fmt::format("{} holds no contenders, and is no git ref; expected the folder of a build "
                    "(with contenders/*.json in it), or that of its manifests, for example "
                    "build/release",
                    name));
  }
  if (!around) {
    throw usage_error(
        fmt::format("{} is no folder, and here is no git repository in which it could be a ref; "
                    "expected, for example: regatta ab build/old build/release",
                    name));
  }
  throw usage_error(
      fmt::format("{} is neither a folder nor a git ref; expected, for example: regatta ab main "
                  "HEAD, or regatta ab build/old build/release",
                  name));
}

}  // namespace

two_sides find_sides(const std::string& base, const std::string& head) {
  const auto around = repository::around_us();
  two_sides sides{find_side(base, around), find_side(head, around), {}, {}};
  if (sides.base.ref && sides.head.ref) {
    sides.changes = around->changes(*sides.base.ref, *sides.head.ref);
  }
  if ((sides.base.ref || sides.head.ref) && around->is_dirty()) {
    sides.notes.push_back(
        "there are uncommitted changes, which no ref holds; to compare them, build them and name "
        "the folder: regatta ab HEAD build/release");
  }
  return sides;
}

void build_sides(two_sides& sides, const std::vector<std::string>& wanted) {
  const std::vector<std::string>& names = wanted.empty() ? runtimes_in_the_tree : wanted;
  for (named_side* side : {&sides.base, &sides.head}) {
    if (side->ref) side->contenders = repository::around_us()->build(*side->ref, names);
  }
}

}  // namespace regatta::driver
