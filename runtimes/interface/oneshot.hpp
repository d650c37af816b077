// One message, once, from one task to another: the answer to a request, the end of a handshake.
//
//   oneshot<int, R> answer;
//   rt.spawn(worker(std::move(answer.sender))).detach();
//   std::optional<int> const result = co_await answer.receiver.recv();
//
// The halves share one block of memory from the frame pool, and the later of them frees it. A
// sender that is dropped without sending answers nullopt; a receiver that is dropped answers the
// sender `closed`. recv() is cancel-safe: the message stays where it is until the task runs.
#pragma once

#include <mutex>
#include <optional>
#include <utility>

#include "runtimes/interface/channel.hpp"
#include "runtimes/interface/frame_pool.hpp"
#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/waiting.hpp"

namespace regatta {

// R is the runtime that the tasks run on, or a threading policy.
template <class T, class R>
class oneshot {
  struct state;

 public:
  class sender_half;
  class receiver_half;

  oneshot() : oneshot(state::make()) {}

  sender_half sender;
  receiver_half receiver;

 private:
  explicit oneshot(state& shared) noexcept : sender(shared), receiver(shared) {}
};

template <class T, class R>
struct oneshot<T, R>::state {
  struct node : waiter_of<state> {
    using waiter_of<state>::waiter_of;
    void forget() noexcept {
      std::lock_guard guard(this->home->lock_);
      if (this->is_waiting()) this->home->receivers.remove(*this);
    }
  };

  static state& make() { return *::new (frame_pool::allocate(sizeof(state))) state; }
  // One half lets go, having taken the lock, which this releases.
  static void leave(state& shared, bool& this_half_lives) noexcept {
    this_half_lives = false;
    bool const is_last = !shared.sender_lives && !shared.receiver_lives;
    shared.lock_.unlock();
    if (!is_last) return;
    std::destroy_at(&shared);
    frame_pool::release(&shared, sizeof(state));
  }

  ~state() { strand(receivers); }

  bool is_answered() const noexcept { return message || !sender_lives; }

  [[no_unique_address]] typename threading_of<R>::lock lock_;
  bool sender_lives = true;
  bool receiver_lives = true;
  wait_list<node> receivers;
  std::optional<T> message;
};

template <class T, class R>
class oneshot<T, R>::sender_half {
 public:
  sender_half(sender_half&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  sender_half& operator=(sender_half&& other) noexcept {
    std::swap(shared_, other.shared_);
    return *this;
  }
  ~sender_half() { leave(); }

  // Sends and lets go. `closed`: the receiver is gone. At most once.
  send_result send(T message) {
    REGATTA_DEBUG_ASSERT(shared_ != nullptr, "a oneshot sends once");
    shared_->lock_.lock();
    if (!shared_->receiver_lives) {
      state& shared = *std::exchange(shared_, nullptr);
      state::leave(shared, shared.sender_lives);
      return send_result::closed;
    }
    shared_->message.emplace(std::move(message));
    leave_locked();
    return send_result::sent;
  }

  // Has the receiver gone? Then nobody waits for the message any more.
  bool is_closed() const noexcept {
    std::lock_guard guard(shared_->lock_);
    return !shared_->receiver_lives;
  }

 private:
  friend oneshot;
  explicit sender_half(state& shared) noexcept : shared_(&shared) {}

  void leave() noexcept {
    if (shared_ == nullptr) return;
    shared_->lock_.lock();
    leave_locked();
  }
  void leave_locked() noexcept {
    state& shared = *std::exchange(shared_, nullptr);
    wake_batch woken;
    if (!shared.receivers.empty()) woken.add(shared.receivers.pop_front());
    state::leave(shared, shared.sender_lives);
    woken.post();
  }

  state* shared_;
};

template <class T, class R>
class oneshot<T, R>::receiver_half {
 public:
  receiver_half(receiver_half&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  receiver_half& operator=(receiver_half&& other) noexcept {
    std::swap(shared_, other.shared_);
    return *this;
  }
  ~receiver_half() {
    if (shared_ == nullptr) return;
    shared_->lock_.lock();
    state::leave(*shared_, shared_->receiver_lives);
  }

  class [[nodiscard]] recv_awaiter final : public waiting<recv_awaiter, typename state::node> {
   public:
    explicit recv_awaiter(state& shared) noexcept
        : waiting<recv_awaiter, typename state::node>(shared) {}
    std::optional<T> await_resume() noexcept {
      this->resumed();
      // Without the lock: safe because the sender wrote its message before it woke us, and is done
      // with it.
      return std::exchange(this->home->message, std::nullopt);
    }

   private:
    friend waiting<recv_awaiter, typename state::node>;
    bool attempt(wake_batch&) noexcept { return this->home->is_answered(); }
    void line_up(work& me) noexcept { this->home->receivers.push_back(*this, me); }
  };

  // Waits for the message; nullopt when the sender is gone without one, or it was received already.
  recv_awaiter recv() noexcept { return recv_awaiter(*shared_); }

  // The message, if it is there now.
  std::optional<T> try_recv() noexcept {
    std::lock_guard guard(shared_->lock_);
    return std::exchange(shared_->message, std::nullopt);
  }

 private:
  friend oneshot;
  explicit receiver_half(state& shared) noexcept : shared_(&shared) {}

  state* shared_;
};

}  // namespace regatta
