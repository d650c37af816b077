// One way of a relay: what the first stream sends to the second, or the other way about.
//
// A state machine rather than a coroutine, because there are two for each connection, most of them
// idle: it has room for one wait, and all that carrying takes it holds only while bytes are under
// way.
#pragma once

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "proxy/buffers.hpp"
#include "proxy/operation_slot.hpp"
#include "proxy/relay_watch.hpp"
#include "proxy/splice.hpp"
#include "proxy/turn.hpp"
#include "runtimes/interface/budget.hpp"
#include "runtimes/interface/frame_pool.hpp"
#include "runtimes/interface/net.hpp"

namespace regatta::proxy::detail {

// What both ways of one relay know. They go on one at a time (turn.hpp), so nothing here is locked.
template <byte_stream S, class Threading>
struct relay_state {
  S& first;
  S& second;
  buffer_store<Threading>& buffers;
  relay_watch& watch;
  pipe_store<Threading>* const pipes;
  int error = 0;
  u8 ways_left = 2;
  std::array<u32, 2> stalled_since{};  // Of each way; see relay_watch.

  // Ends both ways; the one that waits is answered ECANCELED. The first error is the one that
  // counts.
  void fail(int reason) {
    if (error != 0) return;
    error = reason;
    first.reset();
    second.reset();
  }

  // Relaxed, all of it: see relay_watch.
  u32 now() const noexcept { return watch.tick.load(std::memory_order_relaxed); }
  void note_moved() noexcept { watch.moved_at_tick.store(now(), std::memory_order_relaxed); }
  void note_written(u8 way, std::size_t count) noexcept {
    auto& counter = way == 0 ? watch.bytes_forward : watch.bytes_backward;
    counter.store(counter.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    note_moved();
  }
  // 0: the way does not wait to write.
  void note_stall(u8 way, u32 since) noexcept {
    stalled_since[way] = since;
    u32 const other = stalled_since[1 - way];
    bool const is_first = other == 0 || (since != 0 && static_cast<i32>(since - other) < 0);
    watch.stalled_since_tick.store(is_first ? since : other, std::memory_order_relaxed);
  }
};

// The operations of a stream, by name; those that it lacks are never begun.
template <class S>
struct operations_of {
  using readable = decltype(std::declval<S&>().readable());
  using read = decltype(std::declval<S&>().read({}));
  using write = decltype(std::declval<S&>().write({}));

  static auto failure_or_none() {
    if constexpr (failure_telling_stream<S>) {
      return std::type_identity<decltype(std::declval<S&>().failure())>();
    } else {
      return std::type_identity<readable>();
    }
  }
  static auto fill_or_none() {
    if constexpr (spliceable_stream<S>) {
      return std::type_identity<decltype(std::declval<S&>().read_to_pipe(0, 0))>();
    } else {
      return std::type_identity<readable>();
    }
  }
  static auto drain_or_none() {
    if constexpr (spliceable_stream<S>) {
      return std::type_identity<decltype(std::declval<S&>().write_from_pipe(0, 0))>();
    } else {
      return std::type_identity<readable>();
    }
  }
  using failure = typename decltype(failure_or_none())::type;
  using fill = typename decltype(fill_or_none())::type;
  using drain = typename decltype(drain_or_none())::type;
};

// Stands beside a way that waits for its reader, and so does not read: tells it that the writer is
// gone.
template <byte_stream S, class Threading>
class sentry final : public turn::member {
 public:
  sentry(turn& of, u8 place, relay_state<S, Threading>& both, S& watched)
      : member(of, place, &sentry::step), both_(both) {
    if (slot_.begin([&] { return watched.failure(); }, handle())) both_.fail(slot_.take().error);
  }

 private:
  static void step(hand_made_frame* frame) {
    auto& self = *static_cast<sentry*>(frame);
    self.both_.fail(self.slot_.take().error);
  }

  relay_state<S, Threading>& both_;
  operation_slot<typename operations_of<S>::failure> slot_;
};

// What a way holds only while bytes are under way. Either the buffer or the pipe is there.
template <byte_stream S, class Threading>
struct cargo {
  using operations = operations_of<S>;

