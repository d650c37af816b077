// Laws of life and death: a runtime that is destroyed takes every pending frame with it, none
// twice, none left over; and runtimes may be made and destroyed in any order, one inside another.
#pragma once

#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/unordered_set.hpp"
#include "runtimes/laws/support/event.hpp"
#include "runtimes/laws/support/law.hpp"
#include "runtimes/laws/support/lives.hpp"

namespace regatta::laws {

template <class R>
class lifetimes : public law<R> {
 protected:
  static task<u64> end_at_once(life) { co_return 1; }
  static task<u64> hang(life) {
    co_await forever();
    co_return 1;
  }
  static task<life> answer_a_life(life one) { co_return one; }
  static task<u64> yield_for_ever(R& rt, life) {
    for (;;) co_await rt.yield();
  }
  static task<u64> hang_deep(u64 depth, life one) {
    auto child = depth == 0 ? hang(one) : hang_deep(depth - 1, one);
    co_return co_await child;
  }
  static task<u64> hang_with(joiner<u64> other, life) { co_return co_await other; }
  static task<u64> hang_with_slot(std::shared_ptr<joiner<u64>>, life) {
    co_await forever();
    co_return 1;
  }
  static task<u64> hang_in_a_join(life one) {
    co_await join(hang(one), hang(one), end_at_once(one));
    co_return 1;
  }
  static task<u64> hang_in_a_set(life one) {
    unordered_set<u64> set;
    for (int i = 0; i < 10; ++i) set.push(hang(one));
    co_await set.next();
    co_return 1;
  }
  static task<void> yield_times(R& rt, u64 times) {
    for (u64 i = 0; i < times; ++i) co_await rt.yield();
  }

  // One of each way to be pending.
  static void leave_pending(R& rt, lives& all) {
    life const one(all);
    rt.spawn(hang(one));
    rt.spawn(yield_for_ever(rt, one));
    rt.spawn(hang_deep(20, one));
    rt.spawn(hang_with(rt.spawn(hang(one)), one));
    rt.spawn(hang_with(rt.spawn(yield_for_ever(rt, one)), one));
    rt.spawn(hang_in_a_join(one));
    rt.spawn(hang_in_a_set(one));
    // Two whose joiners lie in each other's frames, and one whose joiner lies in its own.
    auto left_slot = std::make_shared<joiner<u64>>();
    auto right_slot = std::make_shared<joiner<u64>>();
    *left_slot = rt.spawn(hang_with_slot(right_slot, one));
    *right_slot = rt.spawn(hang_with_slot(left_slot, one));
    auto own_slot = std::make_shared<joiner<u64>>();
    *own_slot = rt.spawn(hang_with_slot(own_slot, one));
  }

  // A runtime that lives in a frame, with frames of its own.
  static task<u64> hang_with_a_runtime(lives& all) {
    R inner(runtime_options{});
    leave_pending(inner, all);
    inner.block_on(yield_times(inner, 10));
    life const also(all);
    co_await forever();
    co_return 1;
  }

  static task<u64> nest(u64 depth, lives& all) {
    if (depth == 0) co_return 0;
    R inner(runtime_options{});
    leave_pending(inner, all);
    co_return 1 + inner.block_on(nest(depth - 1, all));
  }

