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
  // The socket must outlive it.
  io_operation(io_handle<Threading> const& socket, Attempt attempt) noexcept
      : hand_made_frame(&io_operation::step), source_(socket.get()), attempt_(std::move(attempt)) {}
  io_operation(io_operation const&) = delete;
  io_operation& operator=(io_operation const&) = delete;
  ~io_operation() {
    switch (stage_) {
      case stage::outside:
        break;
      case stage::blocked:
        leave(true);
        break;
      case stage::giving_way:
      case stage::waiting:
        source_->abandon(Attempt::side);
    }
  }

  bool await_ready() noexcept {
    if (source_ == nullptr) {
      attempt_.fail(ECANCELED);
      return true;
    }
    if (attempt_.is_trivial()) return true;
    auto const begun = source_->enter(Attempt::side);
    if (!begun.is_open) {
      attempt_.fail(ECANCELED);
      return true;
    }
    tick_ = begun.tick;
    // Before the attempt, not after it: what is not taken yet cannot be lost while we give way.
    if (!budget::spend()) {
      stage_ = stage::giving_way;
      return false;
    }
    stage_ = stage::blocked;
    return begun.is_ready && try_once(begun.descriptor, false);
  }

  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) noexcept {
    task_ = task;
    head.executor = task.promise().executor;
    if (stage_ == stage::giving_way) {
      head.wake();
      return true;
    }
    stage_ = stage::waiting;
    return !try_until_armed();
  }

  auto await_resume() { return attempt_.take(); }

 private:
  // How far we are in the operation on the source.
  enum class stage : u8 {
    outside,     // Not begun, or ended.
    giving_way,  // The budget is spent: others first, then the attempt.
    blocked,     // There was nothing. Whoever destroys us now leaves that knowledge behind.
    waiting,     // To be woken.
  };

  // Runs when the work is woken.
  static void step(hand_made_frame* frame) {
    auto& self = *static_cast<io_operation*>(frame);
    if (self.go_on()) self.task_.resume();
  }

  // These answer true once there is an answer. After false, touch nothing.
  bool go_on() noexcept {
    bool const has_edge = std::exchange(stage_, stage::waiting) != stage::giving_way;
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
    leave(result == tried::drained);
    return true;
  }
  bool end_closed() noexcept {
    attempt_.fail(ECANCELED);
    leave(false);
    return true;
  }
  void leave(bool drained) noexcept {
    stage_ = stage::outside;
    source_->leave(Attempt::side, drained, tick_);
  }

  io_source<Threading>* const source_;
  std::coroutine_handle<> task_;
  u32 tick_ = 0;
  stage stage_ = stage::outside;
  Attempt attempt_;
};

}  // namespace regatta::core