  // As frames are: the memory that was let go last is the hottest.
  static void* operator new(std::size_t bytes) { return frame_pool::allocate(bytes); }
  static void operator delete(void* memory, std::size_t bytes) noexcept {
    frame_pool::release(memory, bytes);
  }

  typename buffer_store<Threading>::loan buffer;
  std::span<std::byte const> unwritten;  // Of what is in the buffer.
  typename pipe_store<Threading>::loan pipe;
  std::unique_ptr<sentry<S, Threading>> watcher;  // While it waits to write.
  std::size_t without_pause = 0;                  // Carried since it last waited for bytes.
  // Declared last: it ends before what it uses.
  operation_slot<typename operations::read, typename operations::write, typename operations::fill,
                 typename operations::drain>
      slot;
};

template <byte_stream S, class Threading>
class way final : public turn::member {
 public:
  // `place`: 0 forward, 1 backward.
  way(turn& of, u8 place, relay_state<S, Threading>& both) noexcept
      : member(of, place, &way::step), both_(both) {}

  // These three on the turn of the relay.
  void start() {
    if (wait()) go_on();
  }
  void go_on_if_ready() { resume_if_ready(); }
  void sentry_go_on_if_ready() {
    if constexpr (failure_telling_stream<S>) {
      if (cargo_ != nullptr && cargo_->watcher != nullptr) cargo_->watcher->resume_if_ready();
    }
  }
  // Ends what is still under way.
  void cancel() noexcept {
    idle_.cancel();
    cargo_.reset();
  }

  // The places of a turn's members.
  static constexpr u8 bit_of_way(u8 place) noexcept { return static_cast<u8>(1u << place); }
  static constexpr u8 bit_of_sentry(u8 place) noexcept { return static_cast<u8>(4u << place); }

 private:
  enum class phase : u8 {
    waiting,   // For bytes, and holds nothing.
    reading,   // Into the buffer.
    writing,   // What is in the buffer.
    filling,   // The pipe.
    draining,  // And what is in it goes out.
    ended,     // But still notices a reset of the stream that has finished.
  };

  static constexpr bool splices = spliceable_stream<S>;

  S& source() const noexcept { return place() == 0 ? both_.first : both_.second; }
  S& target() const noexcept { return place() == 0 ? both_.second : both_.first; }

  static void step(hand_made_frame* frame) { static_cast<way*>(frame)->go_on(); }

  // Something has been answered. Until the next operation has to wait.
  void go_on() noexcept {
    try {
      while (take_answer(cargo_ != nullptr ? cargo_->slot.take() : idle_.take())) {
      }
    } catch (std::bad_alloc const&) {
      give_up(ENOMEM);
    }
  }

  // What follows answers whether there is an answer already.

  bool take_answer(io_result const answer) {
    if (phase_ == phase::writing || phase_ == phase::draining) end_stall();
    if (answer.error != 0) return give_up(answer.error);
    switch (phase_) {
      case phase::waiting:
        return load();
      case phase::reading:
        return has_read(answer.count);
      case phase::writing:
        return has_written(answer.count);
      case phase::filling:
        return has_filled(answer.count);
      case phase::draining:
        return has_drained(answer.count);
      case phase::ended:
        break;
    }
    return false;
  }

  bool wait() {
    cargo_.reset();
    phase_ = phase::waiting;
    return idle_.begin([&] { return source().readable(); }, handle());
  }
  bool load() {
    cargo_ = std::make_unique<cargo<S, Threading>>();
    return is_bulk_ ? fill_or_read() : read();
  }

  bool read() {
    cargo_->buffer = both_.buffers.lend();
    phase_ = phase::reading;
    return cargo_->slot.begin([&] { return source().read(cargo_->buffer.bytes()); }, handle());
  }
  bool has_read(std::size_t count) {
    if (count == 0) return finish();
    both_.note_moved();
    cargo_->unwritten = cargo_->buffer.bytes().first(count);
    was_full_ = count == cargo_->buffer.bytes().size();
    return write();
  }

