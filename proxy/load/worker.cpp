#include "proxy/load/worker.hpp"

#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>

#include "proxy/load/clock.hpp"

namespace regatta::load {
namespace {

constexpr std::size_t events_at_once = 512;
// A connection that failed rests, so that a server that is down is not stormed.
constexpr i64 rest_ns = 10'000'000;
// Connections are opened so many at a time by each thread: the backlog of a server is finite, and
// what overflows it comes a second later.
constexpr u64 opened_at_once = 64;
// Of a closed loop's first requests, before answers are looked for: the first ones would otherwise
// be charged for the sending of all others.
constexpr u32 begun_at_once = 32;

// The share of one of `parts` in a number, so that the shares add up to it.
u64 share_of(u64 whole, u32 part, u32 parts) noexcept {
  return whole / parts + (part < whole % parts ? 1 : 0);
}

u64 microseconds_of(timeval const& time) noexcept {
  return static_cast<u64>(time.tv_sec) * 1'000'000 + static_cast<u64>(time.tv_usec);
}

// What the calling thread has used up of a processor.
struct processor_time {
  u64 cpu_ns, user_us, system_us;

  static processor_time now() noexcept {
    rusage used{};
    (void)::getrusage(RUSAGE_THREAD, &used);
    return {static_cast<u64>(read_clock(CLOCK_THREAD_CPUTIME_ID)), microseconds_of(used.ru_utime),
            microseconds_of(used.ru_stime)};
  }
};

std::string request_text(load_plan const& plan) {
  auto const& host = plan.host.empty() ? plan.target.text() : plan.host;
  return fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", plan.path,
                     plan.host.empty() && plan.target.is_unix() ? "localhost" : host);
}

// epoll_wait with nanoseconds; where the kernel has no such call, with milliseconds, rounded down:
// whoever waits for less polls.
int wait_for_events(int epoll, std::vector<epoll_event>& events, i64 wait_ns) noexcept {
  auto const most = static_cast<int>(events.size());
#ifdef SYS_epoll_pwait2
  static std::atomic<bool> is_there = true;  // Relaxed: worst, it is tried twice.
  if (wait_ns > 0 && is_there.load(std::memory_order_relaxed)) {
    timespec const wait{wait_ns / 1'000'000'000, wait_ns % 1'000'000'000};
    auto const count = ::syscall(SYS_epoll_pwait2, epoll, events.data(), most, &wait, nullptr, 0);
    if (count >= 0 || errno != ENOSYS) return static_cast<int>(count);
    is_there.store(false, std::memory_order_relaxed);
  }
#endif
  return ::epoll_wait(epoll, events.data(), most, static_cast<int>(wait_ns / 1'000'000));
}

}  // namespace

shared_work::shared_work(load_plan const& wanted)
    : plan(wanted),
      target(core::to_socket_address(wanted.target)),
      stream(wanted.seed),
      http_request(request_text(wanted)) {}

