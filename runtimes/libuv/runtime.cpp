#include "runtimes/libuv/runtime.hpp"

#include <signal.h>
#include <stdlib.h>

#include <cerrno>
#include <system_error>

namespace regatta::runtimes::libuv {

namespace {

// How many tasks run before libuv looks around: as often as our own runtimes do, and Tokio and Go.
constexpr u32 polls_per_turn = 61;

// libuv's threadpool has four threads unless the environment says otherwise before it is first
// used, and starts all of them then. Four calls of run_blocking() that wait for a fifth would wait
// for ever. What the user has set stays.
constexpr char const* threads_of_pool = "128";
// Before main(), while there is one thread: setenv() and getenv() may not meet.
[[maybe_unused]] int const pool_is_sized = ::setenv("UV_THREADPOOL_SIZE", threads_of_pool, 0);

// libuv writes with write(), which raises it. A program that handles it itself keeps its handler.
void ignore_sigpipe() noexcept {
  struct sigaction current{};
  if (::sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) {
    ::signal(SIGPIPE, SIG_IGN);
  }
}

void open_loop(uv_loop_t& loop) {
  ignore_sigpipe();
  int const status = uv_loop_init(&loop);
  if (status != 0) {
    throw std::system_error(to_errno(status), std::generic_category(), "libuv gives no loop");
  }
}

}  // namespace

runtime::runtime(runtime_options)
    : timers_(context_.loop, [](uv_loop_t& loop) noexcept { of(loop).keep_turning(); }) {
  open_loop(context_.loop);
  context_.loop.data = this;
  uv_idle_init(&context_.loop, &idle_);
  int const status = uv_async_init(&context_.loop, &async_,
                                   [](uv_async_t* sent) { of(*sent->loop).take_inbox(); });
  if (status != 0) {
    uv_close(as_handle(idle_), nullptr);
    close_loop();
    throw std::system_error(to_errno(status), std::generic_category(), "libuv gives no async");
  }
}

runtime::~runtime() {
  is_ending_ = true;
  finish_jobs();
  visitors_.wait_until_gone();
  destroy_roots();
  REGATTA_ASSERT(context_.open_sockets == 0,
                 "a socket outlives its runtime: close every socket before the runtime ends");
  timers_.close();
  uv_close(as_handle(idle_), nullptr);
  uv_close(as_handle(async_), nullptr);
  close_loop();
}

runtime_info runtime::info() {
  return {.name = "libuv",
          .version = uv_version_string(),
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
    make_ready(w);
    return;
  }
  core::visitors::visit const here(visitors_);
  if (inbox_.push(w)) {
    wakes_.fetch_add(1, std::memory_order_relaxed);
    uv_async_send(&async_);
  }
}

void runtime::post_new(work& root) noexcept {
  if (core::current() == this) {
    ++counters_.spawned;
    make_ready(root);
  } else {
    spawned_outside_.fetch_add(1, std::memory_order_relaxed);
    post(root);
  }
}

void runtime::make_ready(work& w) noexcept {
  ready_.push(w);
  keep_turning();
}

void runtime::keep_turning() noexcept {
  if (is_turning_ || is_ending_) return;
  is_turning_ = true;
  uv_idle_start(&idle_, [](uv_idle_t* idle) { of(*idle->loop).run_batch(); });
}

void runtime::take_inbox() noexcept {
  inbox_.take_all(ready_);
  if (!ready_.empty()) keep_turning();
}

void runtime::run_batch() noexcept {
  timers_.take_due([](work& w) { w.wake(); });
  for (u32 left = polls_per_turn; left > 0; --left) {
    work* const w = ready_.pop();
    if (w == nullptr) break;
    ++counters_.polls;
    budget::refill();
    w->resume();
  }
  if (goal_ != nullptr && goal_->is_reached(goal_->joiner)) uv_stop(&context_.loop);
  if (!ready_.empty()) return;
  is_turning_ = false;
  uv_idle_stop(&idle_);
  ++counters_.parks;
  // libuv counts the time until the next timer from when this turn began, which is a while ago.
  if (timers_.running() > 0) uv_update_time(&context_.loop);
}

void runtime::run_until(goal const& end) noexcept {
  goal_ = &end;
  while (!end.is_reached(end.joiner)) uv_run(&context_.loop, UV_RUN_DEFAULT);
  goal_ = nullptr;
}

// Jobs may still spawn and wake; nothing of that runs.
void runtime::finish_jobs() noexcept {
  if (is_turning_) uv_idle_stop(&idle_);
  request::cancel_all(context_);
  while (context_.first_request != nullptr) uv_run(&context_.loop, UV_RUN_ONCE);
}

void runtime::close_loop() noexcept {
  uv_run(&context_.loop, UV_RUN_DEFAULT);
  [[maybe_unused]] int const status = uv_loop_close(&context_.loop);
  REGATTA_ASSERT(status == 0, "a libuv handle is still open: whoever made it must close it");
}

}  // namespace regatta::runtimes::libuv
