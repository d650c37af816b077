#include "harness/machine/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace regatta::machine {

std::optional<std::string> read_file(std::string const& path) {
  constexpr std::size_t bytes_at_most = std::size_t{4} << 20;
  int const file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::string content;
  char part[4096];
  // The size that stat() tells of such files is 0, so read until there is no more.
  while (content.size() < bytes_at_most) {
    ssize_t const got = ::read(file, part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      ::close(file);
      return std::nullopt;
    }
    if (got == 0) break;
    content.append(part, static_cast<std::size_t>(got));
  }
  ::close(file);
  return content;
}

}  // namespace regatta::machine
