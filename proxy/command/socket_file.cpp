#include "proxy/command/socket_file.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "proxy/command/failure.hpp"

namespace regatta::proxy::command {
namespace {

bool somebody_listens(std::string const& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  // Without waiting: a listener whose backlog is full lives.
  int const asking = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (asking < 0) return true;
  // Safe because this is what the system's interface asks for.
  int const result = ::connect(asking, reinterpret_cast<sockaddr*>(&address), sizeof address);
  bool const is_refused = result != 0 && errno == ECONNREFUSED;
  ::close(asking);
  return !is_refused;
}

}  // namespace

void remove_stale_socket_file(std::string_view flag, std::string const& path) {
  if (path.starts_with('@')) return;
  struct stat file{};
  if (::lstat(path.c_str(), &file) != 0) return;
  if (!S_ISSOCK(file.st_mode)) {
    throw failure(fmt::format("{}: {} is there and is no socket; remove it, or name another path",
                              flag, path));
  }
  if (somebody_listens(path)) {
    throw failure(fmt::format("{}: another process listens on {}", flag, path));
  }
  ::unlink(path.c_str());
}

}  // namespace regatta::proxy::command
