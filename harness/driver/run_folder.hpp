// results/<run>/: where a run lives, how it is found again.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace regatta::driver {

/// A document as it stands in a file, with a line break at its end. Bytes that are no UTF-8 (the
/// subject of a commit may hold any) are replaced.
std::string text_of(const nlohmann::ordered_json& document);

class run_folder {
 public:
  explicit run_folder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path samples() const { return path_ / "samples.jsonl"; }
  std::filesystem::path log(const std::string& row, const std::string& when) const;

  /// Writes beside the target and renames, so that a reader never meets half a file. Throws
  /// ends_command.
  void write(const std::string& name, const std::string& content) const;
  /// Throws ends_command, naming the file, if it is missing or no JSON.
  nlohmann::ordered_json read_json(const std::string& name) const;

 private:
  std::filesystem::path path_;
};

/// Makes `out`, or results/<timestamp> (and points results/latest at it) if `out` is empty. Throws
/// ends_command if it cannot be made or already holds a run.
run_folder make_run_folder(const std::string& out);

/// The run that `given` names, or the newest under results/. Throws ends_command if there is none.
run_folder find_run_folder(const std::string& given);

}  // namespace regatta::driver
