// samples.jsonl: one line for each sample and each outcome, appended and flushed at once, so that
// nothing that was measured can be lost by what happens afterwards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/stats/sample.hpp"

namespace regatta::driver {

class samples_file {
 public:
  /// Opens for appending; makes the file if need be. Throws ends_command.
  explicit samples_file(std::filesystem::path path);
  ~samples_file();
  samples_file(const samples_file&) = delete;
  samples_file& operator=(const samples_file&) = delete;

  /// Throws ends_command if the line cannot be written whole; what was written before stays.
  void append(const nlohmann::ordered_json& line);

 private:
  std::filesystem::path path_;
  int fd_;
};

struct samples_read {
  std::vector<stats::sample> samples;
  std::vector<std::string> problems;  ///< One sentence for each line that was passed over.
  bool torn = false;                  ///< The last line has no end: its write was cut short.
  std::uint64_t whole_bytes = 0;      ///< Up to the end of the last whole line.
};

/// Reads what can be read. A corrupt line is reported with its number and passed over; a missing
/// file is empty.
samples_read read_samples(const std::filesystem::path& path);

/// Cuts a torn last line off, so that the next append begins a line of its own.
void cut_torn_line(const std::filesystem::path& path, const samples_read& read);

}  // namespace regatta::driver
