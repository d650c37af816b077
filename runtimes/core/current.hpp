// Which runtime, or which worker of one, the calling thread is driving.
#pragma once

#include "runtimes/interface/compiler.hpp"

namespace regatta::core {

namespace detail {
inline void*& current_slot() noexcept {
  static thread_local constinit void* current = nullptr;
  return current;
}
}  // namespace detail

// The innermost thing driven on this thread; nullptr on a thread that drives nothing.
REGATTA_READS_THREAD_LOCAL inline void* current() noexcept { return detail::current_slot(); }

// Says, for a scope, what this thread drives. Scopes nest, as runtimes do.
class driving {
 public:
  explicit driving(void* driven) noexcept : outer_(detail::current_slot()) {
    detail::current_slot() = driven;
  }
  ~driving() { detail::current_slot() = outer_; }
  driving(driving const&) = delete;
  driving& operator=(driving const&) = delete;

 private:
  void* outer_;
};

}  // namespace regatta::core
