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

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <span>
#include <utility>

#include "proxy/buffers.hpp"
#include "proxy/splice.hpp"
#include "runtimes/interface/join.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/task.hpp"

namespace regatta::proxy {

struct relay_result {
  u64 bytes_forward = 0;   // From the first stream to the second.
  u64 bytes_backward = 0;  // From the second to the first.
  int error = 0;           // What ended it before its time; 0: both peers had finished.
};

// A relay as others may see it while it runs, from any thread: for counters, and for timeouts
// without a timer or a look at the clock for each message. Somebody advances `tick` now and then,
// from 1 on; the relay notes when it was last what.
//
// Relaxed, all of it: safe because each figure stands for itself. Only the relay writes.
struct relay_watch {
  explicit relay_watch(std::atomic<u32> const& ticks) noexcept
      : moved_at_tick(ticks.load(std::memory_order_relaxed)), tick(ticks) {}

  std::atomic<u64> bytes_forward{0};  // Counted when they are written.
  std::atomic<u64> bytes_backward{0};
  std::atomic<u32> moved_at_tick;          // When bytes were last read or written, either way.
  std::atomic<u32> stalled_since_tick{0};  // Since when a peer has taken nothing of what waits for
                                           // it; 0: nothing waits.
  std::atomic<u32> const& tick;
};

namespace detail {

// The tick of a relay that nobody watches.
inline constinit std::atomic<u32> const no_tick{1};

// What both ways of one relay know. They run on one turn (join), so nothing here is locked.
template <byte_stream S>
struct relay_state {
  S& first;
  S& second;
  relay_watch& watch;
  int error = 0;
  std::array<u32, 2> stalled_since{};  // Of each way; see relay_watch.

  // Ends both ways; the one that waits is answered ECANCELED. The first error is the one that
  // counts.
  void fail(int reason) {
    if (error != 0) return;
    error = reason;
    first.reset();
    second.reset();
  }

  u32 now() const noexcept { return watch.tick.load(std::memory_order_relaxed); }
  void note_moved() noexcept { watch.moved_at_tick.store(now(), std::memory_order_relaxed); }
  void note_written(std::size_t way, std::size_t count) noexcept {
    auto& counter = way == 0 ? watch.bytes_forward : watch.bytes_backward;
    counter.store(counter.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    note_moved();
  }
  void note_stall(std::size_t way, u32 since) noexcept {
    stalled_since[way] = since;
    u32 const other = stalled_since[1 - way];
    bool const is_first = other == 0 || (since != 0 && static_cast<i32>(since - other) < 0);
    watch.stalled_since_tick.store(is_first ? since : other, std::memory_order_relaxed);
  }
};

// One way.
template <byte_stream S, class Threading>
task<void> carry(relay_state<S>& state, std::size_t way, buffer_store<Threading>& buffers) {
  S& from = way == 0 ? state.first : state.second;
  S& to = way == 0 ? state.second : state.first;
  for (;;) {
    auto const readable = co_await from.readable();
    if (readable.error != 0) {
      state.fail(readable.error);
      co_return;
    }
    auto buffer = buffers.lend();
    // As long as the buffer comes full there is more: no need to wait without it.
    for (std::size_t count = buffer.bytes().size(); count == buffer.bytes().size();) {
      auto const got = co_await from.read(buffer.bytes());
      if (got.error != 0) {
        state.fail(got.error);
        co_return;
      }
      if (got.count == 0) {
        // The other stream may have been reset after it had finished. Then the way back has ended,
        // and nobody else would ever ask.
        if (int const error = to.shutdown_write(); error != 0) state.fail(error);
        co_return;
      }
      count = got.count;
      state.note_moved();
      for (std::size_t written = 0; written < count;) {
        state.note_stall(way, state.now());
        auto const put = co_await to.write(buffer.bytes().subspan(written, count - written));
        state.note_stall(way, 0);
        if (put.error != 0) {
          state.fail(put.error);
          co_return;
        }
        written += put.count;
        state.note_written(way, put.count);
      }
    }
  }
}

}  // namespace detail

// Ends when both peers have finished, or one has failed. Afterwards both streams can be closed. The
// streams, the stores and the watch must outlive the task. Safe to cancel: the streams are as they
// are then. `pipes`: from where long runs of bytes get a pipe; nullptr: all bytes are copied.
template <byte_stream S, class Threading>
task<relay_result> relay(S& first, S& second, buffer_store<Threading>& buffers, relay_watch& watch,
                         [[maybe_unused]] pipe_store<Threading>* pipes = nullptr) {
  detail::relay_state<S> state{first, second, watch};
  auto both = join(detail::carry(state, 0, buffers), detail::carry(state, 1, buffers));
  co_await both;
  co_return relay_result{watch.bytes_forward.load(std::memory_order_relaxed),
                         watch.bytes_backward.load(std::memory_order_relaxed), state.error};
}

// The same, watched by nobody.
template <byte_stream S, class Threading>
task<relay_result> relay(S& first, S& second, buffer_store<Threading>& buffers,
                         pipe_store<Threading>* pipes = nullptr) {
  relay_watch watch(detail::no_tick);
  auto watched = relay(first, second, buffers, watch, pipes);
  co_return co_await watched;
}

}  // namespace regatta::proxy
