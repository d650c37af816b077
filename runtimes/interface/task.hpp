// task<T>: lazy, move-only work that owns its coroutine frame. Calling a coroutine runs none of it;
// awaiting the task, spawning it or handing it to a group does.
//
// One frame is one task. It ends in one of three ways, told apart by `completion`:
//   child   somebody awaits the task: control passes straight to them (symmetric transfer);
//   root    a runtime spawned it: a joiner may be waiting, or may have let go of it (joiner.hpp);
//   member  a group drives it: the group is told, on the turn of the group's owner (group.hpp).
#pragma once

#include <atomic>
#include <concepts>
#include <coroutine>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include "runtimes/interface/assert.hpp"
#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/frame_pool.hpp"
#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/types.hpp"
#include "runtimes/interface/work.hpp"

namespace regatta {

template <class T>
class task;
class promise_base;

// Whoever drives members is told of each that has ended.
class member_owner {
 public:
  virtual void member_ended(promise_base& member) noexcept = 0;

 protected:
  ~member_owner() = default;
};

enum class completion : u8 { child, root, member };
enum class outcome : u8 { pending, value, error };

// The promise's part that does not depend on the task's type.
class promise_base : public work {
 public:
  promise_base() = default;
  promise_base(promise_base const&) = delete;
  promise_base& operator=(promise_base const&) = delete;

  struct ending;
  std::suspend_always initial_suspend() const noexcept { return {}; }
  ending final_suspend() noexcept;

  static void* operator new(std::size_t bytes) { return frame_pool::allocate(bytes); }
  static void operator delete(void* frame, std::size_t bytes) noexcept {
    frame_pool::release(frame, bytes);
  }

  std::coroutine_handle<> handle() noexcept {
    // Safe because of what work::resume() says.
    return std::coroutine_handle<work>::from_promise(*this);
  }
  void* frame() noexcept { return handle().address(); }

  // Who is told of the end: the frame that awaits (child), the join state (root), the owner
  // (member).
  std::atomic<std::uintptr_t> link{0};
  completion ends_as = completion::child;
  outcome result = outcome::pending;
  u32 place = 0;  // Of a member: for its group to find it by.
};

// What becomes of a root, agreed between its joiner and its end through promise_base::link. Any
// value from first_waiter on is the work of the task that awaits the joiner.
namespace join_state {
inline constexpr std::uintptr_t running = 0;    // Nobody waits yet.
inline constexpr std::uintptr_t finishing = 1;  // The task has ended and is telling: a moment.
inline constexpr std::uintptr_t finished =
    2;  // The result is there, and the joiner owns the frame.
inline constexpr std::uintptr_t detached = 3;   // The joiner has let go: the frame frees itself.
inline constexpr std::uintptr_t abandoned = 4;  // The runtime died first; only the memory is left.
inline constexpr std::uintptr_t first_waiter = 16;
}  // namespace join_state

// The last suspension of every task.
struct promise_base::ending {
  promise_base& self;

  // True: nobody will ever look at this frame again, and running off its end frees it. (Destroying
  // a frame inside its own await_suspend is miscompiled by g++ 15.2, GCC PR 121961.)
  bool await_ready() const noexcept {
    if (self.ends_as != completion::root) return false;
    frame_pool::strike(self.frame());
    // Acquire-release: takes over what a joiner wrote before it let go or began to wait, and shows
    // it that the task has ended. A joiner that meets `finishing` waits for `finished`.
    waiter_ = self.link.exchange(join_state::finishing, std::memory_order_acq_rel);
    return waiter_ == join_state::detached;
  }

  REGATTA_AWAIT_SUSPEND std::coroutine_handle<> await_suspend(
      std::coroutine_handle<>) const noexcept {
    switch (self.ends_as) {
      case completion::child:
        // Relaxed: safe because the awaiting task wrote it before it transferred control here.
        return std::coroutine_handle<>::from_address(
            reinterpret_cast<void*>(self.link.load(std::memory_order_relaxed)));
      case completion::member:
        reinterpret_cast<member_owner*>(self.link.load(std::memory_order_relaxed))
            ->member_ended(self);
        break;
      case completion::root: {
        work* ready = nullptr;
        if (waiter_ >= join_state::first_waiter) {
          auto* waiter = reinterpret_cast<work*>(waiter_);
          // Before `finished` is stored, so that a joiner that is being destroyed can wait for it.
          ready = waiter->executor->admit(*waiter);
        }
        // Release: pairs with the acquire in joiner. The frame is the joiner's from here on.
        self.link.store(join_state::finished, std::memory_order_release);
        post_admitted(ready);
        break;
      }
    }
    return std::noop_coroutine();
  }

