#include "harness/protocol/line_io.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace regatta::protocol {

bool line_reader::take_buffered(std::string& line) {
  const std::size_t newline = buffer_.find('\n', searched_);
  if (newline == std::string::npos) {
    searched_ = buffer_.size();
    return false;
  }
  line.assign(buffer_, 0, newline);
  buffer_.erase(0, newline + 1);
  searched_ = 0;
  return true;
}

line_result line_reader::next() {
  for (;;) {
    std::string line;
    if (take_buffered(line)) {
      if (line.size() >= limit_bytes_) return {line_status::too_long, std::move(line)};
      return {line_status::line, std::move(line)};
    }
    if (buffer_.size() >= limit_bytes_) return {line_status::too_long, buffer_};

    std::array<char, 16 * 1024> chunk;
    const ssize_t got = ::read(fd_, chunk.data(), chunk.size());
    if (got > 0) {
      buffer_.append(chunk.data(), static_cast<std::size_t>(got));
    } else if (got == 0) {
      searched_ = 0;
      return {line_status::end, std::exchange(buffer_, {})};
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return {line_status::waiting, ""};
    } else if (errno != EINTR) {
      return {line_status::failed, std::string("reading a line failed: ") + std::strerror(errno)};
    }
  }
}

std::string write_line(int fd, std::string_view line) {
  std::string text(line);
  text += '\n';
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t wrote = ::write(fd, text.data() + sent, text.size() - sent);
    if (wrote >= 0) {
      sent += static_cast<std::size_t>(wrote);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd writable{fd, POLLOUT, 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return std::string("writing a line failed: ") + std::strerror(errno);
    }
  }
  return "";
}

}  // namespace regatta::protocol
