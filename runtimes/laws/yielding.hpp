// Laws of yielding: whoever yields lets every other ready task run, within a bound.
//
// The bounds count turns, not time, and hold for a single worker: several workers share nothing but
// time, and the system may take any one's processor away for as long as it likes.
#pragma once

#include <algorithm>
#include <atomic>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/laws/support/event.hpp"
#include "runtimes/laws/support/law.hpp"

namespace regatta::laws {

template <class R>
class yielding : public law<R> {
 protected:
  static task<void> mark(std::atomic<u64>& ran) {
    ++ran;
    co_return;
  }

  // How often a task has to yield until all that it has spawned have run.
  static task<u64> yields_until_all_ran(R& rt, u64 tasks) {
    std::atomic<u64> ran = 0;
    for (u64 i = 0; i < tasks; ++i) rt.spawn(mark(ran));
    u64 yields = 0;
    for (; ran < tasks; ++yields) co_await rt.yield();
    co_return yields;
  }

  // Takes turns, and notes the longest time, in turns of all, that it had to wait for one. All are
  // spawned when the clock is 0.
  static task<void> take_turns(R& rt, u64 turns, u64& clock, u64& longest_wait) {
    longest_wait = std::max(longest_wait, clock);
    for (u64 turn = 0; turn < turns; ++turn) {
      u64 const before = ++clock;
      co_await rt.yield();
      longest_wait = std::max(longest_wait, clock - before);
    }
  }
  static task<u64> longest_wait_among(R& rt, u64 tasks, u64 turns) {
    u64 clock = 0;
    u64 longest_wait = 0;
    auto all = spawn_n(rt, tasks, [&](u64) { return take_turns(rt, turns, clock, longest_wait); });
    co_await join_all(std::move(all));
    co_return longest_wait;
  }

  static task<void> yield_times(R& rt, u64 times) {
    for (u64 i = 0; i < times; ++i) co_await rt.yield();
  }
  static task<void> yield_together(R& rt, u64 tasks, u64 times) {
    auto all = spawn_n(rt, tasks, [&](u64) { return yield_times(rt, times); });
    co_await join_all(std::move(all));
  }

  static task<void> yield_until(R& rt, std::atomic<bool>& stop, u64& yields) {
    while (!stop) {
      ++yields;
      co_await rt.yield();
    }
  }
  static task<void> stop_after(R& rt, std::atomic<bool>& stop, u64 turns) {
    for (u64 turn = 0; turn < turns; ++turn) co_await rt.yield();
    stop = true;
  }
  // Two members of a join that yield all the time, beside a task of its own that needs some turns.
  static task<u64> busy_members_beside_a_task(R& rt, u64 turns) {
    std::atomic<bool> stop = false;
    u64 yields = 0;
    auto other = rt.spawn(stop_after(rt, stop, turns));
    co_await join(yield_until(rt, stop, yields), yield_until(rt, stop, yields));
    co_await other;
    co_return yields;
  }

  // Two tasks that wake each other for ever, as in a ping-pong, beside one that yields. Where a
  // woken task runs before the queue (a LIFO slot), this is what starves the queue.
  struct table {
    std::atomic<bool> stop = false;
    std::vector<event> balls;
    explicit table(std::size_t rounds) : balls(rounds) {}
  };
  static task<u64> play(table& on, std::size_t first) {
    u64 played = 0;
    for (std::size_t ball = first; ball + 1 < on.balls.size(); ball += 2) {
      co_await on.balls[ball];
      ++played;
      // Ends the game for the other side too.
      if (on.stop) {
        for (auto& rest : on.balls) rest.set();
        break;
      }
      on.balls[ball + 1].set();
    }
    co_return played;
  }
  static task<u64> exchanges_during_turns(R& rt, u64 turns, std::size_t rounds) {
    table on(rounds);
    auto left = rt.spawn(play(on, 0));
    auto right = rt.spawn(play(on, 1));
    on.balls[0].set();
    for (u64 turn = 0; turn < turns; ++turn) co_await rt.yield();
    on.stop = true;
    u64 const by_left = co_await left;
    co_return by_left + co_await right;
  }
};
TYPED_TEST_SUITE_P(yielding);

TYPED_TEST_P(yielding, YieldLetsEveryReadyTaskRunWithinABound) {
  with_one_worker<TypeParam>([](auto& rt) {
    for (u64 tasks : {1u, 10u, 100u, 1'000u}) {
      EXPECT_LE(rt.block_on(TestFixture::yields_until_all_ran(rt, tasks)), 64u)
          << tasks << " tasks";
    }
  });
}

TYPED_TEST_P(yielding, AYieldingTaskLetsAllReadyTasksRunOnAnyNumberOfWorkers) {
  with_each<TypeParam>([](auto& rt) {
    for (u64 tasks : {1u, 10u, 100u, 1'000u}) {
      rt.block_on(TestFixture::yields_until_all_ran(rt, tasks));
    }
  });
}

TYPED_TEST_P(yielding, NobodyWaitsForATurnWhileOthersHaveMany) {
  with_one_worker<TypeParam>([](auto& rt) {
    u64 const tasks = 200;
    u64 const turns = sized(200, 20);
    EXPECT_LE(rt.block_on(TestFixture::longest_wait_among(rt, tasks, turns)), 4 * tasks);
  });
}

TYPED_TEST_P(yielding, ManyTasksThatYieldAllEnd) {
  with_each<TypeParam>(
      [](auto& rt) { rt.block_on(TestFixture::yield_together(rt, 200, often(1'000))); });
}

TYPED_TEST_P(yielding, AMillionYieldsOfOneTaskDoNotDeepenTheStack) {
  with_each<TypeParam>(
      [](auto& rt) { rt.block_on(TestFixture::yield_times(rt, often(1'000'000))); });
}

TYPED_TEST_P(yielding, MembersOfAJoinThatYieldLetOtherTasksRun) {
  with_one_worker<TypeParam>([](auto& rt) {
    u64 const turns = 100;
    EXPECT_LE(rt.block_on(TestFixture::busy_members_beside_a_task(rt, turns)), 64 * turns);
  });
}

TYPED_TEST_P(yielding, TwoTasksThatWakeEachOtherDoNotStarveAThird) {
  with_one_worker<TypeParam>([](auto& rt) {
    u64 const turns = 50;
    std::size_t const rounds = sized(100'000, 5'000);
    EXPECT_LE(rt.block_on(TestFixture::exchanges_during_turns(rt, turns, rounds)), 64 * turns);
  });
}

REGISTER_TYPED_TEST_SUITE_P(yielding, YieldLetsEveryReadyTaskRunWithinABound,
                            AYieldingTaskLetsAllReadyTasksRunOnAnyNumberOfWorkers,
                            NobodyWaitsForATurnWhileOthersHaveMany, ManyTasksThatYieldAllEnd,
                            AMillionYieldsOfOneTaskDoNotDeepenTheStack,
                            MembersOfAJoinThatYieldLetOtherTasksRun,
                            TwoTasksThatWakeEachOtherDoNotStarveAThird);

}  // namespace regatta::laws
