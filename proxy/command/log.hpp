// The structured log: one JSON object a line, with `time`, `level`, `event` and what belongs to it.
//
// Nobody waits for whoever reads it: a line that cannot be written at once is dropped, and the next
// one that can says how many were (`lines_lost`).
#pragma once

#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "runtimes/interface/types.hpp"

namespace regatta::proxy::command {

enum class log_level : u8 { error, warn, info, debug };

std::string_view name_of(log_level level) noexcept;
std::optional<log_level> parse_log_level(std::string_view text) noexcept;

// Writes the whole text, with a newline, if the descriptor takes it now. Any thread. Lines of up to
// 4 KiB (what a pipe takes as one) are not mixed with others.
bool write_line_now(int descriptor, std::string text) noexcept;

class log {
 public:
  // "-" is stderr; else a file, which is made if there is none, and appended to. Throws failure.
  log(std::string target, log_level most);
  ~log();
  log(log const&) = delete;
  log& operator=(log const&) = delete;

  // Any thread.
  void write(log_level level, std::string_view event,
             nlohmann::ordered_json fields = nlohmann::ordered_json::object());
  bool is_written(log_level level) const noexcept { return level <= most_; }

  // Opens the file anew, so that it may be moved away (logrotate). Where that fails the old one
  // stays. Any thread.
  void reopen();

 private:
  std::string const target_;
  log_level const most_;
  std::mutex mutex_;  // Guards what follows.
  int descriptor_;
  u64 lines_lost_ = 0;
};

}  // namespace regatta::proxy::command
