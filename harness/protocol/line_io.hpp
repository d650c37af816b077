// Lines over file descriptors: whole ones only, however the bytes happen to arrive, and never more
// than the protocol's limit in memory.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "harness/protocol/message.hpp"

namespace regatta::protocol {

enum class line_status {
  line,      ///< `text` is one line without its newline.
  waiting,   ///< A non-blocking descriptor has no whole line yet: poll it and ask again.
  end,       ///< The stream has ended; `text` holds an unfinished last line, if there was one.
  too_long,  ///< The line is over the limit; `text` holds its beginning. The reader is of no more
             ///< use.
  failed,    ///< read(2) failed; `text` says why.
};

struct line_result {
  line_status status = line_status::end;
  std::string text;
};

/// Reads lines from a descriptor that somebody else owns and closes. For one thread at a time.
/// On a blocking descriptor next() waits for a whole line; on a non-blocking one it never waits.
class line_reader {
 public:
  explicit line_reader(int fd, std::size_t limit_bytes = max_line_bytes)
      : fd_(fd), limit_bytes_(limit_bytes) {}

  line_result next();

  /// What has come of a line that has not ended yet.
  std::string_view unfinished() const { return buffer_; }

 private:
  bool take_buffered(std::string& line);

  int fd_;
  std::size_t limit_bytes_;
  std::string buffer_;
  std::size_t searched_ = 0;  // Bytes at the front of the buffer known to hold no newline.
};

/// Writes the line and a newline, waiting as long as the reader's pipe is full. Returns a sentence
/// about what failed, or an empty string. The caller ignores SIGPIPE; a gone reader is an error
/// here.
std::string write_line(int fd, std::string_view line);

}  // namespace regatta::protocol
