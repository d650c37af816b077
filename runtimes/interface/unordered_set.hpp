// unordered_set: many tasks driven by one, answered in the order in which they end (Rust's
// FuturesUnordered). It costs one frame a member and no scheduling; in exchange its members share
// one thread.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "runtimes/interface/group.hpp"
#include "runtimes/interface/task.hpp"

namespace regatta {

template <class T>
class unordered_set final : public group {
 public:
  unordered_set() = default;
  ~unordered_set() = default;

  // Adds a task. It begins to run at the next co_await of next(), not before.
  void push(task<T> member) {
    promise_base& promise = member.promise();
    if (free_places_.empty()) {
      promise.place = static_cast<u32>(members_.size());
      members_.push_back(std::move(member));
    } else {
      promise.place = free_places_.back();
      free_places_.pop_back();
      members_[promise.place] = std::move(member);
    }
    ++size_;
    add(promise);
  }

  // How many members have not been answered yet.
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  class next_awaiter {
   public:
    explicit next_awaiter(unordered_set& set) noexcept : set_(set) {}
    next_awaiter(next_awaiter const&) = delete;
    next_awaiter& operator=(next_awaiter const&) = delete;

    bool await_ready() {
      if (set_.has_answer()) return true;
      set_.run_batch();
      return set_.has_answer();
    }
    // Only who really has to wait pays for a frame to wait in.
    template <has_work P>
    REGATTA_AWAIT_SUSPEND std::coroutine_handle<> await_suspend(std::coroutine_handle<P> owner) {
      driver_ = set_.wait_for_answer();
      return driver_.operator co_await().await_suspend(owner);
    }
    std::optional<value_or_nothing<T>> await_resume() { return set_.take_answer(); }

   private:
    unordered_set& set_;
    task<void> driver_;
  };

  // Waits for the next member to end and answers its value, or throws what it threw; nullopt when
  // no member is left. Safe to cancel: the members keep their state. Only one task at a time.
  next_awaiter next() noexcept { return next_awaiter(*this); }

  void member_ended(promise_base& member) noexcept override {
    // Safe because a member that has ended is in no queue: its link is free.
    member.next = nullptr;
    (last_ended_ != nullptr ? last_ended_->next : first_ended_) = &member;
    last_ended_ = &member;
  }

 private:
  bool has_answer() const noexcept { return first_ended_ != nullptr || size_ == 0; }

  task<void> wait_for_answer() {
    while (!has_answer()) {
      co_await turn();
      run_batch();
    }
  }

  std::optional<value_or_nothing<T>> take_answer() {
    if (first_ended_ == nullptr) return std::nullopt;
    auto& ended = static_cast<task_promise<T>&>(static_cast<promise_base&>(*first_ended_));
    first_ended_ = ended.next;
    if (first_ended_ == nullptr) last_ended_ = nullptr;
    free_places_.push_back(ended.place);
    --size_;
    task<T> const member = std::move(members_[ended.place]);
    return take_value(member.promise());
  }

  work* first_ended_ = nullptr;
  work* last_ended_ = nullptr;
  std::vector<task<T>> members_;
  std::vector<u32> free_places_;
  std::size_t size_ = 0;
};

}  // namespace regatta