  bool write() {
    phase_ = phase::writing;
    return cargo_->slot.begin([&] { return target().write(cargo_->unwritten); }, handle()) ||
           begin_stall();
  }
  bool has_written(std::size_t count) {
    both_.note_written(place(), count);
    cargo_->without_pause += count;
    cargo_->unwritten = cargo_->unwritten.subspan(count);
    if (!cargo_->unwritten.empty()) return write();
    // As long as the buffer comes full there is more, most likely.
    if (!was_full_) return wait();
    if (splices && both_.pipes != nullptr && cargo_->without_pause >= both_.pipes->from_bytes()) {
      cargo_->buffer.give_back();
      return fill_or_read();
    }
    if (cargo_->slot.try_at_once([&] { return source().read(cargo_->buffer.bytes()); })) {
      phase_ = phase::reading;
      return true;
    }
    return wait();
  }

  bool fill_or_read() {
    if constexpr (splices) {
      cargo_->pipe = both_.pipes->lend();
      if (cargo_->pipe != nullptr) return fill();
    }
    stop_splicing();
    return read();
  }
  // The pipe is empty: else nobody would know whether it or the socket makes us wait.
  bool fill() {
    if constexpr (splices) {
      auto const make = [&] {
        return source().read_to_pipe(cargo_->pipe->ends.write_end(),
                                     pipe_store<Threading>::pipe_bytes);
      };
      if (cargo_->slot.try_at_once(make)) {
        phase_ = phase::filling;
        return true;
      }
    }
    return wait();
  }
  bool has_filled(std::size_t count) {
    if (count == 0) return finish();
    both_.note_moved();
    cargo_->pipe->held = count;
    is_bulk_ = count >= both_.buffers.bytes_of_each();
    // Others have their turn after as many bytes as if they had been copied.
    budget::spend_more(static_cast<u32>(2 * count / both_.buffers.bytes_of_each()));
    return drain();
  }

  bool drain() {
    phase_ = phase::draining;
    if constexpr (splices) {
      auto const make = [&] {
        return target().write_from_pipe(cargo_->pipe->ends.read_end(), cargo_->pipe->held);
      };
      return cargo_->slot.begin(make, handle()) || begin_stall();
    }
    return false;
  }
  bool has_drained(std::size_t count) {
    both_.note_written(place(), count);
    cargo_->pipe->held -= count;
    if (cargo_->pipe->held > 0) return drain();
    return is_bulk_ ? fill() : wait();
  }
  void stop_splicing() noexcept {
    is_bulk_ = false;
    cargo_->without_pause = 0;
  }

  // The write has to wait. (It cannot be answered before this turn has ended.)
  bool begin_stall() {
    both_.note_stall(place(), both_.now());
    if constexpr (failure_telling_stream<S>) {
      auto const its_place = static_cast<u8>(2 + place());
      cargo_->watcher =
          std::make_unique<sentry<S, Threading>>(my_turn(), its_place, both_, source());
    }
    return false;
  }
  void end_stall() noexcept {
    if (both_.stalled_since[place()] == 0) return;
    both_.note_stall(place(), 0);
    cargo_->watcher.reset();
  }

  // The source has finished, and all of it is written.
  bool finish() {
    // The other stream may have been reset after it had finished. Then the way back has ended, and
    // nobody else would ever ask.
    if (int const error = target().shutdown_write(); error != 0) return give_up(error);
    end();
    if constexpr (failure_telling_stream<S>) {
      if (both_.ways_left > 0) return idle_.begin([&] { return source().failure(); }, handle());
    }
    return false;
  }
  bool give_up(int error) {
    both_.fail(error);
    end();
    return false;
  }
  void end() noexcept {
    cargo_.reset();
    // A write that was under way may have been answered meanwhile, and is gone with the cargo.
    this->forget_ready();
    if (phase_ != phase::ended) --both_.ways_left;
    phase_ = phase::ended;
  }

  phase phase_ = phase::waiting;
  bool is_bulk_ = false;   // What comes next goes through a pipe.
  bool was_full_ = false;  // The buffer, when it was last read into.
  relay_state<S, Threading>& both_;
  operation_slot<typename operations_of<S>::readable, typename operations_of<S>::failure> idle_;
  std::unique_ptr<cargo<S, Threading>> cargo_;  // But for waiting, and when it has ended.
};

}  // namespace regatta::proxy::detail
