// Several waits of one task, without a coroutine for each: members that wait apart and go on one at
// a time, on the turn of the one task that owns them, so that they share its state without a lock.
// What a group is to tasks (group.hpp), in a few bytes: a relay holds one for as long as it lives.
#pragma once

#include <atomic>
#include <utility>

#include "runtimes/interface/hand_made_frame.hpp"
#include "runtimes/interface/types.hpp"
#include "runtimes/interface/work.hpp"

namespace regatta::proxy {

class turn {
 public:
  // `owner` is woken, once however many members are ready, and must then call take_ready().
  explicit turn(work& owner) noexcept : owner_(owner) {}
  turn(turn const&) = delete;
  turn& operator=(turn const&) = delete;

  // The owner's turn begins. Answers who is ready: a bit for each member. (At the very first turn
  // nobody is.)
  u8 take_ready() noexcept {
    // Acquire: pairs with the release in note().
    return static_cast<u8>(state_.exchange(running, std::memory_order_acquire) & ~running);
  }

  // And ends. False: somebody has become ready meanwhile, and the owner must wake itself. True:
  // from here on the owner may be running again, on another thread.
  bool end() noexcept {
    u8 expected = running;
    // Release: the owner's next turn takes over what this one did.
    return state_.compare_exchange_strong(expected, 0, std::memory_order_release,
                                          std::memory_order_relaxed);
  }

  // One of up to seven. It awaits operations with its handle(), one at a time. On the owner's turn,
  // and when nobody wakes it any more, it may be destroyed, ready or not.
  class member : public hand_made_frame, private executor_base {
   public:
    member(turn& of, u8 place, void (*step)(hand_made_frame*)) noexcept
        : hand_made_frame(step), turn_(of), place_(place) {
      head.executor = this;
    }

    // The owner's turn only. Whoever is not ready after all goes on waiting.
    void resume_if_ready() noexcept {
      if (work* const ready = std::exchange(ready_, nullptr)) ready->resume();
    }

   protected:
    ~member() = default;

    turn& my_turn() const noexcept { return turn_; }
    u8 place() const noexcept { return place_; }
    // Whatever it was that is ready, it is gone, and nobody notes it any more. On the turn.
    void forget_ready() noexcept { ready_ = nullptr; }

   private:
    void post(work& w) noexcept final {
      if (note(w)) turn_.owner_.wake();
    }
    work* admit(work& w) noexcept final {
      return note(w) ? turn_.owner_.executor->admit(turn_.owner_) : nullptr;
    }
    // Any thread. True: nobody else wakes the owner.
    bool note(work& w) noexcept {
      ready_ = &w;
      // Release: pairs with the acquire in take_ready(). Acquire: pairs with the release in end().
      return turn_.state_.fetch_or(static_cast<u8>(1u << place_), std::memory_order_acq_rel) == 0;
    }

    turn& turn_;
    work* ready_ = nullptr;  // What to resume: ours, or what an operation of ours waits with.
    u8 const place_;
  };

 private:
  static constexpr u8 running = 1u << 7;

  work& owner_;
  std::atomic<u8> state_{running};  // A bit for each member that is ready; 0: all wait.
};

}  // namespace regatta::proxy
