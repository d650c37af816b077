// The tasks that could run now, and the draw of which does.
//
// Draws come in moods: for some turns the last who came runs first, or the first, or any. Each mood
// ends after a few turns, and then everybody who is ready has one turn, in an order that is drawn:
// so nobody starves, however unlucky, and bounds on waiting can be kept.
#pragma once

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "runtimes/interface/work.hpp"
#include "runtimes/simulated/chance.hpp"

namespace regatta::runtimes::simulated {

class ready_tasks {
 public:
  explicit ready_tasks(chance& draw) noexcept : draw_(draw) {}

  bool empty() const noexcept { return waiting_.empty() && round_.empty(); }

  void push(work& w) {
    if (draw_.percent(percent_in_front_)) {
      waiting_.push_front(&w);
    } else {
      waiting_.push_back(&w);
    }
  }

  // Of those that are ready, which there must be.
  work& take() {
    if (round_.empty() && (turns_left_ == 0 || waiting_.empty())) begin_round();
    if (!round_.empty()) {
      work& w = *round_.back();
      round_.pop_back();
      if (round_.empty()) begin_mood();
      return w;
    }
    --turns_left_;
    if (draw_.percent(percent_anywhere_)) {
      std::swap(waiting_.front(), waiting_[draw_.below(waiting_.size())]);
    }
    work& w = *waiting_.front();
    waiting_.pop_front();
    return w;
  }

 private:
  static constexpr u64 longest_mood_turns = 32;

  void begin_round() {
    round_.assign(waiting_.rbegin(), waiting_.rend());
    waiting_.clear();
    if (draw_.one_in(2)) return;
    for (u64 left = round_.size(); left > 1; --left) {
      std::swap(round_[left - 1], round_[draw_.below(left)]);
    }
  }
  void begin_mood() {
    constexpr u64 percents[] = {0, 0, 50, 100};
    percent_in_front_ = percents[draw_.below(4)];
    percent_anywhere_ = percents[draw_.below(4)];
    turns_left_ = draw_.below(std::min<u64>(4 * waiting_.size(), longest_mood_turns) + 1);
  }

  chance& draw_;
  std::deque<work*> waiting_;
  std::vector<work*> round_;  // Those who have a turn before anybody else; the last goes first.
  u64 turns_left_ = 0;
  u64 percent_in_front_ = 50;
  u64 percent_anywhere_ = 50;
};

}  // namespace regatta::runtimes::simulated
