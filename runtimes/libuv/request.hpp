// What libuv's threads work on for a task that may be gone before they are done. All but the work
// itself happens on the loop's thread, so nothing here needs a lock.
#pragma once

#include <uv.h>

#include "runtimes/interface/work.hpp"
#include "runtimes/libuv/loop_context.hpp"

namespace regatta::runtimes::libuv {

// Owned by the task that waits and by libuv, together; the later of them frees it.
class request {
 public:
  request(request const&) = delete;
  request& operator=(request const&) = delete;

  // The task's side is over: it has its answer, or is being destroyed.
  void forget_waiter() noexcept {
    waiter_ = nullptr;
    let_go();
  }

  // Takes back what libuv's threads have not begun; it ends with UV_ECANCELED.
  static void cancel_all(loop_context& home) noexcept;

 protected:
  request() = default;
  virtual ~request() = default;

  // libuv has it now.
  void submitted(loop_context& home, work& waiter) noexcept;
  // libuv is done with it. The last touch.
  void completed() noexcept;

 private:
  virtual uv_req_t* raw() noexcept = 0;
  void let_go() noexcept {
    if (--owners_ == 0) delete this;
  }

  loop_context* home_ = nullptr;
  request* next_ = nullptr;
  request* previous_ = nullptr;
  work* waiter_ = nullptr;
  int owners_ = 1;  // The task; and libuv, once it has it.
};

}  // namespace regatta::runtimes::libuv
