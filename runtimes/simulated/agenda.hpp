// The virtual clock, and what happens when: sleeps end, bytes arrive. Time stands still while a
// task runs, passes by small random steps between turns, and jumps when there is nothing to do.
#pragma once

#include <map>
#include <utility>

#include "runtimes/interface/types.hpp"
#include "runtimes/simulated/chance.hpp"

namespace regatta::runtimes::simulated {

class agenda;

// Something that happens at a moment that was planned. It is taken out of the agenda first, and may
// plan itself again. Whoever dies before does not happen.
class happening {
 public:
  happening() = default;
  happening(happening const&) = delete;
  happening& operator=(happening const&) = delete;

  virtual void happen() noexcept = 0;

 protected:
  inline ~happening();

 private:
  friend agenda;
  // What happens at the same moment does so in an order that is drawn.
  using moment = std::pair<time_point, u64>;

  agenda* planned_in_ = nullptr;  // nullptr: not planned.
  std::multimap<moment, happening*>::iterator place_;
};

class agenda {
 public:
  explicit agenda(chance& draw) noexcept : draw_(draw) {}
  agenda(agenda const&) = delete;
  agenda& operator=(agenda const&) = delete;

  time_point now() const noexcept { return now_; }

  // Of something that is not planned yet.
  void plan(happening& what, time_point when) {
    what.place_ = planned_.emplace(happening::moment(when, draw_.below(1u << 30)), &what);
    what.planned_in_ = this;
  }
  void cancel(happening& what) noexcept {
    if (what.planned_in_ == nullptr) return;
    planned_.erase(what.place_);
    what.planned_in_ = nullptr;
  }

  // Some time passes, or none: mostly far below a microsecond, at most 32 of them.
  void drift() noexcept {
    if (draw_.one_in(2)) return;
    now_ += draw_.up_to(duration(i64{1} << draw_.below(16)));
  }
  // Whether anything is planned. What is planned for the end of time never happens.
  bool has_next() const noexcept {
    return !planned_.empty() && planned_.begin()->first.first != time_point::max();
  }
  void jump_to_next() noexcept { now_ = std::max(now_, planned_.begin()->first.first); }

  void let_happen_what_is_due() noexcept {
    while (has_next() && planned_.begin()->first.first <= now_) {
      happening& what = *planned_.begin()->second;
      cancel(what);
      what.happen();
    }
  }

 private:
  chance& draw_;
  // Not the beginning of time, so that there is a past to sleep until.
  time_point now_{std::chrono::hours(24)};
  std::multimap<happening::moment, happening*> planned_;
};

inline happening::~happening() {
  if (planned_in_ != nullptr) planned_in_->cancel(*this);
}

}  // namespace regatta::runtimes::simulated
