// A runtime for tests that runs a program in every order there is: at each step, whichever ready
// task could be next. It is exhaustive over the order of turns, not over memory orders.
//
//   every_schedule schedules;
//   do {
//     exploring_runtime rt(schedules);
//     rt.block_on(program(rt));
//   } while (schedules.next());
//
// The program must do the same each time that it is run in the same order, and must end in all.
#pragma once

#include <vector>

#include "runtimes/interface/runtime.hpp"

namespace regatta {

// All sequences of choices, depth first.
class every_schedule {
 public:
  // Which of `count` to take now.
  u64 choose(u64 count) {
    if (step_ == choices_.size()) choices_.push_back({0, count});
    REGATTA_ASSERT(choices_[step_].count == count, "the program differs from run to run");
    return choices_[step_++].taken;
  }
  // Goes on to the next schedule. False: there is none.
  bool next() {
    ++tried_;
    step_ = 0;
    while (!choices_.empty() && choices_.back().taken + 1 == choices_.back().count) {
      choices_.pop_back();
    }
    if (choices_.empty()) return false;
    ++choices_.back().taken;
    return true;
  }
  u64 tried() const noexcept { return tried_; }

 private:
  struct choice {
    u64 taken;
    u64 count;
  };
  std::vector<choice> choices_;
  std::size_t step_ = 0;
  u64 tried_ = 0;
};

class exploring_runtime final : public runtime_defaults<exploring_runtime> {
 public:
  using threading = one_thread;
  explicit exploring_runtime(runtime_options = {}) : schedules_(of_its_own_) {}
  explicit exploring_runtime(every_schedule& schedules) : schedules_(schedules) {}
  ~exploring_runtime() { destroy_roots(); }

  static runtime_info info() { return {"exploring", "0", "every order", "none"}; }
  void post(work& w) noexcept override { ready_.push_back(&w); }

  // Ends also when nothing can go on any more: then the root is stuck, and this is a failed test.
  template <class T>
  T block_on(task<T> root) {
    joiner<T> end = spawn(std::move(root));
    while (!ready_.empty()) {
      auto const place = static_cast<std::ptrdiff_t>(schedules_.choose(ready_.size()));
      work& chosen = *ready_[static_cast<std::size_t>(place)];
      ready_.erase(ready_.begin() + place);
      budget::refill();
      chosen.resume();
    }
    return end.take_finished();
  }

 private:
  every_schedule of_its_own_;
  every_schedule& schedules_;
  std::vector<work*> ready_;
};
static_assert(runtime<exploring_runtime>);

}  // namespace regatta
