// Queues of work, linked through the work itself: nothing is allocated and nothing can be full.
#pragma once

#include <atomic>
#include <utility>

#include "runtimes/interface/work.hpp"

namespace regatta::core {

class work_stack;

// First in, first out, for one thread.
class work_queue {
 public:
  bool empty() const noexcept { return first_ == nullptr; }

  void push(work& w) noexcept {
    w.next = nullptr;
    (first_ != nullptr ? last_->next : first_) = &w;
    last_ = &w;
  }
  // nullptr when empty.
  work* pop() noexcept {
    work* const w = first_;
    if (w != nullptr) first_ = w->next;
    return w;
  }
  // Moves all of `other` behind what is here.
  void append(work_queue& other) noexcept {
    if (other.empty()) return;
    (first_ != nullptr ? last_->next : first_) = other.first_;
    last_ = other.last_;
    other.first_ = nullptr;
  }
  // Moves all of a stack, newest first.
  void append(work_stack& other) noexcept;

 private:
  work* first_ = nullptr;
  work* last_ = nullptr;  // Meaningless while first_ is nullptr.
};

// Last in, first out, for one thread. The oldest can be let out all the same, with all the rest.
class work_stack {
 public:
  bool empty() const noexcept { return top_ == nullptr; }

  void push(work& w) noexcept {
    if (top_ == nullptr) bottom_ = &w;
    w.next = top_;
    top_ = &w;
  }
  // nullptr when empty.
  work* pop() noexcept {
    work* const w = top_;
    if (w != nullptr) top_ = w->next;
    return w;
  }

 private:
  friend class work_queue;
  work* top_ = nullptr;
  work* bottom_ = nullptr;  // Meaningless while top_ is nullptr.
};

inline void work_queue::append(work_stack& other) noexcept {
  if (other.empty()) return;
  other.bottom_->next = nullptr;
  (first_ != nullptr ? last_->next : first_) = other.top_;
  last_ = other.bottom_;
  other.top_ = nullptr;
}

// Where other threads leave work for one thread that takes all of it at once (a Treiber stack,
// reversed on the way out, so that work leaves in the order in which it came).
class work_inbox {
 public:
  // Any thread. True: the inbox was empty, so the taker may have to be woken.
  bool push(work& w) noexcept {
    work* head = head_.load(std::memory_order_relaxed);
    do {
      w.next = head;
      // Sequentially consistent: the taker announces that it sleeps, then looks here; we push here,
      // then look whether it sleeps. One of the two sees the other.
    } while (!head_.compare_exchange_weak(head, &w, std::memory_order_seq_cst,
                                          std::memory_order_relaxed));
    return head == nullptr;
  }

  // Sequentially consistent: the partner of push().
  bool empty() const noexcept { return head_.load(std::memory_order_seq_cst) == nullptr; }

  // The taker only. Appends everything to `target`, oldest first.
  void take_all(work_queue& target) noexcept {
    // Relaxed: safe because what is missed now is found at the next look.
    if (head_.load(std::memory_order_relaxed) == nullptr) return;
    work* newest = head_.exchange(nullptr, std::memory_order_acquire);
    work* oldest_first = nullptr;
    while (newest != nullptr) {
      work* const older = newest->next;
      newest->next = oldest_first;
      oldest_first = newest;
      newest = older;
    }
    while (oldest_first != nullptr) {
      work& w = *std::exchange(oldest_first, oldest_first->next);
      target.push(w);
    }
  }

 private:
  std::atomic<work*> head_{nullptr};
};

}  // namespace regatta::core
