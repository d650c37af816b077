// How many clients are served at once: never more than there are tickets, whoever takes them.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>

#include "runtimes/interface/types.hpp"
#include "runtimes/interface/waiting.hpp"

namespace regatta::proxy {

// Threading is the runtime's (threading.hpp): who may take and give back at once.
template <class Threading>
class ticket_box {
 public:
  // What one can wait for: that a ticket is here; that one is out; that none is out.
  enum class occasion : u8 { room, some, none };

  explicit ticket_box(u64 most) noexcept : most_(most) {}
  ticket_box(ticket_box const&) = delete;
  ticket_box& operator=(ticket_box const&) = delete;
  ~ticket_box() {
    strand(takers_);
    for (auto& each : watchers_) strand(each);
  }

  // False: all are out.
  bool try_take() noexcept {
    wake_batch woken;
    {
      std::lock_guard const held(lock_);
      if (!take(woken)) return false;
    }
    woken.post();
    return true;
  }

  // To whoever has waited longest, or into the box.
  void give_back() noexcept {
    wake_batch woken;
    {
      std::lock_guard const held(lock_);
      if (!takers_.empty()) {
        woken.add(takers_.pop_front());
      } else {
        --taken_;
        wake_watchers(woken);
      }
    }
    woken.post();
  }

  u64 taken() const noexcept {
    std::lock_guard const held(lock_);
    return taken_;
  }

  bool has_room() const noexcept {
    std::lock_guard const held(lock_);
    return taken_ < most_;
  }

  // From here on nobody waits for room.
  void close() noexcept {
    wake_batch woken;
    {
      std::lock_guard const held(lock_);
      is_closed_ = true;
      wake_watchers(woken);
    }
    woken.post();
  }

 private:
  struct taker : waiter_of<ticket_box> {
    using waiter_of<ticket_box>::waiter_of;
    void forget() noexcept {
      std::unique_lock held(this->home->lock_);
      if (this->is_waiting()) return this->home->takers_.remove(*this);
      // It had been given one.
      held.unlock();
      this->home->give_back();
    }
  };
  struct watcher : waiter_of<ticket_box> {
    watcher(ticket_box& in, occasion what) noexcept : waiter_of<ticket_box>(in), wanted(what) {}
    void forget() noexcept {
      std::lock_guard const held(this->home->lock_);
      if (this->is_waiting()) this->home->watchers_of(wanted).remove(*this);
    }
    occasion const wanted;
  };

 public:
  class [[nodiscard("co_await it")]] take_awaiter final : public waiting<take_awaiter, taker> {
   public:
    using waiting<take_awaiter, taker>::waiting;
    void await_resume() noexcept { this->resumed(); }

   private:
    friend waiting<take_awaiter, taker>;
    bool attempt(wake_batch& woken) noexcept { return this->home->take(woken); }
    void line_up(work& me) noexcept { this->home->takers_.push_back(*this, me); }
  };
  class [[nodiscard("co_await it")]] watch_awaiter final : public waiting<watch_awaiter, watcher> {
   public:
    using waiting<watch_awaiter, watcher>::waiting;
    void await_resume() noexcept { this->resumed(); }

   private:
    friend waiting<watch_awaiter, watcher>;
    bool attempt(wake_batch&) noexcept { return this->home->holds(this->wanted); }
    void line_up(work& me) noexcept { this->home->watchers_of(this->wanted).push_back(*this, me); }
  };

  // Takes one, as soon as there is one; first come, first served. Safe to cancel.
  take_awaiter take() noexcept { return take_awaiter(*this); }
  // Waits until it is so; it may be so no longer when the task runs. Safe to cancel.
  watch_awaiter until(occasion what) noexcept { return watch_awaiter(*this, what); }

 private:
  // These with the lock held.
  bool take(wake_batch& woken) noexcept {
    if (taken_ == most_) return false;
    ++taken_;
    wake_watchers(woken);
    return true;
  }
  bool holds(occasion what) const noexcept {
    switch (what) {
      case occasion::room:
        return is_closed_ || taken_ < most_;
      case occasion::some:
        return taken_ > 0;
      case occasion::none:
        return taken_ == 0;
    }
    return true;
  }
  wait_list<watcher>& watchers_of(occasion what) noexcept {
    return watchers_[static_cast<std::size_t>(what)];
  }
  void wake_watchers(wake_batch& woken) noexcept {
    for (auto const what : {occasion::room, occasion::some, occasion::none}) {
      auto& waiting_for = watchers_of(what);
      while (!waiting_for.empty() && holds(what)) woken.add(waiting_for.pop_front());
    }
  }

  template <class, class>
  friend class regatta::waiting;

  mutable typename Threading::lock lock_;
  u64 const most_;
  u64 taken_ = 0;
  bool is_closed_ = false;
  wait_list<taker> takers_;
  std::array<wait_list<watcher>, 3> watchers_;
};

}  // namespace regatta::proxy
