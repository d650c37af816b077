// What the primitives that tasks wait on are made of: the list of those who wait, and the batch of
// those who are woken.
//
// A waiter lies inside the awaiter, in the suspended frame: to wait allocates nothing. Every field
// belongs to the lock of the primitive. The rule of all primitives: under the lock, take the waiter
// out of the list, write its answer, and add its task to a wake_batch as the last touch; after
// unlocking, post the batch. An awaiter that is destroyed takes the lock and looks whether it is
// still in the list.
#pragma once

#include <utility>

#include "runtimes/interface/types.hpp"
#include "runtimes/interface/work.hpp"

namespace regatta {

struct waiter {
  waiter() = default;
  waiter(waiter const&) = delete;
  waiter& operator=(waiter const&) = delete;

  bool is_waiting() const noexcept { return task != nullptr; }

  waiter* next = nullptr;
  waiter* previous = nullptr;
  work* task = nullptr;  // nullptr when it is in no list.
};

// First come, first served. Node is derived from waiter.
template <class Node = waiter>
class wait_list {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  Node& front() const noexcept { return static_cast<Node&>(*first_); }

  void push_back(Node& node, work& task) noexcept {
    node.task = &task;
    node.next = nullptr;
    node.previous = last_;
    (last_ != nullptr ? last_->next : first_) = &node;
    last_ = &node;
  }
  void remove(Node& node) noexcept {
    node.task = nullptr;
    (node.next != nullptr ? node.next->previous : last_) = node.previous;
    (node.previous != nullptr ? node.previous->next : first_) = node.next;
  }
  // Takes the first out of the list and answers its task.
  work& pop_front() noexcept {
    waiter& node = *first_;
    first_ = node.next;
    (first_ != nullptr ? first_->previous : last_) = nullptr;
    return *std::exchange(node.task, nullptr);
  }

 private:
  waiter* first_ = nullptr;
  waiter* last_ = nullptr;
};

// Tasks that were admitted under a lock and are posted when it is released.
class wake_batch {
 public:
  // Under the lock. The task's frame may be gone when this returns.
  void add(work& task) noexcept {
    work* const ready = task.executor->admit(task);
    if (ready == nullptr) return;
    // Safe because who was admitted is in no queue, and the link is ours until we post it.
    ready->next = nullptr;
    (first_ != nullptr ? last_->next : first_) = ready;
    last_ = ready;
  }
  // With no lock held.
  void post() noexcept {
    while (first_ != nullptr) {
      work& ready = *first_;
      first_ = ready.next;  // Before it is posted, after which the link is somebody else's.
      ready.wake();
    }
  }

 private:
  work* first_ = nullptr;
  work* last_ = nullptr;
};

}  // namespace regatta
