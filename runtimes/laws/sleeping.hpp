// Laws of time: a sleep never ends early and always ends, whatever else the runtime does.
//
// How late it ends is no law but a measurement (scenarios/timer_lateness.hpp): on a busy machine a
// sleep may end any time late. The bound against hogs counts turns.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/time.hpp"
#include "runtimes/laws/support/event.hpp"
#include "runtimes/laws/support/law.hpp"
#include "runtimes/laws/support/lives.hpp"

namespace regatta::laws {

template <class R>
class sleeping : public law<R> {
 protected:
  static constexpr duration a_millisecond{1'000'000};
  static constexpr duration an_hour = std::chrono::hours(1);

  // How many nanoseconds too early the sleep ended; 0 is right.
  static task<i64> earliness(R& rt, duration length) {
    time_point const deadline = now(rt) + length;
    co_await rt.sleep_until(deadline);
    co_return std::max<i64>((deadline - now(rt)).count(), 0);
  }
  static task<i64> worst_earliness(R& rt, u64 sleeps) {
    // Lengths of all kinds below 20 ms, by a stride that shares no factor with the range.
    auto all = spawn_n(rt, sleeps, [&](u64 i) {
      return earliness(rt, duration(static_cast<i64>(i * 7'654'321 % 20'000'000)));
    });
    auto const early = co_await join_all(std::move(all));
    i64 worst = 0;
    for (i64 one : early) worst = std::max(worst, one);
    co_return worst;
  }
  static task<i64> one_after_another(R& rt, u64 sleeps) {
    i64 worst = 0;
    for (u64 i = 0; i < sleeps; ++i) {
      auto one = earliness(rt, duration(static_cast<i64>(i * 54'321 % 1'000'000)));
      worst = std::max(worst, co_await one);
    }
    co_return worst;
  }

  static task<void> sleep_for(R& rt, duration length) { co_await rt.sleep_until(now(rt) + length); }
  static task<void> sleep_until(R& rt, time_point deadline) { co_await rt.sleep_until(deadline); }
  static task<void> sleep_and_hold(R& rt, duration length, life) {
    co_await rt.sleep_until(now(rt) + length);
  }
  static task<void> sleep_and_arrive(R& rt, duration length, latch& all) {
    co_await rt.sleep_until(now(rt) + length);
    all.arrive();
  }
  static task<void> sleep_and_note(R& rt, time_point deadline, u64 name, std::vector<u64>& order) {
    co_await rt.sleep_until(deadline);
    order.push_back(name);
  }
  static task<std::vector<u64>> order_of_waking(R& rt, u64 sleeps) {
    std::vector<u64> order;
    time_point const base = now(rt) + 5 * a_millisecond;
    auto all = spawn_n(rt, sleeps, [&](u64 i) {
      u64 const name = i * 37 % sleeps;
      return sleep_and_note(rt, base + static_cast<i64>(name) * a_millisecond / 4, name, order);
    });
    co_await join_all(std::move(all));
    co_return order;
  }

  static task<void> end_at_once() { co_return; }
  static task<u64> cancel_sleeps(R& rt, u64 times) {
    u64 right = 0;
    for (u64 i = 0; i < times; ++i) {
      time_point const far = i % 2 == 0 ? now(rt) + an_hour : time_point::max();
      auto const first = co_await race(sleep_until(rt, far), end_at_once());
      right += first.index();
    }
    co_return right;
  }
  static task<u64> short_beside_long(R& rt) {
    rt.spawn(sleep_for(rt, an_hour));
    auto const first = co_await race(sleep_for(rt, an_hour), sleep_for(rt, a_millisecond));
    co_return first.index();
  }

  static task<void> sleep_and_raise(R& rt, time_point deadline, bool& raised) {
    co_await rt.sleep_until(deadline);
    raised = true;
  }
  // How often a task that never waits can yield after the deadline of another has passed.
  static task<u64> turns_after_deadline(R& rt) {
    bool raised = false;
    time_point const deadline = now(rt) + 2 * a_millisecond;
    auto sleeper = rt.spawn(sleep_and_raise(rt, deadline, raised));
    u64 turns = 0;
    while (!raised) {
      bool const is_due = now(rt) > deadline + core_tick;
      co_await rt.yield();
      turns += is_due;
    }
    co_await sleeper;
    co_return turns;
  }
  // Timers may round up.
  static constexpr duration core_tick = a_millisecond;
};
TYPED_TEST_SUITE_P(sleeping);

TYPED_TEST_P(sleeping, ASleepNeverEndsEarly) {
  with_each_timed<TypeParam>([](auto& rt) {
    EXPECT_EQ(rt.block_on(TestFixture::worst_earliness(rt, sized(1'000, 200))), 0);
    EXPECT_EQ(rt.block_on(TestFixture::one_after_another(rt, 50)), 0);
  });
}

TYPED_TEST_P(sleeping, ASleepThatIsOverAlreadyEnds) {
  with_each_timed<TypeParam>([](auto& rt) {
    rt.block_on(TestFixture::sleep_for(rt, duration(0)));
    rt.block_on(TestFixture::sleep_for(rt, -TestFixture::an_hour));
    rt.block_on(TestFixture::sleep_until(rt, time_point()));
  });
}

TYPED_TEST_P(sleeping, ALongSleepDoesNotHideAShortOne) {
  with_each_timed<TypeParam>(
      [](auto& rt) { EXPECT_EQ(rt.block_on(TestFixture::short_beside_long(rt)), 1u); });
}

TYPED_TEST_P(sleeping, AShortSleepFromAForeignThreadShortensTheSleepOfTheRuntime) {
  with_each_timed<TypeParam>([](auto& rt) {
    rt.spawn(TestFixture::sleep_for(rt, TestFixture::an_hour));
    for (int round = 0; round < 20; ++round) {
      latch both(2);
      std::jthread const foreign([&] {
        rt.spawn(TestFixture::sleep_and_arrive(rt, TestFixture::a_millisecond, both));
        std::this_thread::yield();
        rt.spawn(TestFixture::sleep_and_arrive(rt, TestFixture::a_millisecond / 4, both));
      });
      rt.block_on(wait_for(both));
    }
  });
}

TYPED_TEST_P(sleeping, SleepsEndInTheOrderOfTheirDeadlines) {
  if constexpr (timed_runtime<TypeParam>) {
    with_one_worker<TypeParam>([](auto& rt) {
      auto const order = rt.block_on(TestFixture::order_of_waking(rt, 50));
      EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    });
  } else {
    GTEST_SKIP() << TypeParam::info().name << " offers no timers";
  }
}

TYPED_TEST_P(sleeping, ACancelledSleepIsGone) {
  with_each_timed<TypeParam>([](auto& rt) {
    u64 const times = often(10'000);
    EXPECT_EQ(rt.block_on(TestFixture::cancel_sleeps(rt, times)), times);
  });
}

TYPED_TEST_P(sleeping, SleepersDieWithTheirRuntime) {
  lives all;
  with_each_timed<TypeParam>([&](auto& rt) {
    for (int i = 0; i < 100; ++i) {
      rt.spawn(TestFixture::sleep_and_hold(rt, TestFixture::an_hour, life(all)));
    }
    rt.block_on(TestFixture::sleep_for(rt, TestFixture::a_millisecond));
  });
  expect_nobody_lives(all);
}

TYPED_TEST_P(sleeping, ATaskThatAlwaysYieldsDoesNotStarveATimer) {
  if constexpr (timed_runtime<TypeParam>) {
    with_one_worker<TypeParam>([](auto& rt) {
      for (int round = 0; round < 5; ++round) {
        EXPECT_LE(rt.block_on(TestFixture::turns_after_deadline(rt)), 1'000u);
      }
    });
  } else {
    GTEST_SKIP() << TypeParam::info().name << " offers no timers";
  }
}

REGISTER_TYPED_TEST_SUITE_P(sleeping, ASleepNeverEndsEarly, ASleepThatIsOverAlreadyEnds,
                            ALongSleepDoesNotHideAShortOne,
                            AShortSleepFromAForeignThreadShortensTheSleepOfTheRuntime,
                            SleepsEndInTheOrderOfTheirDeadlines, ACancelledSleepIsGone,
                            SleepersDieWithTheirRuntime, ATaskThatAlwaysYieldsDoesNotStarveATimer);

}  // namespace regatta::laws
