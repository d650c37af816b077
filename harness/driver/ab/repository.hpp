// The git repository that we stand in: what a ref names, what lies between two, and a build of one.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace regatta::driver {

struct commit {
  std::string sha;      ///< All 40 digits.
  std::string subject;  ///< The first line of its message.
};

/// The contenders that are built where a ref is compared and nobody is named: the runtimes of this
/// repository.
extern const std::vector<std::string> runtimes_in_the_tree;

class repository {
 public:
  /// The one around the current folder; nothing if there is none, or no git.
  static std::optional<repository> around_us();

  /// What a branch, a tag or any other name of a commit stands for; nothing if it is none.
  std::optional<commit> find(const std::string& ref) const;

  /// {"commits": ["1a2b3c4 Shorten the queue", …], "files": ["runtimes/…", …]}, newest commit
  /// first: what `head` has and `base` has not.
  nlohmann::ordered_json changes(const commit& base, const commit& head) const;

  /// Whether there are changes that no commit holds.
  bool is_dirty() const;

  /// The folder of contenders of that commit, with those that `wanted` names (names, globs or
  /// name/variant) built as for a measurement. Everything lies under
  /// build/ab/<sha>-<toolchain> and is used again: what these compilers and flags built before is
  /// not built again. Two calls for one folder wait for each other. The repository itself is not
  /// touched. Throws ends_command where it cannot be built.
  std::filesystem::path build(const commit& what, const std::vector<std::string>& wanted) const;

 private:
  explicit repository(std::filesystem::path top) : top_(std::move(top)) {}
  std::optional<std::string> git(const std::vector<std::string>& arguments) const;
  void check_out(const commit& what, const std::filesystem::path& into) const;

  std::filesystem::path top_;
};

}  // namespace regatta::driver
