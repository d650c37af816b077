// joiner<T>: the handle of a task that was spawned. Await it for the result; drop it to let the
// task go on alone (it is then *detached*, and its result or exception is thrown away).
#pragma once

#include <utility>
#include <vector>

#include "runtimes/interface/task.hpp"
#include "runtimes/interface/teardown.hpp"

namespace regatta {

// A joiner was awaited, but the runtime of its task had been destroyed before the task ended.
class task_abandoned : public std::exception {
 public:
  char const* what() const noexcept override {
    return "the runtime was destroyed before this task had ended";
  }
};

template <class T>
class joiner {
 public:
  using value_type = T;

  joiner() = default;
  explicit joiner(task_promise<T>& root) noexcept : root_(&root) {}
  joiner(joiner&& other) noexcept : root_(std::exchange(other.root_, nullptr)) {}
  joiner& operator=(joiner&& other) noexcept {
    joiner(std::move(other)).swap(*this);
    return *this;
  }
  ~joiner() { detach(); }

  void swap(joiner& other) noexcept { std::swap(root_, other.root_); }

  // Has the task ended? Acquire: pairs with the release in promise_base::ending.
  bool is_finished() const noexcept {
    return root_->link.load(std::memory_order_acquire) == join_state::finished;
  }

  // The result of a task that is_finished(), for code that is no coroutine. At most once: the
  // joiner is empty then.
  T take_finished() {
    REGATTA_ASSERT(is_finished(), "ask is_finished() first, or co_await the joiner");
    joiner const last = std::move(*this);
    return last.root_->take();
  }

  // Lets go of the task. It runs on.
  void detach() noexcept {
    if (root_ == nullptr) return;
    task_promise<T>& root = *std::exchange(root_, nullptr);
    // Acquire: pairs with the release in promise_base::ending.
    if (root.link.load(std::memory_order_acquire) == join_state::finished) {
      root.handle().destroy();
      return;
    }
    std::uintptr_t state = join_state::running;
    // Acquire-release: hands over to the ending, or takes over from it.
    if (root.link.compare_exchange_strong(state, join_state::detached, std::memory_order_acq_rel)) {
      return;
    }
    state = settled(root);
    if (state == join_state::finished) {
      root.handle().destroy();
    } else {
      free_abandoned(root);
    }
  }

  // Waits until the task has ended; answers its value or throws its exception. At most once: the
  // joiner is empty then, and the task's frame gone, so that a long chain of tasks that hold each
  // other's joiners does not fall in one recursion. Safe to cancel: the task runs on and can be
  // awaited again.
  auto operator co_await() & noexcept { return awaiter(*this); }
  auto operator co_await() && noexcept { return awaiter(*this); }

 private:
  // The end of a task takes a few instructions; whoever arrives in between waits for it.
  static std::uintptr_t settled(task_promise<T>& root) noexcept {
    backoff pause;
    for (;;) {
      std::uintptr_t const state = root.link.load(std::memory_order_acquire);
      if (state != join_state::finishing) return state;
      pause.wait();
    }
  }
  static void free_abandoned(task_promise<T>& root) noexcept {
    void* const frame = root.frame();
    frame_pool::release(frame, frame_pool::bytes_of(frame));
  }

  class awaiter {
   public:
    explicit awaiter(joiner& whose) noexcept : joiner_(whose) {
      REGATTA_DEBUG_ASSERT(whose.root_ != nullptr, "this joiner was awaited or moved from before");
    }
    awaiter(awaiter const&) = delete;
    awaiter& operator=(awaiter const&) = delete;
    // Cancelled while waiting: stop waiting, or let the waker finish with us.
    ~awaiter() {
      if (waiter_ == nullptr) return;
      auto expected = reinterpret_cast<std::uintptr_t>(waiter_);
      if (!root().link.compare_exchange_strong(expected, join_state::running,
                                               std::memory_order_acq_rel)) {
        settled(root());
      }
    }

    bool await_ready() const noexcept {
      return root().link.load(std::memory_order_acquire) == join_state::finished;
    }
    template <has_work P>
    REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> parent) noexcept {
      work* const me = &parent.promise();
      task_promise<T>& awaited = root();
      std::uintptr_t state = join_state::running;
      waiter_ = me;
      // Release: pairs with the acquire in the ending, which reads our frame.
      if (awaited.link.compare_exchange_strong(state, reinterpret_cast<std::uintptr_t>(me),
                                               std::memory_order_acq_rel)) {
        return true;  // From here on this frame may be running elsewhere: touch nothing.
      }
      waiter_ = nullptr;
      REGATTA_ASSERT(state < join_state::first_waiter, "a joiner is awaited by one task at a time");
      settled(awaited);
      return false;
    }
    T await_resume() {
      waiter_ = nullptr;
      joiner const last = std::move(joiner_);
      if (settled(*last.root_) == join_state::abandoned) throw task_abandoned();
      return last.root_->take();
    }

   private:
    task_promise<T>& root() const noexcept { return *joiner_.root_; }

    joiner& joiner_;
    work* waiter_ = nullptr;
  };

  task_promise<T>* root_ = nullptr;
};

// The root's side: how a runtime starts a task, and what it does with those that are left over.
namespace roots {

// Makes a task a root of `owner`, ready to be posted to `where`.
template <class T>
task_promise<T>& enroll(task<T> started, executor_base& where,
                        frame_pool::owner_id owner) noexcept {
  task_promise<T>& root = started.release().promise();
  root.ends_as = completion::root;
  root.executor = &where;
  frame_pool::enroll(root.frame(), owner);
  return root;
}

// Destroys the roots of a runtime whose threads have all ended, each once. Joiners may be anywhere:
// in another of these frames, or with a task of another runtime, which is told at this moment.
inline void destroy_all(frame_pool::owner_id owner) noexcept {
  teardown::scope const everything_dies;
  auto const frames = frame_pool::roots_of(owner);
  auto const promise_of = [](void* frame) -> promise_base& {
    return std::coroutine_handle<promise_base>::from_address(frame).promise();
  };
  // All frames before any memory: the joiners among them let go of tasks that are dead already.
  for (void* frame : frames) {
    frame_pool::strike(frame);
    frame_pool::memory_keeper const keep(frame);
    promise_of(frame).handle().destroy();
  }
  for (void* frame : frames) {
    // Safe because the memory was kept, and destroying a promise leaves its link as it was.
    auto& link = promise_of(frame).link;
    // The protocol of promise_base::ending, with another result.
    std::uintptr_t const waiter = link.exchange(join_state::finishing, std::memory_order_acq_rel);
    if (waiter == join_state::detached) {
      frame_pool::release(frame, frame_pool::bytes_of(frame));
      continue;
    }
    work* ready = nullptr;
    if (waiter >= join_state::first_waiter) {
      auto* const outsider = reinterpret_cast<work*>(waiter);
      ready = outsider->executor->admit(*outsider);
    }
    // Release: pairs with the acquire in joiner, which frees the memory.
    link.store(join_state::abandoned, std::memory_order_release);
    post_admitted(ready);
  }
}

}  // namespace roots
}  // namespace regatta
