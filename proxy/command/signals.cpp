#include "proxy/command/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "proxy/command/failure.hpp"

namespace regatta::proxy::command {

signals::signals() : descriptor_(-1) {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t ours;
  sigemptyset(&ours);
  for (int const each : {SIGINT, SIGTERM, SIGHUP}) {
    sigaddset(&ours, each);
    // Whoever starts us in the background may have them ignored, and then nobody would see them.
    std::signal(each, SIG_DFL);
  }
  ::pthread_sigmask(SIG_BLOCK, &ours, nullptr);
  descriptor_ = ::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor_ < 0) {
    throw failure(std::string("signals cannot be received: ") + std::strerror(errno));
  }
}

signals::~signals() { ::close(descriptor_); }

int signals::take() noexcept {
  signalfd_siginfo come{};
  if (::read(descriptor_, &come, sizeof come) != static_cast<ssize_t>(sizeof come)) return 0;
  return static_cast<int>(come.ssi_signo);
}

}  // namespace regatta::proxy::command