worker::worker(shared_work& shared, u32 index)
    : shared_(shared),
      plan_(shared.plan),
      index_(index),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      connections_(share_of(plan_.connections, index, plan_.threads)),
      events_(events_at_once),
      buffer_(payload::longest_piece),
      due_(arrivals::constant, 1, 0, 1, 0) {
  if (epoll_.get() < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  u32 number = index;
  for (auto& c : connections_) {
    c.number = number;
    number += plan_.threads;
  }
  if (plan_.same_body) first_body_.reserve(1 << 20);
}

worker::~worker() {
  for (auto& c : connections_) {
    if (c.descriptor >= 0) ::close(c.descriptor);
  }
}

void worker::connect_all() {
  result = {};
  connect_times.clear();
  connected = 0;
  is_setting_up_ = true;
  now_ns_ = clock_ns();
  next_sweep_ns_ = now_ns_;
  std::size_t next = 0;
  while (!shared_.stopped.load(std::memory_order_relaxed)) {
    while (setting_up_ < opened_at_once && next < connections_.size() && result.failed() == 0) {
      auto& c = connections_[next++];
      if (c.descriptor >= 0) {
        ++connected;
      } else {
        ++setting_up_;
        now_ns_ = clock_ns();
        open(c);
      }
    }
    if (setting_up_ == 0) break;
    poll(next_sweep_ns_);
  }
  is_setting_up_ = false;
}

void worker::prepare(work_order const& order) {
  order_ = order;
  result = {};
  result.open_loop = is_open_ = order.rate_per_s.has_value();
  scheduled_ns = 0;
  if (!is_open_) return;
  most_in_flight_ = std::max<u64>(1, share_of(order.most_in_flight, index_, plan_.threads));
  free_.reserve(connections_.size());
  waiting_.reserve(most_in_flight_);
  due_ = schedule(plan_.when, *order.rate_per_s, index_, plan_.threads, plan_.seed);
  left_to_schedule_ = order.requests ? share_of(*order.requests, index_, plan_.threads)
                                     : std::numeric_limits<u64>::max();
}

void worker::run() {
  // What happened since the last run: a server that has closed an idle connection is no failure.
  now_ns_ = clock_ns();
  while (poll(now_ns_) == static_cast<int>(events_at_once)) continue;
  auto const used_before = processor_time::now();
  began_ns = ended_ns = now_ns_ = clock_ns();
  next_sweep_ns_ = now_ns_;
  deadline_ns_ = order_.time ? now_ns_ + order_.time->count() : never_ns;
  no_more_ = false;
  in_flight_ = resting_ = given_up_ = leaving_ = 0;
  next_to_begin_ = is_open_ ? static_cast<u32>(connections_.size()) : 0;
  if (is_open_) {
    for (u32 i = 0; i != connections_.size(); ++i) free_.push(i);
    next_due_ns_ = began_ns + static_cast<i64>(due_.due_ns());
    if (left_to_schedule_ == 0 || next_due_ns_ >= deadline_ns_) {
      end_schedule(order_.time ? order_.time->count() : next_due_ns_ - began_ns);
    }
  }
  for (;;) {
    if (shared_.stopped.load(std::memory_order_relaxed)) {
      result.interrupted = true;
      break;
    }
    if (is_open_) issue_due();
    begin_some();
    if (is_done()) break;
    bool const may_sleep = all_have_begun() && !plan_.spin;
    auto const until =
        no_more_ || !is_open_ ? next_sweep_ns_ : std::min(next_sweep_ns_, next_due_ns_);
    poll(may_sleep ? until : now_ns_);
  }
  auto const used = processor_time::now();
  end_run();
  result.cpu_ns = used.cpu_ns - used_before.cpu_ns;
  result.user_ns = (used.user_us - used_before.user_us) * 1000;
  result.system_ns = (used.system_us - used_before.system_us) * 1000;
}

// Waits for events, or until then, and works them off; answers how many. now_ns_ is later
// afterwards.
int worker::poll(i64 until_ns) {
  int const count = wait_for_events(epoll_.get(), events_, std::max<i64>(0, until_ns - now_ns_));
  i64 const before = now_ns_;
  if (is_open_) now_ns_ = clock_ns();
  for (int i = 0; i < count; ++i) {
    on_event(events_[static_cast<std::size_t>(i)]);
    if (is_open_ && now_ns_ >= next_due_ns_) issue_due();
  }
  // Whoever has read the clock for an answer has done so late enough for us.
  if (now_ns_ == before) now_ns_ = clock_ns();
  if (now_ns_ >= next_sweep_ns_) sweep();
  return count;
}

void worker::on_event(epoll_event const& event) {
  auto& c = connections_[static_cast<u32>(event.data.u64)];
  if (c.generation != static_cast<u32>(event.data.u64 >> 32) || c.descriptor < 0) return;
  if (c.now == connection::state::connecting) return on_connecting(c, event.events);
  u32 const generation = c.generation;
  server_has_ended_ = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if ((event.events & EPOLLOUT) != 0 && c.now == connection::state::busy) push_out(c);
  bool const is_readable = server_has_ended_ || (event.events & EPOLLIN) != 0;
  if (is_readable && c.generation == generation && c.descriptor >= 0) pull_in(c, event.events);
  server_has_ended_ = false;
}

bool worker::is_done() noexcept {
  if (now_ns_ >= deadline_ns_ && !is_open_) no_more_ = true;
  if (given_up_ == connections_.size() && in_flight_ == 0) {
    result.gave_up = true;
    if (is_open_ && !no_more_) end_schedule(now_ns_ - began_ns);
    drop_waiting(last_failure_);
    return true;
  }
  return no_more_ && in_flight_ == 0 && leaving_ == 0 && (!is_open_ || waiting_.empty());
}

// Closed loop: whether one more request may be started on a connection that has had one. What is
// left for connections that have not had their first is theirs.
bool worker::claim_another() noexcept {
  auto const first_ones = static_cast<i64>(connections_.size() - next_to_begin_);
  if (order_.requests && first_ones != 0 &&
      shared_.unclaimed.load(std::memory_order_relaxed) <= first_ones) {
    return false;
  }
  return claim();
}

// Closed loop: whether one more request may be started.
bool worker::claim() noexcept {
  if (no_more_) return false;
  if (now_ns_ >= deadline_ns_ ||
      (order_.requests && shared_.unclaimed.fetch_sub(1, std::memory_order_relaxed) <= 0)) {
    no_more_ = true;
    return false;
  }
  ++result.scheduled;
  return true;
}

// Closed loop: the first request of each connection.
void worker::begin_some() {
  for (u32 i = 0; i != begun_at_once && !all_have_begun(); ++i) {
    now_ns_ = clock_ns();
    auto& c = connections_[next_to_begin_++];
    if (claim()) start(c, now_ns_);
  }
}

void worker::issue_due() {
  while (!no_more_ && next_due_ns_ <= now_ns_) {
    issue(next_due_ns_);
    due_.advance();
    --left_to_schedule_;
    next_due_ns_ = began_ns + static_cast<i64>(due_.due_ns());
    if (next_due_ns_ >= deadline_ns_) {
      end_schedule(order_.time->count());
    } else if (left_to_schedule_ == 0) {
      end_schedule(next_due_ns_ - began_ns);
    }
  }
}

void worker::issue(i64 due_ns) {
  ++result.scheduled;
  if (in_flight_ + waiting_.size() >= most_in_flight_) {
    ++result.skipped;
  } else if (free_.empty()) {
    waiting_.push(due_ns);
  } else {
    now_ns_ = clock_ns();
    result.lateness.record(static_cast<u64>(now_ns_ - due_ns));
    start(connections_[free_.pop()], due_ns);
  }
}

void worker::end_schedule(i64 span_ns) noexcept {
  no_more_ = true;
  next_due_ns_ = never_ns;
  scheduled_ns = span_ns;
  deadline_ns_ = std::min(deadline_ns_, now_ns_);
}

void worker::drop_waiting(failure why) noexcept {
  while (is_open_ && !waiting_.empty()) {
    (void)waiting_.pop();
    ++result.failed_by_kind[static_cast<std::size_t>(why)];
  }
}

// Looks after what no event tells of: requests without an answer, connections that rest.
void worker::sweep() {
  i64 const timeout_ns = plan_.timeout.count();
  i64 next = now_ns_ + std::clamp<i64>(timeout_ns / 4, 1'000'000, 100'000'000);
  if (is_open_ && no_more_ && now_ns_ >= deadline_ns_ + timeout_ns) end_drain();
  next_sweep_ns_ = next;
  for (auto& c : connections_) {
    i64 const since = c.has_request ? c.sent_ns : c.opened_ns;
    switch (c.now) {
      case connection::state::knocking:
        try_connect(c);
        if (c.now != connection::state::knocking) break;
        [[fallthrough]];
      case connection::state::connecting:
      case connection::state::busy:
        if (now_ns_ - since >= timeout_ns) fail(c, failure::timed_out);
        break;
      case connection::state::leaving:
        if (now_ns_ - c.opened_ns < timeout_ns) break;
        --leaving_;
        close(c);
        become_free(c);
        break;
      case connection::state::resting:
        if (now_ns_ - c.opened_ns < rest_ns) {
          next = std::min(next, c.opened_ns + rest_ns);
          break;
        }
        --resting_;
        c.now = connection::state::closed;
        become_free(c);
        break;
      default:
        break;
    }
  }
  next_sweep_ns_ = std::min(next_sweep_ns_, next);
}

// The last requests have had their time.
void worker::end_drain() {
  drop_waiting(failure::timed_out);
  for (auto& c : connections_) {
    if (c.has_request) fail(c, failure::timed_out);
  }
}

// Leaves every connection idle or closed, and no answer under way.
void worker::end_run() {
  if (is_open_ && !no_more_) end_schedule(now_ns_ - began_ns);
  for (auto& c : connections_) {
    if (c.now != connection::state::idle) close(c);
    c.has_request = false;
    c.failures_in_row = 0;
  }
  if (result.completed == 0) ended_ns = std::max(ended_ns, now_ns_);
  if (!is_open_) result.latency_corrected = result.latency_uncorrected;
}

}  // namespace regatta::load
