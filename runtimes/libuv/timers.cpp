#include "runtimes/libuv/timers.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>

#include "runtimes/libuv/loop_context.hpp"

namespace regatta::runtimes::libuv {

namespace {

// On libuv's clock, which is steady_clock's in milliseconds.
u64 first_millisecond_after(time_point deadline) noexcept {
  auto const rounded_up = std::chrono::ceil<std::chrono::milliseconds>(deadline.time_since_epoch());
  return static_cast<u64>(rounded_up.count());
}

}  // namespace

timers::timer& timers::start(time_point deadline, work& sleeper) {
  if (free_ == nullptr) {
    timer& made = *all_.emplace_back(std::make_unique<timer>());
    uv_timer_init(&loop_, &made.handle);
    made.handle.data = this;
    free_ = &made;
  }
  timer& started = *free_;
  free_ = started.next_free;
  started.deadline = deadline;
  started.order = started_++;
  started.sleeper = &sleeper;
  ++running_;
  // libuv adds its idea of now, which may be old, to the delay. We take the same off, so that the
  // sum is right however old it is.
  u64 const due = first_millisecond_after(deadline);
  u64 const now = uv_now(&loop_);
  uv_timer_start(&started.handle, &on_timer, due > now ? due - now : 0, 0);
  return started;
}

void timers::give_back(timer& unused) noexcept {
  uv_timer_stop(&unused.handle);
  unused.sleeper = nullptr;
  unused.next_free = free_;
  free_ = &unused;
  --running_;
}

void timers::on_timer(uv_timer_t* handle) noexcept {
  auto& self = *static_cast<timers*>(handle->data);
  // Safe because the handle is the first member of a timer.
  self.due_.push_back(reinterpret_cast<timer*>(handle));
  self.on_due_(self.loop_);
}

void timers::sort_due() noexcept {
  auto const is_sooner = [](timer const* a, timer const* b) {
    return std::tie(a->deadline, a->order) < std::tie(b->deadline, b->order);
  };
  // Nearly always they are: libuv's heap has sorted them by milliseconds.
  if (!std::ranges::is_sorted(due_, is_sooner)) std::ranges::sort(due_, is_sooner);
}

void timers::close() noexcept {
  for (auto& one : all_) uv_close(as_handle(one->handle), nullptr);
}

}  // namespace regatta::runtimes::libuv
