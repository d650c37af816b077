#include "proxy/splice.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

namespace regatta::proxy {

std::optional<pipe> pipe::make(std::size_t bytes) {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return std::nullopt;
  // Where it is refused the pipe stays as it is.
  (void)::fcntl(ends[0], F_SETPIPE_SZ, static_cast<int>(bytes));
  return pipe(ends[0], ends[1]);
}

pipe::~pipe() {
  if (read_end_ >= 0) ::close(read_end_);
  if (write_end_ >= 0) ::close(write_end_);
}

void ignore_broken_pipes() noexcept {
  struct sigaction now{};
  if (::sigaction(SIGPIPE, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return;
  now.sa_handler = SIG_IGN;
  (void)::sigaction(SIGPIPE, &now, nullptr);
}

}  // namespace regatta::proxy
