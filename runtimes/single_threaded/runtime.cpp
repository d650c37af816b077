#include "runtimes/single_threaded/runtime.hpp"

namespace regatta::runtimes::single_threaded {

namespace {

// How many tasks run before the loop looks around. Tokio and Go look every 61, too: seldom enough
// that the looks cost little, often enough that sockets and timers do not starve.
constexpr u32 polls_per_look = 61;

}  // namespace

runtime::~runtime() {
  pool_.shut_down();
  visitors_.wait_until_gone();
  destroy_roots();
}

runtime_info runtime::info() {
  return {.name = "single_threaded",
          .version = "0.1.0",
          .scheduling = "single-threaded",
          .io = "epoll"};
}

runtime_counters runtime::counters() const noexcept {
  runtime_counters all = counters_;
  all.spawned += spawned_outside_.load(std::memory_order_relaxed);
  all.wakes += wakes_.load(std::memory_order_relaxed);
  return all;
}

void runtime::post(work& w) noexcept {
  if (core::current() == this) {
    ready_.push(w);
    return;
  }
  core::visitors::visit const here(visitors_);
  // Only the first to fill the inbox looks whether the loop sleeps.
  if (inbox_.push(w) && reactor_.wake()) wakes_.fetch_add(1, std::memory_order_relaxed);
}

void runtime::post_new(work& root) noexcept {
  if (core::current() == this) {
    ++counters_.spawned;
    ready_.push(root);
  } else {
    spawned_outside_.fetch_add(1, std::memory_order_relaxed);
    post(root);
  }
}

void runtime::turn() noexcept {
  // Looking comes first, so that block_on() asks between running and sleeping whether its task has
  // ended.
  if (ready_.empty() && inbox_.empty()) {
    park();
  } else {
    look_around();
  }
  run_ready();
}

void runtime::run_ready() noexcept {
  for (u32 left = polls_per_look; left > 0; --left) {
    work* const w = ready_.pop();
    if (w == nullptr) return;
    ++counters_.polls;
    budget::refill();
    w->resume();
  }
}

void runtime::look_around() noexcept {
  inbox_.take_all(ready_);
  fire_timers();
  if (reactor_.has_sources()) {
    reactor_.poll([this](work& w) { make_ready(w); });
  }
}

void runtime::park() noexcept {
  ++counters_.parks;
  reactor_.sleep_until(
      timers_.next_deadline(), [this](work& w) { make_ready(w); },
      [this] { return inbox_.empty(); });
  inbox_.take_all(ready_);
  fire_timers();
}

void runtime::fire_timers() noexcept {
  if (timers_.size() == 0) return;
  timers_.advance(clock::now(), [this](work& w) { make_ready(w); });
}

// Nearly always our own; but a task of another runtime on this thread may wait on our socket.
void runtime::make_ready(work& w) noexcept {
  if (w.executor == this) {
    ready_.push(w);
  } else {
    w.wake();
  }
}

}  // namespace regatta::runtimes::single_threaded
