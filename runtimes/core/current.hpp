// Which runtime, and which worker of it, the calling thread is driving.
#pragma once

#include <utility>

#include "runtimes/interface/compiler.hpp"

namespace regatta::core {

namespace detail {
struct driven {
  void const* runtime;
  void* worker;
};
inline driven& innermost() noexcept {
  static thread_local constinit driven the_innermost{nullptr, nullptr};
  return the_innermost;
}
}  // namespace detail

// The runtime that this thread drives, the innermost where they nest; nullptr on other threads.
REGATTA_READS_THREAD_LOCAL inline void const* current() noexcept {
  return detail::innermost().runtime;
}

// The worker of `runtime` that this thread is; nullptr if it is none.
REGATTA_READS_THREAD_LOCAL inline void* current_worker_of(void const* runtime) noexcept {
  detail::driven const& here = detail::innermost();
  return here.runtime == runtime ? here.worker : nullptr;
}

// Says, for a scope, what this thread drives. Scopes nest, as runtimes do.
class driving {
 public:
  explicit driving(void const* runtime, void* worker = nullptr) noexcept
      : outer_(std::exchange(detail::innermost(), {runtime, worker})) {}
  ~driving() { detail::innermost() = outer_; }
  driving(driving const&) = delete;
  driving& operator=(driving const&) = delete;

 private:
  detail::driven outer_;
};

}  // namespace regatta::core
