#include "scenarios/support/hogs.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "runtimes/interface/least_runtime.hpp"

namespace regatta::scenarios {
namespace {

// A runtime that gives out after so many tasks, and counts how often it was yielded to.
class scarce_runtime final : public runtime_defaults<scarce_runtime> {
 public:
  using threading = one_thread;
  explicit scarce_runtime(runtime_options = {}) {}
  ~scarce_runtime() { destroy_roots(); }

  static runtime_info info() { return {"scarce", "0", "single-threaded", "none"}; }
  void post(work& w) noexcept override { ready_.push(w); }
  void post_yielded(work& w) noexcept {
    ++yields;
    post(w);
  }

  template <class T>
  joiner<T> spawn(task<T> started) {
    if (tasks_left == 0) throw limit_exceeded("no task is left");
    --tasks_left;
    return runtime_defaults::spawn(std::move(started));
  }

  template <class T>
  T block_on(task<T> root) {
    joiner<T> end = spawn(std::move(root));
    while (!ready_.empty()) ready_.pop().resume();
    return end.take_finished();
  }

  u64 tasks_left = 100;
  u64 yields = 0;

 private:
  least_queue ready_;
};
static_assert(runtime<scarce_runtime>);

template <runtime R>
task<u64> yield_often(R& rt, u64 yields) {
  for (u64 i = 0; i < yields; ++i) co_await rt.yield();
  co_return yields;
}

task<u64> fail() {
  throw std::runtime_error("the errand failed");
  co_return 0;
}

TEST(Hogs, YieldAsLongAsTheErrandRunsAndEndWithIt) {
  scarce_runtime rt;
  EXPECT_EQ(rt.block_on(beside_hogs(rt, {.hogs = 3, .steps = 1}, yield_often(rt, 10))), 10u);
  // Each hog at least as often as the errand; not for ever, or this would not have answered.
  EXPECT_GE(rt.yields, 40u);
  EXPECT_LE(rt.yields, 60u);
}

TEST(Hogs, EndAlsoWhenTheErrandFails) {
  scarce_runtime rt;
  EXPECT_THROW(rt.block_on(beside_hogs(rt, {.hogs = 3, .steps = 1}, fail())), std::runtime_error);
  u64 const yields = rt.yields;
  EXPECT_EQ(rt.block_on(yield_often(rt, 10)), 10u);
  EXPECT_EQ(rt.yields, yields + 10);
}

TEST(Hogs, EndAlsoWhenOneOfThemCannotBeSpawned) {
  scarce_runtime rt;
  rt.tasks_left = 1 + 2;
  EXPECT_THROW(rt.block_on(beside_hogs(rt, {.hogs = 3, .steps = 1}, yield_often(rt, 10))),
               limit_exceeded);
  u64 const yields = rt.yields;
  rt.tasks_left = 1;
  EXPECT_EQ(rt.block_on(yield_often(rt, 10)), 10u);
  EXPECT_EQ(rt.yields, yields + 10);
}

TEST(Hogs, EndAlsoWhenTheErrandCannotBeSpawned) {
  scarce_runtime rt;
  rt.tasks_left = 1 + 3;
  EXPECT_THROW(rt.block_on(beside_hogs(rt, {.hogs = 3, .steps = 1}, yield_often(rt, 10))),
               limit_exceeded);
  u64 const yields = rt.yields;
  rt.tasks_left = 1;
  EXPECT_EQ(rt.block_on(yield_often(rt, 10)), 10u);
  EXPECT_EQ(rt.yields, yields + 10);
}

TEST(Hogs, ThereMayBeNone) {
  scarce_runtime rt;
  EXPECT_EQ(rt.block_on(beside_hogs(rt, {}, yield_often(rt, 10))), 10u);
}

TEST(Hogs, KeepEveryThreadBusyAndStillEnd) {
  least_pool rt;
  for (u64 round = 0; round < 20; ++round) {
    EXPECT_EQ(rt.block_on(beside_hogs(rt, {.hogs = 9, .steps = 100}, yield_often(rt, 20))), 20u);
  }
}

}  // namespace
}  // namespace regatta::scenarios
