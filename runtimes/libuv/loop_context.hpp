// What everything that lives on one libuv loop shares. One thread: the one that runs the loop.
#pragma once

#include <uv.h>

#include <cstddef>

#include "runtimes/libuv/input_buffer.hpp"

namespace regatta::runtimes::libuv {

class request;

struct loop_context {
  uv_loop_t loop;
  input_store inputs;
  std::size_t open_sockets = 0;
  request* first_request = nullptr;  // Of those that libuv's threads work on: request.hpp.
};

// libuv's errors are negative errnos.
inline int to_errno(int status) noexcept { return status < 0 ? -status : 0; }

// Safe because libuv lays out each kind of handle with the fields of uv_handle_t first, and those
// of uv_stream_t where it is a stream; its interface is made for these casts.
template <class Handle>
uv_handle_t* as_handle(Handle& special) noexcept {
  return reinterpret_cast<uv_handle_t*>(&special);
}

}  // namespace regatta::runtimes::libuv
