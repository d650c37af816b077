// Carries bytes between two streams, both ways at once, until both ways have ended.
//
// - Each way is finished on its own: when one peer has finished writing and all that it wrote has
//   been passed on, the other peer is told so, and the way back goes on (half-close).
// - Bounded memory: a way reads again only when all that it has read is written, so a slow reader
//   slows its writer down, and a way that waits for bytes holds no buffer.
// - An error of either stream ends both ways at once, and is passed on as what it is: both streams
//   are reset, so that no peer takes a broken stream for a complete one. (A way that waits for a
//   slow reader does not read, so it learns of its writer's reset only when the reader goes on.)
#pragma once

#include <cerrno>
#include <cstddef>
#include <span>
#include <utility>

#include "proxy/buffers.hpp"
#include "runtimes/interface/join.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/task.hpp"

namespace regatta::proxy {

struct relay_result {
  u64 bytes_forward = 0;   // From the first stream to the second.
  u64 bytes_backward = 0;  // From the second to the first.
  int error = 0;           // What ended it before its time; 0: both peers had finished.
};

namespace detail {

// What both ways of one relay know. They run on one turn (join), so nothing here is locked.
template <byte_stream S>
struct relay_state {
  S& first;
  S& second;
  int error = 0;

  // Ends both ways; the one that waits is answered ECANCELED. The first error is the one that
  // counts.
  void fail(int reason) {
    if (error != 0) return;
    error = reason;
    first.reset();
    second.reset();
  }
};

// One way. Answers how many bytes it has passed on.
template <byte_stream S, class Threading>
task<u64> carry(relay_state<S>& state, S& from, S& to, buffer_store<Threading>& buffers) {
  u64 carried = 0;
  for (;;) {
    auto const readable = co_await from.readable();
    if (readable.error != 0) {
      state.fail(readable.error);
      co_return carried;
    }
    auto buffer = buffers.lend();
    // As long as the buffer comes full there is more: no need to wait without it.
    for (std::size_t count = buffer.bytes().size(); count == buffer.bytes().size();) {
      auto const got = co_await from.read(buffer.bytes());
      if (got.error != 0) {
        state.fail(got.error);
        co_return carried;
      }
      if (got.count == 0) {
        // The other stream may have been reset after it had finished. Then the way back has ended,
        // and nobody else would ever ask.
        if (int const error = to.shutdown_write(); error != 0) state.fail(error);
        co_return carried;
      }
      count = got.count;
      for (std::size_t written = 0; written < count;) {
        auto const put = co_await to.write(buffer.bytes().subspan(written, count - written));
        if (put.error != 0) {
          state.fail(put.error);
          co_return carried;
        }
        written += put.count;
        carried += put.count;
      }
    }
  }
}

}  // namespace detail

// Ends when both peers have finished, or one has failed. Afterwards both streams can be closed. The
// streams and the store must outlive the task. Safe to cancel: the streams are as they are then.
template <byte_stream S, class Threading>
task<relay_result> relay(S& first, S& second, buffer_store<Threading>& buffers) {
  detail::relay_state<S> state{first, second};
  auto both = join(detail::carry(state, first, second, buffers),
                   detail::carry(state, second, first, buffers));
  auto const [forward, backward] = co_await both;
  co_return relay_result{forward, backward, state.error};
}

}  // namespace regatta::proxy
