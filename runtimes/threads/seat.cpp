#include "runtimes/threads/seat.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>

#include "runtimes/core/current.hpp"
#include "runtimes/interface/assert.hpp"
#include "runtimes/interface/budget.hpp"
#include "runtimes/threads/crew.hpp"

namespace regatta::runtimes::threads {

namespace {

// A task that is always ready looks for its own timers and sockets this often.
constexpr u32 turns_per_poll = 61;

}  // namespace

seat::~seat() {
  if (bell_ >= 0) ::close(bell_);
}

void seat::post(work& w) noexcept {
  core::visitors::visit const here(visitors_);
  // Sequentially consistent, before interrupt() looks: the partner of may_sleep().
  [[maybe_unused]] work* const other = ready_.exchange(&w, std::memory_order_seq_cst);
  REGATTA_DEBUG_ASSERT(other == nullptr,
                       "a task was woken twice: whoever wakes must take it first");
  if (core::current_worker_of(&home_) != this) interrupt();
}

void seat::interrupt() noexcept {
  {
    std::lock_guard const held(call_mutex_);
    if (call_ != nullptr) call_->interrupt();
  }
  if (is_polling_.load(std::memory_order_seq_cst)) {
    ring_bell();
  } else {
    parker_.unpark();
  }
}

bool seat::run() noexcept {
  core::driving const here(&home_, this);
  while (!has_ended_) {
    work* const w = next();
    if (w == nullptr) return false;
    // Sequentially consistent: whoever halts the crew says so first and then looks whether we run.
    is_running_.store(true, std::memory_order_seq_cst);
    if (home_.is_halted()) {
      is_running_.store(false, std::memory_order_seq_cst);
      return false;
    }
    budget::refill();
    w->resume();
    is_running_.store(false, std::memory_order_seq_cst);
  }
  return true;
}

// nullptr: the crew has halted.
work* seat::next() noexcept {
  for (;;) {
    if (home_.is_halted()) return nullptr;
    look_around();
    if (work* const w = take_ready()) return w;
    sleep();
  }
}

// A group may be ready all the time while one of its members waits.
void seat::look_around() noexcept {
  if (!sleepers_.empty()) fire_sleepers();
  if (!watched_.empty() && ++turns_ % turns_per_poll == 0) poll(time_point::min());
}

void seat::fire_sleepers() noexcept {
  auto const now = clock::now();
  while (!sleepers_.empty() && sleepers_.begin()->first <= now) {
    sleeper& due = *sleepers_.begin()->second;
    forget(due);
    due.task_->wake();
  }
}

bool seat::may_sleep() const noexcept {
  return ready_.load(std::memory_order_seq_cst) == nullptr && !home_.is_halted();
}

// Who wants us to stop has either found the call, and interrupts it, or was here before it: then
// next() has seen why, or the task is ready.
void seat::make_call() noexcept {
  blocking_call& call = *call_;
  if (may_sleep()) call.block();
  forget_call();
  call.finish();
}

void seat::sleep() noexcept {
  if (call_ != nullptr) return make_call();
  time_point const deadline = sleepers_.empty() ? time_point::max() : sleepers_.begin()->first;
  if (!watched_.empty()) {
    poll(deadline);
  } else if (deadline == time_point::max()) {
    parker_.park();
  } else {
    if (may_sleep()) parker_.park_until(deadline);
    // Takes the token, if it is there.
    if (parker_.is_unparked()) parker_.park();
  }
}

void seat::watch(socket_wait& wait, int descriptor, short events) {
  wait.descriptor_ = descriptor;
  wait.events_ = events;
  wait.place_ = watched_.size();
  watched_.push_back(&wait);
}

void seat::unwatch(socket_wait& wait) noexcept {
  socket_wait& last = *watched_.back();
  last.place_ = wait.place_;
  watched_[wait.place_] = &last;
  watched_.pop_back();
}

// Until a descriptor is ready, the deadline has come, or somebody rings.
void seat::poll(time_point deadline) noexcept {
  open_bell();
  polled_.assign(1, {.fd = bell_, .events = POLLIN, .revents = 0});
  for (socket_wait const* const one : watched_) {
    polled_.push_back({.fd = one->descriptor_, .events = one->events_, .revents = 0});
  }
  // Sequentially consistent, before may_sleep() looks: the partner of interrupt().
  is_polling_.store(true, std::memory_order_seq_cst);
  duration left = may_sleep() ? deadline - std::min(deadline, clock::now()) : duration::zero();
  // A process without a descriptor for the bell looks up now and then instead.
  if (bell_ < 0) left = std::min<duration>(left, std::chrono::milliseconds(1));
  timespec const limit{.tv_sec = left.count() / 1'000'000'000,
                       .tv_nsec = left.count() % 1'000'000'000};
  int const ready = ::ppoll(polled_.data(), polled_.size(), &limit, nullptr);
  is_polling_.store(false, std::memory_order_seq_cst);
  if (ready <= 0) return;
  if (polled_[0].revents != 0) {
    u64 rings;
    [[maybe_unused]] auto const got = ::read(bell_, &rings, sizeof rings);
  }
  // From the end: what is taken out is replaced by the last, which has been looked at.
  for (std::size_t i = polled_.size() - 1; i > 0; --i) {
    if (polled_[i].revents == 0) continue;
    socket_wait& woken = *watched_[i - 1];
    unwatch(woken);
    woken.on_ready();
  }
}

void seat::open_bell() noexcept {
  if (bell_ < 0) bell_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

void seat::ring_bell() noexcept {
  u64 const one = 1;
  // It cannot fail but by a count near 2^64: then the bell is rung anyway.
  [[maybe_unused]] auto const written = ::write(bell_, &one, sizeof one);
}

}  // namespace regatta::runtimes::threads
