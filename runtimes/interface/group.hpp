// A group drives several tasks inside the turn of one: its members run one at a time, on whichever
// thread runs the owner, so they may share what the owner owns without a lock. It is what join,
// race and unordered_set are made of.
//
// The group is the executor of its members. A member that is woken goes on the group's ready list;
// the first to find the owner asleep wakes it, so that the owner is woken once per batch, however
// many members became ready. (Rust's FuturesUnordered works this way.)
#pragma once

#include <atomic>

#include "runtimes/interface/task.hpp"

namespace regatta {

class group : public executor_base, public member_owner {
 public:
  group() = default;
  group(group const&) = delete;
  group& operator=(group const&) = delete;

  // The owner's turn only. The task begins to run in the next batch. Its frame must be destroyed,
  // or the task have ended, before the group is destroyed.
  void add(promise_base& member) noexcept {
    member.ends_as = completion::member;
    member.executor = this;
    // Relaxed: safe because the member is resumed on the owner's turn.
    member.link.store(reinterpret_cast<std::uintptr_t>(static_cast<member_owner*>(this)),
                      std::memory_order_relaxed);
    append(member);
  }

  // The owner's turn only. Resumes each member that is ready now, once; a member that becomes ready
  // meanwhile waits for the next batch. Stops early when `enough()` answers true.
  template <class Enough>
  void run_batch(Enough enough) {
    take_ready();
    work* next = first_;
    first_ = last_ = nullptr;
    while (next != nullptr) {
      work& member = *next;
      next = member.next;
      member.resume();
      if (enough()) {
        put_back(next);
        return;
      }
    }
  }
  void run_batch() {
    run_batch([] { return false; });
  }

  class turn_awaiter {
   public:
    explicit turn_awaiter(group& self) noexcept : self_(self) {}

    bool await_ready() const noexcept { return false; }
    template <has_work P>
    REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> owner) const noexcept {
      work& me = owner.promise();
      if (!self_.fall_asleep(me)) me.wake();
    }
    void await_resume() const noexcept {}

   private:
    group& self_;
  };

  // Suspends the owner until a member is ready. Where one is already, the owner only lets others
  // run first, so that a group of busy members does not keep its worker for itself.
  turn_awaiter turn() noexcept { return turn_awaiter(*this); }

  void post(work& member) noexcept final {
    if (push(member)) owner_->wake();
  }
  work* admit(work& member) noexcept final {
    return push(member) ? owner_->executor->admit(*owner_) : nullptr;
  }

 protected:
  ~group() = default;

  // Forgets who was ready: all members are dead.
  void forget_ready() noexcept {
    first_ = last_ = nullptr;
    ready_.store(nullptr, std::memory_order_relaxed);
  }

 private:
  // Marks a ready list whose owner is suspended and must be woken.
  static work* asleep() noexcept { return reinterpret_cast<work*>(std::uintptr_t{1}); }

  // The owner's turn only. False: a member is ready already. True: from here on the owner may be
  // running again, on another thread.
  bool fall_asleep(work& owner) noexcept {
    owner_ = &owner;
    work* expected = nullptr;
    // Release: pairs with the acquire in push(), which reads owner_.
    return first_ == nullptr &&
           ready_.compare_exchange_strong(expected, asleep(), std::memory_order_release,
                                          std::memory_order_relaxed);
  }

  // Any thread. True: the owner was asleep, and this caller is the one to wake it.
  bool push(work& member) noexcept {
    work* head = ready_.load(std::memory_order_relaxed);
    do {
      member.next = head == asleep() ? nullptr : head;
      // Release: pairs with the acquire in take_ready(). Acquire: pairs with the release in turn().
    } while (!ready_.compare_exchange_weak(head, &member, std::memory_order_acq_rel,
                                           std::memory_order_relaxed));
    return head == asleep();
  }

  // Moves what others made ready, oldest first, behind what is ready already.
  void take_ready() noexcept {
    if (ready_.load(std::memory_order_relaxed) == nullptr) return;
    work* newest = ready_.exchange(nullptr, std::memory_order_acquire);
    work* oldest_first = nullptr;
    while (newest != nullptr) {
      work* const older = newest->next;
      newest->next = oldest_first;
      oldest_first = newest;
      newest = older;
    }
    while (oldest_first != nullptr) {
      work& member = *oldest_first;
      oldest_first = member.next;
      append(member);
    }
  }
  void append(work& member) noexcept {
    member.next = nullptr;
    (last_ != nullptr ? last_->next : first_) = &member;
    last_ = &member;
  }
  void put_back(work* rest) noexcept {
    if (rest == nullptr) return;
    work* last = rest;
    while (last->next != nullptr) last = last->next;
    last->next = first_;
    if (first_ == nullptr) last_ = last;
    first_ = rest;
  }

  work* owner_ = nullptr;
  work* first_ = nullptr;  // Ready members that only the owner sees.
  work* last_ = nullptr;
  std::atomic<work*> ready_{nullptr};  // Newest first; see asleep().
};

}  // namespace regatta
