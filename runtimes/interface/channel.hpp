// Bounded channels: many senders, many receivers, first come first served. `unbounded_channel` is
// the twin without a bound, so that the danger can be shown.
//
// A sender that meets a full channel waits, its message in its own frame: that is backpressure. A
// receiver that waits is handed its message directly. Both wait in order, and whoever makes several
// of them ready wakes them together.
//
// Cancel-safe: a send() or recv() that is destroyed while it waits leaves the line. A receiver that
// is destroyed after it was handed a message, but before it ran, gives it back to where it was in
// the order; that is the only way in which a channel holds more messages than its capacity. So no
// message is lost and none doubled. A send() that is destroyed has either sent its message or drops
// it.
//
// Under one_thread nothing here is atomic, and everything happens on the thread that drives the
// runtime; under many_threads any thread may do anything, and no lock is held for longer than it
// takes to move a message. The channel must outlive whoever uses it; tasks that still wait when it
// is destroyed are stranded: they are never woken, and may be destroyed later.
#pragma once

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "runtimes/interface/assert.hpp"
#include "runtimes/interface/message_queue.hpp"
#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/waiting.hpp"

namespace regatta {

enum class send_result : u8 {
  sent,
  full,    // Only try_send() answers this: send() waits instead.
  closed,  // No message will ever be taken again.
};

// R is the runtime that the tasks run on, or a threading policy.
template <class T, class R>
class channel {
  using lock_type = typename threading_of<R>::lock;
  struct sender_node;
  struct receiver_node;
  template <class, class>
  friend class waiting;

 public:
  using value_type = T;
  class send_awaiter;
  class recv_awaiter;
  class recv_many_awaiter;

  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  // A capacity of 0 makes a rendezvous: every send() waits for its recv().
  explicit channel(std::size_t capacity) : messages_(capacity), capacity_(capacity) {}
  channel(channel const&) = delete;
  channel& operator=(channel const&) = delete;
  ~channel() {
    strand(receivers_);
    strand(senders_);
  }

  // Waits for room, then answers `sent`; or `closed`, if the channel is or becomes so.
  [[nodiscard("co_await it, and look whether the channel was closed")]] send_awaiter send(
      T message) noexcept {
    return send_awaiter(*this, std::move(message));
  }

  // Sends now or not at all. The message is moved from only where the answer is `sent`.
  send_result try_send(T&& message) {
    wake_batch woken;
    send_result answer;
    {
      std::lock_guard guard(lock_);
      answer = offer(message, woken);
    }
    woken.post();
    return answer;
  }
  send_result try_send(T const& message) {
    T copy(message);
    return try_send(std::move(copy));
  }

  // Waits for a message; nullopt when the channel is closed and empty.
  [[nodiscard("co_await it")]] recv_awaiter recv() noexcept { return recv_awaiter(*this); }

  // A message, if there is one now. nullopt says nothing about whether there will be one.
  std::optional<T> try_recv() {
    receiver_node taken(*this);
    wake_batch woken;
    {
      std::lock_guard guard(lock_);
      take(taken, woken);
    }
    woken.post();
    return std::move(taken.message);
  }

  // Waits for a message and appends it to `target`, together with those that are there already, up
  // to `most` in all. Answers how many; 0 when the channel is closed and empty. `target` must live
  // until then.
  [[nodiscard("co_await it")]] recv_many_awaiter recv_many(std::vector<T>& target,
                                                           std::size_t most) noexcept {
    REGATTA_DEBUG_ASSERT(most > 0, "ask for one message or more");
    return recv_many_awaiter(*this, target, most);
  }

  // Takes no more messages: waiting senders are answered `closed`. What is in the channel can still
  // be received. Any number of times.
  void close() noexcept {
    wake_batch woken;
    {
      std::lock_guard guard(lock_);
      closed_ = true;
      while (!receivers_.empty()) woken.add(receivers_.pop_front());
      while (!senders_.empty()) {
        senders_.front().answer = send_result::closed;
        woken.add(senders_.pop_front());
      }
    }
    woken.post();
  }

  bool is_closed() const noexcept {
    std::lock_guard guard(lock_);
    return closed_;
  }
  // Of messages; those of waiting senders are not counted.
  std::size_t size() const noexcept {
    std::lock_guard guard(lock_);
    return held();
  }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  // Messages are numbered in the order in which they leave the queue. Only one that comes back
  // needs its number.
  struct returned_message {
    u64 number;
    T message;
  };

  struct sender_node : waiter_of<channel> {
    sender_node(channel& where, T&& sent) noexcept
        : waiter_of<channel>(where), message(std::move(sent)) {}
    void forget() noexcept {
      std::lock_guard guard(this->home->lock_);
      if (this->is_waiting()) this->home->senders_.remove(*this);
    }
    T message;
    send_result answer = send_result::full;
  };
  struct receiver_node : waiter_of<channel> {
    using waiter_of<channel>::waiter_of;
    void forget() {
      wake_batch woken;
      {
        std::lock_guard guard(this->home->lock_);
        if (this->is_waiting()) {
          this->home->receivers_.remove(*this);
        } else if (message) {
          this->home->put_back(*this, woken);
        }
      }
      woken.post();
    }
    std::optional<T> message;
    u64 number = 0;
  };

  std::size_t held() const noexcept { return messages_.size() + returned_.size(); }

  // All of these are called under the lock.

  // Takes the message to where it belongs, if there is room.
  send_result offer(T& message, wake_batch& woken) {
    if (closed_) [[unlikely]]
      return send_result::closed;
    if (!receivers_.empty()) {
      hand_over(std::move(message), next_number_++, woken);
      return send_result::sent;
    }
    if (held() >= capacity_) return send_result::full;
    messages_.push_back(std::move(message));
    return send_result::sent;
  }

