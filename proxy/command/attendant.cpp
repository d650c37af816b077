#include "proxy/command/attendant.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

#include "proxy/command/report.hpp"

namespace regatta::proxy::command {

attendant::attendant(charge given)
    : given_(given),
      next_report_(clock::now() + given.report_every),
      ending_(::eventfd(0, EFD_CLOEXEC)),
      thread_([this] { attend(); }) {}

attendant::~attendant() {
  u64 const one = 1;
  (void)!::write(ending_, &one, sizeof one);
  thread_.join();
  ::close(ending_);
}

void attendant::attend() {
  for (;;) {
    std::array<pollfd, 2> waited{{{.fd = ending_, .events = POLLIN, .revents = 0},
                                  {.fd = given_.asked.descriptor(), .events = POLLIN, .revents = 0}}};
    (void)::poll(waited.data(), waited.size(), time_to_next());
    if (waited[0].revents != 0) return;
    if (waited[1].revents != 0) hear_signals();
    if (given_.report_every.count() != 0 && clock::now() >= next_report_) report();
  }
}

int attendant::time_to_next() const noexcept {
  if (given_.report_every.count() == 0) return -1;
  auto const left = std::chrono::ceil<std::chrono::milliseconds>(next_report_ - clock::now());
  return static_cast<int>(std::clamp<i64>(left.count(), 0, 60'000));
}

void attendant::hear_signals() {
  while (int const come = given_.asked.take()) {
    if (come == SIGHUP) {
      given_.events.reopen();
    } else if (!is_stopping_) {
      begin_stop(come == SIGINT ? "SIGINT" : "SIGTERM");
    } else {
      given_.events.write(log_level::warn, "ended_at_once", {{"signal", come}});
      std::_Exit(128 + come);
    }
  }
}

void attendant::begin_stop(std::string_view why) {
  is_stopping_ = true;
  given_.events.write(log_level::info, "stopping", {{"reason", why}});
  given_.serving.stop();
  for (auto& each : given_.open) each.close_and_remove();
}

void attendant::report() {
  (void)write_line_now(STDOUT_FILENO, counts_line(given_.serving.counts()));
  // From now, not from when it was due: a machine that was asleep owes us no lines.
  next_report_ = clock::now() + given_.report_every;
}

}  // namespace regatta::proxy::command
