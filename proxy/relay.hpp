// Carries bytes between two streams, both ways at once, until both ways have ended.
//
// - Each way is finished on its own: when one peer has finished writing and all that it wrote has
//   been passed on, the other peer is told so, and the way back goes on (half-close).
// - Bounded memory: a way reads again only when all that it has read is written, so a slow reader
//   slows its writer down, and a way that waits for bytes holds no buffer and no pipe.
// - An error of either stream ends both ways at once, and is passed on as what it is: both streams
//   are reset, so that no peer takes a broken stream for a complete one. Where streams tell of
//   their failure (failure_telling_stream), also while the way waits for a slow reader, or has
//   ended; elsewhere it is noticed when the stream is next used.
// - Few bytes are copied, long runs of them are moved inside the kernel (splice.hpp) where the
//   streams leave them in the socket until they are read (spliceable_stream).
#pragma once

#include <atomic>
#include <coroutine>
#include <utility>

#include "proxy/buffers.hpp"
#include "proxy/relay_watch.hpp"
#include "proxy/splice.hpp"
#include "proxy/turn.hpp"
#include "proxy/way.hpp"
#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/hand_made_frame.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/task.hpp"

namespace regatta::proxy {

struct relay_result {
  u64 bytes_forward = 0;   // From the first stream to the second.
  u64 bytes_backward = 0;  // From the second to the first.
  int error = 0;           // What ended it before its time; 0: both peers had finished.
};

// The awaitable: ends when both peers have finished, or one has failed. Afterwards both streams can
// be closed. The streams, the stores and the watch must outlive it. Safe to cancel: the streams are
// as they are then, and what had been read of one and not been written to the other is gone.
template <byte_stream S, class Threading>
class [[nodiscard("co_await it")]] relay_operation : private hand_made_frame {
 public:
  relay_operation(S& first, S& second, buffer_store<Threading>& buffers, relay_watch& watch,
                  pipe_store<Threading>* pipes) noexcept
      : hand_made_frame(&relay_operation::step), both_{first, second, buffers, watch, pipes} {}
  relay_operation(relay_operation const&) = delete;
  relay_operation& operator=(relay_operation const&) = delete;

  bool await_ready() const noexcept { return false; }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) {
    task_ = task;
    head.executor = task.promise().executor;
    forward_.start();
    backward_.start();
    return !has_ended();
  }
  relay_result await_resume() const noexcept {
    return {both_.watch.bytes_forward.load(std::memory_order_relaxed),
            both_.watch.bytes_backward.load(std::memory_order_relaxed), both_.error};
  }

 private:
  using way = detail::way<S, Threading>;

  static void step(hand_made_frame* frame) {
    auto& self = *static_cast<relay_operation*>(frame);
    u8 const ready = self.turn_.take_ready();
    if ((ready & way::bit_of_way(0)) != 0) self.forward_.go_on_if_ready();
    if ((ready & way::bit_of_way(1)) != 0) self.backward_.go_on_if_ready();
    if ((ready & way::bit_of_sentry(0)) != 0) self.forward_.sentry_go_on_if_ready();
    if ((ready & way::bit_of_sentry(1)) != 0) self.backward_.sentry_go_on_if_ready();
    if (self.has_ended()) self.task_.resume();
  }

  // The last of a turn. After false, touch nothing.
  bool has_ended() noexcept {
    if (both_.ways_left == 0) {
      forward_.cancel();
      backward_.cancel();
      return true;
    }
    if (!turn_.end()) head.wake();
    return false;
  }

  std::coroutine_handle<> task_;
  turn turn_{head};
  detail::relay_state<S, Threading> both_;
  way forward_{turn_, 0, both_};
  way backward_{turn_, 1, both_};
};

// The same as a task. `pipes`: from where long runs of bytes get a pipe; nullptr: all bytes are
// copied. The watch begins at no bytes.
template <byte_stream S, class Threading>
task<relay_result> relay(S& first, S& second, buffer_store<Threading>& buffers, relay_watch& watch,
                         pipe_store<Threading>* pipes = nullptr) {
  relay_operation<S, Threading> both_ways(first, second, buffers, watch, pipes);
  co_return co_await both_ways;
}

namespace detail {
// The tick of a relay that nobody watches.
inline constinit std::atomic<u32> const no_tick{1};
}  // namespace detail

// The same, watched by nobody.
template <byte_stream S, class Threading>
task<relay_result> relay(S& first, S& second, buffer_store<Threading>& buffers,
                         pipe_store<Threading>* pipes = nullptr) {
  relay_watch watch(detail::no_tick);
  relay_operation<S, Threading> both_ways(first, second, buffers, watch, pipes);
  co_return co_await both_ways;
}

}  // namespace regatta::proxy
