// Pipes through which long runs of bytes move from socket to socket inside the kernel (splice).
#pragma once

#include <cstddef>
#include <limits>

#include "runtimes/interface/types.hpp"

namespace regatta::proxy {

inline constexpr std::size_t never_splice = std::numeric_limits<std::size_t>::max();

// Threading is the runtime's (threading.hpp): who may lend and give back at once.
template <class Threading>
class pipe_store {
 public:
  // A way that has carried `from_bytes` without a pause is given a pipe.
  explicit pipe_store(std::size_t from_bytes) : from_bytes_(from_bytes) {}
  pipe_store(pipe_store const&) = delete;
  pipe_store& operator=(pipe_store const&) = delete;

  std::size_t from_bytes() const noexcept { return from_bytes_; }

 private:
  std::size_t const from_bytes_;
};

}  // namespace regatta::proxy
