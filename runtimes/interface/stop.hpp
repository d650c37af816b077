// Stop requests: a source says once that it is time to stop; tokens ask whether it has, or wait for
// it. A task that should end when it is told to races its work against `token.stopped()`.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/waiting.hpp"

namespace regatta {

template <class R>
class stop_token;

namespace detail {

template <class R>
struct stop_state {
  struct node : waiter_of<stop_state> {
    using waiter_of<stop_state>::waiter_of;
    void forget() noexcept {
      std::lock_guard guard(this->home->lock_);
      if (this->is_waiting()) this->home->waiters.remove(*this);
    }
  };

  ~stop_state() { strand(waiters); }

  typename threading_of<R>::lock lock_;
  std::atomic<bool> requested{false};
  wait_list<node> waiters;
};

}  // namespace detail

// R is the runtime that the tasks run on, or a threading policy.
template <class R>
class stop_source {
 public:
  stop_source() : shared_(std::make_shared<detail::stop_state<R>>()) {}

  stop_token<R> token() const noexcept { return stop_token<R>(shared_); }
  bool stop_requested() const noexcept {
    // Acquire: pairs with the release in request_stop().
    return shared_->requested.load(std::memory_order_acquire);
  }

  // Wakes all who wait. False: somebody had asked before.
  bool request_stop() noexcept {
    wake_batch woken;
    {
      std::lock_guard guard(shared_->lock_);
      if (stop_requested()) return false;
      // Release: who sees the request sees what its source did before.
      shared_->requested.store(true, std::memory_order_release);
      while (!shared_->waiters.empty()) woken.add(shared_->waiters.pop_front());
    }
    woken.post();
    return true;
  }

 private:
  std::shared_ptr<detail::stop_state<R>> shared_;
};

template <class R>
class stop_token {
  using state = detail::stop_state<R>;

 public:
  bool stop_requested() const noexcept {
    return shared_->requested.load(std::memory_order_acquire);
  }

  class [[nodiscard]] stopped_awaiter final
      : public waiting<stopped_awaiter, typename state::node> {
   public:
    explicit stopped_awaiter(state& shared) noexcept
        : waiting<stopped_awaiter, typename state::node>(shared) {}
    void await_resume() noexcept { this->resumed(); }

   private:
    friend waiting<stopped_awaiter, typename state::node>;
    bool attempt(wake_batch&) noexcept {
      return this->home->requested.load(std::memory_order_acquire);
    }
    void line_up(work& me) noexcept { this->home->waiters.push_back(*this, me); }
  };

  // Waits for the request. The token must live until then. Safe to cancel.
  stopped_awaiter stopped() const noexcept { return stopped_awaiter(*shared_); }

 private:
  friend stop_source<R>;
  explicit stop_token(std::shared_ptr<state> shared) noexcept : shared_(std::move(shared)) {}

  std::shared_ptr<state> shared_;
};

}  // namespace regatta
