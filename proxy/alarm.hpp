// Tells one task, which waits for something else as well, that it has waited long enough.
#pragma once

#include <mutex>

#include "runtimes/interface/waiting.hpp"

namespace regatta::proxy {

// Threading is the runtime's (threading.hpp): who may ring while another waits.
template <class Threading>
class alarm {
 public:
  alarm() = default;
  alarm(alarm const&) = delete;
  alarm& operator=(alarm const&) = delete;
  ~alarm() { strand(waiters_); }

  // From here on whoever waits goes on at once.
  void ring() noexcept {
    wake_batch woken;
    {
      std::lock_guard const held(lock_);
      is_ringing_ = true;
      while (!waiters_.empty()) woken.add(waiters_.pop_front());
    }
    woken.post();
  }
  // While nobody waits.
  void quiet() noexcept {
    std::lock_guard const held(lock_);
    is_ringing_ = false;
  }

 private:
  struct node : waiter_of<alarm> {
    using waiter_of<alarm>::waiter_of;
    void forget() noexcept {
      std::lock_guard const held(this->home->lock_);
      if (this->is_waiting()) this->home->waiters_.remove(*this);
    }
  };

 public:
  class [[nodiscard("co_await it")]] awaiter final : public waiting<awaiter, node> {
   public:
    using waiting<awaiter, node>::waiting;
    void await_resume() noexcept { this->resumed(); }

   private:
    friend waiting<awaiter, node>;
    bool attempt(wake_batch&) noexcept { return this->home->is_ringing_; }
    void line_up(work& me) noexcept { this->home->waiters_.push_back(*this, me); }
  };

  // Waits until it rings. Safe to cancel.
  awaiter rung() noexcept { return awaiter(*this); }

 private:
  template <class, class>
  friend class regatta::waiting;

  typename Threading::lock lock_;
  bool is_ringing_ = false;
  wait_list<node> waiters_;
};

}  // namespace regatta::proxy
