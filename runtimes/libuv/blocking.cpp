#include "runtimes/libuv/blocking.hpp"

#include "runtimes/libuv/pool.hpp"

namespace regatta::runtimes::libuv {

void request::submitted(loop_context& home, work& waiter) noexcept {
  ++owners_;
  waiter_ = &waiter;
  home_ = &home;
  next_ = home.first_request;
  if (next_ != nullptr) next_->previous_ = this;
  home.first_request = this;
}

void request::completed() noexcept {
  (previous_ != nullptr ? previous_->next_ : home_->first_request) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  if (waiter_ != nullptr) waiter_->wake();
  let_go();
}

void request::cancel_all(loop_context& home) noexcept {
  // libuv refuses those that have begun: they end in their own time.
  for (request* one = home.first_request; one != nullptr; one = one->next_) {
    (void)uv_cancel(one->raw());
  }
}

void job::start(loop_context& home, work& waiter) noexcept {
  work_.data = this;
  submitted(home, waiter);
  pool_birth const in_case_it_is_the_first;
  // It fails only without a function.
  uv_queue_work(
      &home.loop, &work_,
      [](uv_work_t* on_its_thread) { static_cast<job*>(on_its_thread->data)->run(); },
      // A job is cancelled only when its runtime is being destroyed: then nobody takes its answer.
      [](uv_work_t* ended, int) { static_cast<job*>(ended->data)->completed(); });
}

uv_req_t* job::raw() noexcept {
  // Safe because libuv lays out each kind of request with the fields of uv_req_t first.
  return reinterpret_cast<uv_req_t*>(&work_);
}

}  // namespace regatta::runtimes::libuv
