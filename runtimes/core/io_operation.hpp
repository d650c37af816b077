// How a task waits for one operation on a descriptor: try it at once, and where it would block, be
// woken to try it again.
#pragma once

#include <concepts>
#include <coroutine>
#include <utility>

#include "runtimes/core/epoll_reactor.hpp"
#include "runtimes/core/retried.hpp"
#include "runtimes/interface/budget.hpp"
#include "runtimes/interface/compiler.hpp"

namespace regatta::core {

// Owns an open descriptor that is registered with a reactor.
template <class Threading>
class io_handle {
 public:
  using reactor = epoll_reactor<Threading>;
  using source = io_source<Threading>;

  io_handle() = default;
  // Takes over the descriptor, which must be non-blocking; closes it on an error.
  static io_expected<io_handle> adopt(reactor& home, int descriptor);
  io_handle(io_handle&& other) noexcept
      : home_(other.home_), source_(std::exchange(other.source_, nullptr)) {}
  io_handle& operator=(io_handle&& other) noexcept {
    forget();
    home_ = other.home_;
    source_ = std::exchange(other.source_, nullptr);
    return *this;
  }
  ~io_handle() { forget(); }

  // Wakes whoever waits on the descriptor. Idempotent. Any thread of the runtime (under
  // many_threads), also while others begin operations.
  void close() noexcept {
    if (source_ != nullptr) home_->close(*source_);
  }

  source* get() const noexcept { return source_; }
  reactor* home() const noexcept { return home_; }
  int descriptor() const noexcept { return source_ != nullptr ? source_->descriptor() : -1; }
  template <class Use>
  int with_descriptor(Use use) const noexcept {
    return source_ != nullptr ? source_->with_descriptor(std::move(use)) : ECANCELED;
  }

 private:
  io_handle(reactor& home, source& owned) noexcept : home_(&home), source_(&owned) {}

  void forget() noexcept {
    if (source_ != nullptr) home_->forget(*std::exchange(source_, nullptr));
  }

  reactor* home_ = nullptr;
  source* source_ = nullptr;
};

// What one try at an operation did.
enum class tried : u8 {
  blocked,  // Nothing: it would have to wait.
  done,
  drained,  // Done, and there is no more for now.
};

// An attempt knows how to try. `has_edge`: the kernel has said so since we last looked.
template <class A>
concept io_attempt = requires(A& attempt, int descriptor, bool has_edge) {
  { A::side } -> std::convertible_to<direction>;
  { attempt.is_trivial() } -> std::same_as<bool>;  // There is nothing to do; do not even try.
  { attempt.try_on(descriptor, has_edge) } noexcept -> std::same_as<tried>;
  { attempt.fail(ECANCELED) } noexcept;
  attempt.take();  // The answer.
};

// The awaitable. It may be destroyed while it waits; whatever the attempt takes from the kernel it
// takes on the task's own turn, just before the task goes on, so that nothing is lost then.
template <class Threading, io_attempt Attempt>
class [[nodiscard("co_await it")]] io_operation : private hand_made_frame {
 public:
  io_operation(io_handle<Threading> const& socket, Attempt attempt) noexcept
      : hand_made_frame(&io_operation::step), socket_(socket), attempt_(std::move(attempt)) {}
  io_operation(io_operation const&) = delete;
  io_operation& operator=(io_operation const&) = delete;
  // Where it has been tried but not waited for, what it has learnt is kept: that there is nothing.
  ~io_operation() {
    if (source_ == nullptr) return;
    if (was_blocked_) {
      source_->leave(Attempt::side, true, tick_);
    } else {
      source_->abandon(Attempt::side);
    }
  }

  bool await_ready() noexcept {
    if (socket_.get() == nullptr) {
      attempt_.fail(ECANCELED);
      return true;
    }
    if (attempt_.is_trivial()) return true;
    auto const begun = socket_.get()->enter(Attempt::side);
    if (!begun.is_open) {
      attempt_.fail(ECANCELED);
      return true;
    }
    source_ = socket_.get();
    tick_ = begun.tick;
    // Before the attempt, not after it: what is not taken yet cannot be lost while we give way.
    gives_way_ = !budget::spend();
    if (gives_way_) return false;
    if (begun.is_ready && try_once(begun.descriptor, false)) return true;
    was_blocked_ = true;
    return false;
  }

  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) noexcept {
    task_ = task;
    head.executor = task.promise().executor;
    was_blocked_ = false;
    if (gives_way_) {
      head.wake();
      return true;
    }
    return !try_until_armed();
  }

  auto await_resume() { return attempt_.take(); }

 private:
  // Runs when the work is woken.
  static void step(hand_made_frame* frame) {
    auto& self = *static_cast<io_operation*>(frame);
    if (self.go_on()) self.task_.resume();
  }

  // These answer true once there is an answer. After false, touch nothing.
  bool go_on() noexcept {
    bool const has_edge = !std::exchange(gives_way_, false);
    auto const now = source_->again(Attempt::side);
    if (!now.is_open) return end_closed();
    tick_ = now.tick;
    return (now.is_ready && try_once(now.descriptor, has_edge)) || try_until_armed();
  }
  bool try_until_armed() noexcept {
    for (;;) {
      switch (source_->arm(Attempt::side, head, tick_)) {
        case io_source<Threading>::arming::armed:
          return false;
        case io_source<Threading>::arming::closed:
          return end_closed();
        case io_source<Threading>::arming::ready:
          if (try_once(source_->descriptor(), true)) return true;
      }
    }
  }
  bool try_once(int descriptor, bool has_edge) noexcept {
    tried const result = attempt_.try_on(descriptor, has_edge);
    if (result == tried::blocked) return false;
    std::exchange(source_, nullptr)->leave(Attempt::side, result == tried::drained, tick_);
    return true;
  }
  bool end_closed() noexcept {
    attempt_.fail(ECANCELED);
    std::exchange(source_, nullptr)->leave(Attempt::side, false, tick_);
    return true;
  }

  io_handle<Threading> const& socket_;
  io_source<Threading>* source_ = nullptr;  // While we are in the operation.
  std::coroutine_handle<> task_;
  u32 tick_ = 0;
  bool gives_way_ = false;    // The budget is spent: others first, then the attempt.
  bool was_blocked_ = false;  // Tried, and not waiting yet.
  Attempt attempt_;
};

}  // namespace regatta::core