  static task<u64> answer(u64 value) { co_return value; }
  static task<bool> is_abandoned(joiner<u64> one) {
    try {
      co_await one;
    } catch (task_abandoned const&) {
      co_return true;
    }
    co_return false;
  }
  static task<bool> tell_then_wait(joiner<u64> one, event& waiting) {
    waiting.set();
    auto wait = is_abandoned(std::move(one));
    co_return co_await wait;
  }
};
TYPED_TEST_SUITE_P(lifetimes);

TYPED_TEST_P(lifetimes, FinishedTasksLeaveNothingBehind) {
  lives all;
  with_each<TypeParam>([&](auto& rt) {
    for (int i = 0; i < 100; ++i) {
      auto joined = rt.spawn(TestFixture::end_at_once(life(all)));
      rt.spawn(TestFixture::end_at_once(life(all)));
      rt.spawn(TestFixture::answer_a_life(life(all)));
      rt.block_on(TestFixture::answer_a_life(life(all)));
    }
    rt.block_on(TestFixture::yield_times(rt, 100));
  });
  expect_nobody_lives(all);
}

TYPED_TEST_P(lifetimes, ADestroyedRuntimeDestroysFramesThatNeverBegan) {
  lives all;
  with_each<TypeParam>([&](auto& rt) { TestFixture::leave_pending(rt, all); });
  expect_nobody_lives(all);
}

TYPED_TEST_P(lifetimes, ADestroyedRuntimeDestroysFramesThatWait) {
  lives all;
  with_each<TypeParam>([&](auto& rt) {
    for (int i = 0; i < 20; ++i) TestFixture::leave_pending(rt, all);
    rt.block_on(TestFixture::yield_times(rt, 50));
    EXPECT_GT(all.count(), 0) << "nothing was pending: the law would show nothing";
  });
  expect_nobody_lives(all);
}

TYPED_TEST_P(lifetimes, TenRuntimesMayBeMadeAndDestroyedInTurn) {
  lives all;
  for (int i = 0; i < 10; ++i) {
    with_each<TypeParam>([&](auto& rt) {
      TestFixture::leave_pending(rt, all);
      EXPECT_EQ(rt.block_on(TestFixture::end_at_once(life(all))), 1u);
    });
  }
  expect_nobody_lives(all);
}

TYPED_TEST_P(lifetimes, ARuntimeThatIsNeverDrivenMayBeDestroyed) {
  for (int i = 0; i < 100; ++i) {
    with_each<TypeParam>([](auto&) {});
  }
}

TYPED_TEST_P(lifetimes, TenRuntimesMayBeNested) {
  lives all;
  with_each<TypeParam>([&](auto& rt) {
    EXPECT_EQ(rt.block_on(TestFixture::nest(10, all)), 10u);
    EXPECT_EQ(rt.block_on(TestFixture::end_at_once(life(all))), 1u);
  });
  expect_nobody_lives(all);
}

TYPED_TEST_P(lifetimes, ARuntimeInAPendingFrameDiesWithIt) {
  lives all;
  with_each<TypeParam>([&](auto& rt) {
    rt.spawn(TestFixture::hang_with_a_runtime(all));
    auto const joined = rt.spawn(TestFixture::hang_with_a_runtime(all));
    rt.block_on(TestFixture::yield_times(rt, 50));
  });
  expect_nobody_lives(all);
}

TYPED_TEST_P(lifetimes, AJoinerMayOutliveItsRuntime) {
  lives all;
  std::vector<joiner<u64>> orphans;
  with_each<TypeParam>([&](auto& rt) {
    orphans.push_back(rt.spawn(TestFixture::hang(life(all))));
    rt.block_on(TestFixture::yield_times(rt, 10));
    orphans.push_back(rt.spawn(TestFixture::hang(life(all))));
  });
  expect_nobody_lives(all);
  TypeParam other(runtime_options{});
  for (auto& one : orphans) {
    EXPECT_TRUE(other.block_on(TestFixture::is_abandoned(std::move(one))));
  }
}

TYPED_TEST_P(lifetimes, WhoWaitsForATaskOfARuntimeThatIsDestroyedIsTold) {
  lives all;
  for (auto const& configuration : configurations<TypeParam>()) {
    std::optional<TypeParam> dying(std::in_place, configuration.options);
    auto orphan = dying->spawn(TestFixture::hang(life(all)));
    dying->block_on(TestFixture::yield_times(*dying, 10));
    TypeParam other(configuration.options);
    event waiting;
    std::jthread const driver([&] {
      EXPECT_TRUE(other.block_on(TestFixture::tell_then_wait(std::move(orphan), waiting)));
    });
    TypeParam observer(runtime_options{});
    observer.block_on(wait_for(waiting));
    dying.reset();
  }
  expect_nobody_lives(all);
}

// Tasks that nobody waits for stay where they are between two calls of block_on().
TYPED_TEST_P(lifetimes, ATaskOutlivesTheBlockOnInWhichItBegan) {
  with_each<TypeParam>([](auto& rt) {
    event go_on;
    latch ended(1);
    rt.spawn([](event& until, latch& end) -> task<void> {
      co_await until;
      end.arrive();
    }(go_on, ended));
    EXPECT_EQ(rt.block_on(TestFixture::answer(1)), 1u);
    go_on.set();
    rt.block_on(wait_for(ended));
  });
}

REGISTER_TYPED_TEST_SUITE_P(lifetimes, FinishedTasksLeaveNothingBehind,
                            ADestroyedRuntimeDestroysFramesThatNeverBegan,
                            ADestroyedRuntimeDestroysFramesThatWait,
                            TenRuntimesMayBeMadeAndDestroyedInTurn,
                            ARuntimeThatIsNeverDrivenMayBeDestroyed, TenRuntimesMayBeNested,
                            ARuntimeInAPendingFrameDiesWithIt, AJoinerMayOutliveItsRuntime,
                            WhoWaitsForATaskOfARuntimeThatIsDestroyedIsTold,
                            ATaskOutlivesTheBlockOnInWhichItBegan);

}  // namespace regatta::laws