  void await_resume() const noexcept {}

  mutable std::uintptr_t waiter_ = 0;
};

inline promise_base::ending promise_base::final_suspend() noexcept { return {*this}; }

// The result of a task: nothing yet, a value, or the exception that ended it.
template <class T>
class task_promise final : public promise_base {
  static_assert(!std::is_reference_v<T>, "a task answers a value: use a pointer for a reference");

 public:
  task_promise() noexcept {}
  ~task_promise() {
    if (result == outcome::value) std::destroy_at(&value_);
    if (result == outcome::error) std::destroy_at(&error_);
  }

  task<T> get_return_object() noexcept;

  template <class U>
    requires std::constructible_from<T, U&&>
  void return_value(U&& value) noexcept(std::is_nothrow_constructible_v<T, U&&>) {
    std::construct_at(&value_, std::forward<U>(value));
    result = outcome::value;
  }
  void unhandled_exception() noexcept {
    std::construct_at(&error_, std::current_exception());
    result = outcome::error;
  }

  // The value, moved out, or the exception. Once.
  T take() {
    if (result == outcome::error) [[unlikely]]
      std::rethrow_exception(error_);
    REGATTA_DEBUG_ASSERT(result == outcome::value, "await a task before you take its result");
    return std::move(value_);
  }

 private:
  union {
    T value_;
    std::exception_ptr error_;
  };
};

template <>
class task_promise<void> final : public promise_base {
 public:
  task_promise() noexcept {}
  ~task_promise() {
    if (result == outcome::error) std::destroy_at(&error_);
  }

  task<void> get_return_object() noexcept;

  void return_void() noexcept { result = outcome::value; }
  void unhandled_exception() noexcept {
    std::construct_at(&error_, std::current_exception());
    result = outcome::error;
  }
  void take() {
    if (result == outcome::error) [[unlikely]]
      std::rethrow_exception(error_);
  }

 private:
  union {
    std::exception_ptr error_;
  };
};

template <class T = void>
class [[nodiscard("a task that nobody awaits or spawns never runs")]] task {
 public:
  using promise_type = task_promise<T>;
  using value_type = T;
  using handle_type = std::coroutine_handle<promise_type>;

  task() = default;
  explicit task(handle_type handle) noexcept : handle_(handle) {}
  task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    task(std::move(other)).swap(*this);
    return *this;
  }
  // Cancels: the tasks that the frame awaits die with it.
  ~task() {
    if (handle_) handle_.destroy();
  }

  void swap(task& other) noexcept { std::swap(handle_, other.handle_); }
  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

  // Ends the task where it is suspended: the frame is destroyed with all that lives in it.
  void cancel() noexcept { task().swap(*this); }

  // The frame now belongs to the caller.
  handle_type release() noexcept { return std::exchange(handle_, nullptr); }
  promise_type& promise() const noexcept { return handle_.promise(); }

  struct awaiter {
    handle_type handle;

    bool await_ready() const noexcept { return false; }
    template <has_work P>
    REGATTA_AWAIT_SUSPEND handle_type
    await_suspend(std::coroutine_handle<P> parent) const noexcept {
      handle.promise().executor = parent.promise().executor;
      // Relaxed: safe because the child is resumed by this very thread.
      handle.promise().link.store(reinterpret_cast<std::uintptr_t>(parent.address()),
                                  std::memory_order_relaxed);
      return handle;
    }
    T await_resume() const { return handle.promise().take(); }
  };

  // Runs the task inside the awaiting one, and answers its value or throws its exception. Once.
  awaiter operator co_await() const noexcept {
    REGATTA_DEBUG_ASSERT(handle_, "this task was moved from or awaited before");
    return {handle_};
  }

 private:
  handle_type handle_;
};

template <class T>
task<T> task_promise<T>::get_return_object() noexcept {
  static_assert(alignof(task_promise<T>) <= 2 * sizeof(void*),
                "over-aligned results do not fit in a coroutine frame: keep them on the heap");
  return task<T>(std::coroutine_handle<task_promise<T>>::from_promise(*this));
}
inline task<void> task_promise<void>::get_return_object() noexcept {
  return task<void>(std::coroutine_handle<task_promise<void>>::from_promise(*this));
}

// A value of type T, or `nothing` for void, so that generic code can hold either.
template <class T>
using value_or_nothing = std::conditional_t<std::is_void_v<T>, nothing, T>;

template <class T>
value_or_nothing<T> take_value(task_promise<T>& from) {
  if constexpr (std::is_void_v<T>) {
    from.take();
    return {};
  } else {
    return from.take();
  }
}

}  // namespace regatta
