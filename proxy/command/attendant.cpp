#include "proxy/command/attendant.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

#include "proxy/command/report.hpp"

namespace regatta::proxy::command {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds look_every{1'000};
// A server that accepts no more says so within milliseconds. If one does not, its sockets are given
// up all the same: the worst is that both accept for a while.
constexpr milliseconds patience_with_server{2'000};

}  // namespace

attendant::attendant(charge given)
    : given_(std::move(given)),
      watch_(given_.serving->chosen().most_connections),
      next_look_(clock::now() + look_every),
      next_report_(clock::now() + given_.report_every),
      ending_(::eventfd(0, EFD_CLOEXEC)),
      thread_([this] { attend(); }) {}

attendant::~attendant() {
  u64 const one = 1;
  (void)!::write(ending_.get(), &one, sizeof one);
  thread_.join();
}

void attendant::conclude() {
  std::unique_ptr<metrics_server> last;  // Ends without the lock: it may take a while.
  std::lock_guard const held(mutex_);
  // A server that serves nobody ends at once, and the successor waits still.
  if (phase_ == phase::releasing) release_when_possible();
  watch_.look(given_.serving->counts(), given_.serving->upstreams(), *given_.events);
  is_concluded_ = true;
  last = std::move(given_.metrics);
}

// What to wait for, and how long.
attendant::wait attendant::next_wait() {
  // conclude() comes from another thread.
  std::lock_guard const held(mutex_);
  bool const may_come = given_.offer && phase_ == phase::serving;
  // A descriptor of -1 is passed over.
  return {.successor = may_come ? given_.offer->descriptor() : -1, .timeout_ms = time_to_next()};
}

void attendant::attend() {
  for (;;) {
    auto const next = next_wait();
    std::array<pollfd, 3> waited{
        {{.fd = ending_.get(), .events = POLLIN, .revents = 0},
         {.fd = given_.asked->descriptor(), .events = POLLIN, .revents = 0},
         {.fd = next.successor, .events = POLLIN, .revents = 0}}};
    (void)::poll(waited.data(), waited.size(), next.timeout_ms);
    if (waited[0].revents != 0) return;
    std::lock_guard const held(mutex_);
    if (waited[1].revents != 0) hear_signals();
    if (is_concluded_) continue;
    if (waited[2].revents != 0) hear_successor();
    do_duties();
  }
}

void attendant::do_duties() {
  if (phase_ == phase::releasing) release_when_possible();
  auto const now = clock::now();
  if (now >= next_look_) {
    // A successor that says nothing is not waited for.
    if (given_.offer && phase_ == phase::serving) hear_successor();
    watch_.look(given_.serving->counts(), given_.serving->upstreams(), *given_.events);
    next_look_ = now + look_every;
  }
  if (given_.report_every.count() != 0 && now >= next_report_) report();
}

int attendant::time_to_next() const noexcept {
  if (phase_ == phase::releasing) return 1;
  auto next = next_look_;
  if (given_.report_every.count() != 0) next = std::min(next, next_report_);
  auto const left = std::chrono::ceil<milliseconds>(next - clock::now());
  // Concluded, it has nothing to do, and does not hurry.
  return static_cast<int>(std::clamp<i64>(left.count(), is_concluded_ ? 100 : 0, 60'000));
}

void attendant::hear_signals() {
  while (int const come = given_.asked->take()) {
    if (come == SIGHUP) {
      given_.events->reopen();
    } else if (!std::exchange(is_told_, true)) {
      // One that drains after a hot restart is stopping already: whoever signals all processes at
      // once shall not cut its connections off.
      if (phase_ == phase::serving && !is_concluded_) {
        begin_stop(come == SIGINT ? "SIGINT" : "SIGTERM");
      }
    } else {
      given_.events->write(log_level::warn, "ended_at_once", {{"signal", come}});
      std::_Exit(128 + come);
    }
  }
}

void attendant::begin_stop(std::string_view why) {
  phase_ = phase::draining;
  given_.is_draining->store(true);
  given_.events->write(log_level::info, "stopping", {{"reason", why}});
  given_.serving->stop();
  given_.offer.reset();
  for (auto& each : *given_.open) each.close_and_remove();
}

void attendant::hear_successor() {
  if (given_.offer->hear(*given_.open, *given_.events)) begin_release();
}

void attendant::begin_release() {
  phase_ = phase::releasing;
  release_at_latest_ = clock::now() + patience_with_server;
  given_.is_draining->store(true);
  given_.events->write(log_level::info, "stopping", {{"reason", "a successor takes over"}});
  given_.serving->hand_over();
}

void attendant::release_when_possible() {
  bool const is_late = clock::now() >= release_at_latest_;
  if (given_.serving->is_accepting() && !is_late) return;
  if (is_late) given_.events->write(log_level::warn, "still_accepting");
  phase_ = phase::draining;
  given_.metrics.reset();  // The successor may want the same port.
  auto const& adopted = given_.offer->adopted();
  for (std::size_t i = 0; i < given_.open->size(); ++i) {
    auto& each = (*given_.open)[i];
    if (std::ranges::find(adopted, i) != adopted.end()) {
      each.close();
    } else {
      given_.events->write(log_level::warn, "address_dropped", {{"address", each.address()}});
      each.close_and_remove();
    }
  }
  given_.offer->release();
  given_.offer.reset();
  given_.events->write(log_level::info, "handed_over");
}

void attendant::report() {
  (void)write_line_now(STDOUT_FILENO, counts_line(given_.serving->counts()));
  // From now, not from when it was due: a machine that was asleep owes us no lines.
  next_report_ = clock::now() + given_.report_every;
}

}  // namespace regatta::proxy::command
