// Every message to everybody: for fan-out, and for telling all tasks to shut down.
//
// The sender never waits. The newest `capacity` messages are kept; a subscription that falls
// further behind goes on with the oldest that is left, and is told how many it missed. recv() is
// cancel-safe: a message counts as received when the task runs.
#pragma once

#include <algorithm>
#include <bit>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "runtimes/interface/channel.hpp"
#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/waiting.hpp"

namespace regatta {

template <class T>
struct broadcast_message {
  T message;
  u64 missed = 0;  // How many messages before this one came and went unseen.
};

// R is the runtime that the tasks run on, or a threading policy. T is copied for each subscription,
// under a lock: let it be small, or a shared pointer.
template <class T, class R>
class broadcast {
  struct node;
  template <class, class>
  friend class waiting;

 public:
  class subscription;

  // Keeps at least `capacity` messages.
  explicit broadcast(std::size_t capacity) : kept_(std::bit_ceil(capacity)) {}
  broadcast(broadcast const&) = delete;
  broadcast& operator=(broadcast const&) = delete;
  ~broadcast() { strand(waiters_); }

  // To all subscriptions that there are now. Never waits. `sent` or `closed`.
  send_result send(T message) {
    wake_batch woken;
    {
      std::lock_guard guard(lock_);
      if (closed_) return send_result::closed;
      slot(sent_).emplace(std::move(message));
      ++sent_;
      wake_all(woken);
    }
    woken.post();
    return send_result::sent;
  }

  // No more messages will come. Subscriptions still receive what is kept.
  void close() noexcept {
    wake_batch woken;
    {
      std::lock_guard guard(lock_);
      closed_ = true;
      wake_all(woken);
    }
    woken.post();
  }

  // Sees every message that is sent from now on. It must not outlive the broadcast.
  subscription subscribe() noexcept {
    std::lock_guard guard(lock_);
    return subscription(*this, sent_);
  }

 private:
  struct node : waiter_of<broadcast> {
    using waiter_of<broadcast>::waiter_of;
    void forget() noexcept {
      std::lock_guard guard(this->home->lock_);
      if (this->is_waiting()) this->home->waiters_.remove(*this);
    }
  };

  std::optional<T>& slot(u64 number) noexcept { return kept_[number & (kept_.size() - 1)]; }
  void wake_all(wake_batch& woken) noexcept {
    while (!waiters_.empty()) woken.add(waiters_.pop_front());
  }

  [[no_unique_address]] typename threading_of<R>::lock lock_;
  bool closed_ = false;
  wait_list<node> waiters_;
  u64 sent_ = 0;
  std::vector<std::optional<T>> kept_;  // As many as a power of two.
};

template <class T, class R>
class broadcast<T, R>::subscription {
 public:
  using value_type = broadcast_message<T>;

  class [[nodiscard]] recv_awaiter final : public waiting<recv_awaiter, node> {
   public:
    explicit recv_awaiter(subscription& reader) noexcept
        : waiting<recv_awaiter, node>(*reader.home_), reader_(reader) {}
    std::optional<broadcast_message<T>> await_resume() {
      // Who had to wait reads only now: it may have been a while since it was woken.
      if (this->resumed() && !answer_) {
        std::lock_guard guard(this->home->lock_);
        look();
      }
      if (answer_) reader_.next_ = next_;
      return std::move(answer_);
    }

   private:
    friend waiting<recv_awaiter, node>;
    bool attempt(wake_batch&) { return look(); }
    bool look() {
      broadcast& all = *this->home;
      u64 const oldest = all.sent_ - std::min<u64>(all.sent_, all.kept_.size());
      u64 const number = std::max(reader_.next_, oldest);
      if (number == all.sent_) return all.closed_;
      answer_.emplace(*all.slot(number), number - reader_.next_);
      next_ = number + 1;
      return true;
    }
    void line_up(work& me) noexcept { this->home->waiters_.push_back(*this, me); }

    subscription& reader_;
    u64 next_ = 0;
    std::optional<broadcast_message<T>> answer_;
  };

  // Waits for the next message; nullopt when the broadcast is closed and all has been received. By
  // one task at a time.
  recv_awaiter recv() noexcept { return recv_awaiter(*this); }

 private:
  friend broadcast;
  subscription(broadcast& home, u64 next) noexcept : home_(&home), next_(next) {}

  broadcast* home_;
  u64 next_;  // The number of the message to receive next.
};

}  // namespace regatta
