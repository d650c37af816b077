// Whether the calling thread is destroying a runtime with all its frames.
//
// Frames that die with their runtime die in no particular order: what one of them waits on may lie
// in another that is gone already. A primitive strands those who wait in its lists when it is
// destroyed, but it does not know those whom it has answered and who have not run yet. These
// usually give back what they were given; in a teardown there is nobody to give it to.
#pragma once

#include <utility>

#include "runtimes/interface/compiler.hpp"

namespace regatta::teardown {

namespace detail {
inline bool& flag() noexcept {
  static thread_local constinit bool is_on = false;
  return is_on;
}
}  // namespace detail

REGATTA_READS_THREAD_LOCAL inline bool is_on() noexcept { return detail::flag(); }

// Says so, for a scope. Scopes nest, as runtimes do.
class scope {
 public:
  scope() noexcept : outer_(std::exchange(detail::flag(), true)) {}
  ~scope() { detail::flag() = outer_; }
  scope(scope const&) = delete;
  scope& operator=(scope const&) = delete;

 private:
  bool outer_;
};

}  // namespace regatta::teardown
