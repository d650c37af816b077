#include "harness/driver/interrupt.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace regatta::driver {
namespace {

volatile std::sig_atomic_t stop_requested = 0;
std::array<int, 2> wake_pipe = {-1, -1};

void on_signal(int) {
  const int kept = errno;
  stop_requested = 1;
  (void)!::write(wake_pipe[1], "x", 1);
  errno = kept;
}

}  // namespace

interrupt::interrupt() {
  stop_requested = 0;
  (void)!::pipe2(wake_pipe.data(), O_CLOEXEC | O_NONBLOCK);
  struct sigaction action = {};
  action.sa_handler = on_signal;
  // Reset after the first: whoever presses Ctrl-C twice means it.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

interrupt::~interrupt() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  ::close(wake_pipe[0]);
  ::close(wake_pipe[1]);
  wake_pipe = {-1, -1};
}

bool interrupt::requested() const { return stop_requested != 0; }

int interrupt::descriptor() const { return wake_pipe[0]; }

}  // namespace regatta::driver
