#include "runtimes/single_threaded/runtime.hpp"

namespace regatta::runtimes::single_threaded {

namespace {

// How many tasks run before the loop looks around. Tokio and Go look every 61, too: seldom enough
// that the looks cost little, often enough that sockets and timers do not starve.
constexpr u32 polls_per_look = 61;
// Tokio's limit for its LIFO slot: two tasks that wake each other must not keep the thread.
constexpr u32 most_woken_in_a_row = 3;
// After so many newly spawned tasks in a row, one that was woken or has yielded runs.
constexpr u32 most_spawned_in_a_row = 64;
// After so many polls without a moment in which all spawned tasks had begun, all of them line up.
constexpr u32 longest_wait_polls = 4096;

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
    if (work* const displaced = std::exchange(woken_, &w)) ready_.push(*displaced);
    return;
  }
  core::visitors::visit const here(visitors_);
  // Only the first to fill the inbox looks whether the loop sleeps.
  if (inbox_.push(w) && reactor_.wake()) wakes_.fetch_add(1, std::memory_order_relaxed);
}

void runtime::post_new(work& root) noexcept {
  if (core::current() == this) {
    ++counters_.spawned;
    spawned_.push(root);
  } else {
    spawned_outside_.fetch_add(1, std::memory_order_relaxed);
    post(root);
  }
}

void runtime::turn() noexcept {
  // Looking comes first, so that block_on() asks between running and sleeping whether its task has
  // ended.
  if (woken_ == nullptr && ready_.empty() && spawned_.empty() && inbox_.empty()) {
    park();
  } else {
    look_around();
  }
  run_ready();
}

work* runtime::next() noexcept {
  if (woken_ != nullptr) {
    work* const w = std::exchange(woken_, nullptr);
    if (++woken_in_a_row_ <= most_woken_in_a_row) return w;
    ready_.push(*w);
  }
  woken_in_a_row_ = 0;
  if (spawned_.empty()) {
    polls_since_spawned_was_empty_ = 0;
    return ready_.pop();
  }
  // Newest first must not starve the oldest, nor the spawned ones those that wait their turn.
  if (++polls_since_spawned_was_empty_ > longest_wait_polls) {
    polls_since_spawned_was_empty_ = 0;
    ready_.append(spawned_);
    return ready_.pop();
  }
  if (++spawned_in_a_row_ > most_spawned_in_a_row) {
    spawned_in_a_row_ = 0;
    if (work* const w = ready_.pop()) return w;
  }
  return spawned_.pop();
}

void runtime::run_ready() noexcept {
  for (u32 left = polls_per_look; left > 0; --left) {
    work* const w = next();
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