  void hand_over(T&& message, u64 number, wake_batch& woken) noexcept {
    receiver_node& first = receivers_.front();
    first.message.emplace(std::move(message));
    first.number = number;
    woken.add(receivers_.pop_front());
  }

  // Gives the receiver the first message. False: there is none, and the channel is open.
  bool take(receiver_node& receiver, wake_batch& woken) {
    bool const taken = take_first(
        [&](T&& message, u64 number) {
          receiver.message.emplace(std::move(message));
          receiver.number = number;
        },
        woken);
    if (!senders_.empty()) admit_senders(woken);
    return taken || closed_;
  }

  // Moves the first message to `use(message, number)`. False: there is none.
  template <class Use>
  bool take_first(Use use, wake_batch& woken) {
    if (!returned_.empty()) [[unlikely]] {
      use(std::move(returned_.back().message), returned_.back().number);
      returned_.pop_back();
    } else if (!messages_.empty()) {
      use(std::move(messages_.front()), next_number_++);
      messages_.pop_front();
    } else if (!senders_.empty()) {
      // Only a rendezvous has waiting senders and no message.
      use(std::move(senders_.front().message), next_number_++);
      tell_sent(woken);
    } else {
      return false;
    }
    return true;
  }

  // Gives the room that there is now to those who wait for it.
  void admit_senders(wake_batch& woken) {
    while (!senders_.empty() && held() < capacity_) {
      messages_.push_back(std::move(senders_.front().message));
      tell_sent(woken);
    }
  }
  void tell_sent(wake_batch& woken) noexcept {
    senders_.front().answer = send_result::sent;
    woken.add(senders_.pop_front());
  }

  // A receiver died with a message that it never saw.
  void put_back(receiver_node& receiver, wake_batch& woken) {
    if (!receivers_.empty()) {
      hand_over(std::move(*receiver.message), receiver.number, woken);
      return;
    }
    auto const later = std::find_if(returned_.begin(), returned_.end(), [&](auto const& other) {
      return other.number < receiver.number;
    });
    returned_.insert(later, returned_message{receiver.number, std::move(*receiver.message)});
  }

 public:
  class [[nodiscard]] send_awaiter final : public waiting<send_awaiter, sender_node> {
   public:
    send_awaiter(channel& where, T&& sent) noexcept
        : waiting<send_awaiter, sender_node>(where, std::move(sent)) {}
    send_result await_resume() noexcept {
      this->resumed();
      return this->answer;
    }

   private:
    friend waiting<send_awaiter, sender_node>;
    bool attempt(wake_batch& woken) {
      this->answer = this->home->offer(this->message, woken);
      return this->answer != send_result::full;
    }
    void line_up(work& me) noexcept { this->home->senders_.push_back(*this, me); }
  };

  class [[nodiscard]] recv_awaiter final : public waiting<recv_awaiter, receiver_node> {
   public:
    explicit recv_awaiter(channel& where) noexcept : waiting<recv_awaiter, receiver_node>(where) {}
    std::optional<T> await_resume() noexcept {
      this->resumed();
      return std::move(this->message);
    }

   private:
    friend waiting<recv_awaiter, receiver_node>;
    bool attempt(wake_batch& woken) { return this->home->take(*this, woken); }
    void line_up(work& me) noexcept { this->home->receivers_.push_back(*this, me); }
  };

  // It waits for the first message; the rest it takes when it runs.
  class [[nodiscard]] recv_many_awaiter final : public waiting<recv_many_awaiter, receiver_node> {
   public:
    recv_many_awaiter(channel& where, std::vector<T>& target, std::size_t most) noexcept
        : waiting<recv_many_awaiter, receiver_node>(where), target_(target), most_(most) {}
    std::size_t await_resume() {
      this->resumed();
      if (!this->message) return 0;
      return this->home->take_more(*this->message, target_, most_);
    }

   private:
    friend waiting<recv_many_awaiter, receiver_node>;
    bool attempt(wake_batch& woken) { return this->home->take(*this, woken); }
    void line_up(work& me) noexcept { this->home->receivers_.push_back(*this, me); }

    std::vector<T>& target_;
    std::size_t most_;
  };

 private:
  // Appends `first` and what is there behind it; answers how many.
  std::size_t take_more(T& first, std::vector<T>& target, std::size_t most) {
    target.push_back(std::move(first));
    auto const append = [&](T&& message, u64) { target.push_back(std::move(message)); };
    std::size_t count = 1;
    bool is_full = target.size() == target.capacity();
    wake_batch woken;
    do {
      // Out here, because no memory is allocated under the lock.
      if (is_full) target.reserve(2 * target.size());
      std::lock_guard guard(lock_);
      is_full = false;
      while (count < most && !is_full && take_first(append, woken)) {
        ++count;
        is_full = target.size() == target.capacity();
      }
      if (!senders_.empty()) admit_senders(woken);
    } while (is_full && count < most);
    woken.post();
    return count;
  }

  [[no_unique_address]] mutable lock_type lock_;
  bool closed_ = false;
  wait_list<receiver_node> receivers_;  // Only while there is no message.
  wait_list<sender_node> senders_;      // Only while there is no room.
  message_queue<T> messages_;
  std::size_t capacity_;
  u64 next_number_ = 0;                     // Of the first message in the queue.
  std::vector<returned_message> returned_;  // The first to leave is last.
};

// A channel without a bound: send() never waits for room, so nothing slows a sender down but the
// budget, and the memory grows.
template <class T, class R>
class unbounded_channel : public channel<T, R> {
 public:
  unbounded_channel() : channel<T, R>(channel<T, R>::unlimited) {}
};

}  // namespace regatta
