// Reads the answers of an HTTP/1.1 server (RFC 9112) as they come, in pieces of any size: the
// status, how long the body is, and whether the connection stays. No more than a client of GET
// needs to know where an answer ends.
#pragma once

#include <array>
#include <string_view>

#include "runtimes/interface/types.hpp"

namespace regatta::load {

class http_reader {
 public:
  enum class progress : u8 {
    more,   // All bytes are used up, the answer is not whole.
    body,   // piece() holds some of the body; call read() again.
    whole,  // The answer is whole; what is left of the bytes does not belong to it.
    wrong,  // This is no HTTP.
  };

  // For the next answer. Knows nothing of the one before.
  void restart() noexcept { *this = http_reader(); }

  // Uses up bytes from the front of `bytes`.
  progress read(std::string_view& bytes) noexcept;
  // The server has closed: `whole` if that is how this body ends.
  progress end() const noexcept {
    return where_ == place::body_until_end ? progress::whole : progress::wrong;
  }

  std::string_view piece() const noexcept { return piece_; }
  u32 status() const noexcept { return status_; }
  // Bytes of the body so far, without the framing of chunks.
  u64 body_bytes() const noexcept { return body_bytes_; }
  // The server closes after this answer.
  bool closes() const noexcept { return closes_; }
  // Not a byte of the answer has come.
  bool is_fresh() const noexcept { return where_ == place::status_line && line_length_ == 0; }

 private:
  enum class place : u8 {
    status_line,
    head,
    body_of_length,
    body_until_end,
    chunk_size,
    chunk,
    chunk_end,
    trailer,
  };

  progress read_line(std::string_view& bytes) noexcept;
  progress read_body(std::string_view& bytes, place next) noexcept;
  bool take_line(std::string_view line) noexcept;
  bool take_status(std::string_view line) noexcept;
  bool take_field(std::string_view line) noexcept;
  bool take_chunk_size(std::string_view line) noexcept;
  void end_head() noexcept;

  place where_ = place::status_line;
  bool done_ = false;
  bool closes_ = false;
  bool chunked_ = false;
  bool has_length_ = false;
  u8 line_length_ = 0;
  u32 status_ = 0;
  u64 left_ = 0;  // Of the body or of the chunk.
  u64 body_bytes_ = 0;
  std::string_view piece_;
  // The beginning of a line whose end has not come yet. What we look for is shorter than this; the
  // rest of a longer line is passed over.
  std::array<char, 80> line_;
};

}  // namespace regatta::load
