#include "proxy/splice.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <new>

namespace regatta::proxy {

std::unique_ptr<pipe> pipe::make(std::size_t bytes) {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return nullptr;
  // Where it is refused the pipe stays as it is.
  (void)::fcntl(ends[0], F_SETPIPE_SZ, static_cast<int>(bytes));
  auto* const made = new (std::nothrow) pipe(ends[0], ends[1]);
  if (made == nullptr) {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  return std::unique_ptr<pipe>(made);
}

pipe::~pipe() {
  ::close(read_end_);
  ::close(write_end_);
}

void ignore_broken_pipes() noexcept {
  struct sigaction now{};
  if (::sigaction(SIGPIPE, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return;
  now.sa_handler = SIG_IGN;
  (void)::sigaction(SIGPIPE, &now, nullptr);
}

}  // namespace regatta::proxy
