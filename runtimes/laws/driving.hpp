// Laws of driving and counting: who may call block_on() when, and what the counters say of it.
#pragma once

#include <thread>
#include <vector>

#include "runtimes/interface/channel.hpp"
#include "runtimes/interface/join.hpp"
#include "runtimes/laws/support/event.hpp"
#include "runtimes/laws/support/law.hpp"

namespace regatta::laws {

template <class R>
class driving : public law<R> {
 protected:
  static task<u64> answer(u64 value) { co_return value; }
  static task<u64> yield_then_answer(R& rt, u64 turns, u64 value) {
    for (u64 i = 0; i < turns; ++i) co_await rt.yield();
    co_return value;
  }
  static task<u64> spawn_and_sum(R& rt, u64 tasks) {
    auto all = spawn_n(rt, tasks, [&](u64 i) { return yield_then_answer(rt, 3, i); });
    auto const values = co_await join_all(std::move(all));
    u64 sum = 0;
    for (u64 value : values) sum += value;
    co_return sum;
  }
  static task<u64> wait_and_pass_on(event& before, event& after) {
    co_await before;
    after.set();
    co_return 1;
  }
};
TYPED_TEST_SUITE_P(driving);

TYPED_TEST_P(driving, BlockOnMayBeCalledAgainAndAgain) {
  with_each<TypeParam>([](auto& rt) {
    for (u64 i = 0; i < often(10'000); ++i) {
      EXPECT_EQ(rt.block_on(TestFixture::answer(i)), i);
    }
  });
}

TYPED_TEST_P(driving, AnotherThreadMayDriveInTurn) {
  with_each<TypeParam>([](auto& rt) {
    for (u64 i = 0; i < sized(20, 2); ++i) {
      std::jthread([&] { EXPECT_EQ(rt.block_on(TestFixture::spawn_and_sum(rt, 10)), 45u); }).join();
      EXPECT_EQ(rt.block_on(TestFixture::spawn_and_sum(rt, 10)), 45u);
    }
  });
}

TYPED_TEST_P(driving, SeveralThreadsMayDriveAtOnce) {
  with_each_shared<TypeParam>([](auto& rt) {
    std::vector<std::jthread> drivers;
    for (int t = 0; t < 4; ++t) {
      drivers.emplace_back([&] {
        for (u64 i = 0; i < often(200); ++i) {
          EXPECT_EQ(rt.block_on(TestFixture::spawn_and_sum(rt, 20)), 190u);
        }
      });
    }
  });
}

// Each thread's task waits for that of the thread before it, so that drivers sleep and wake, and
// leave while others stay.
TYPED_TEST_P(driving, DriversThatWaitForEachOthersTasksAllReturn) {
  with_each_shared<TypeParam>([](auto& rt) {
    for (u64 round = 0; round < 25; ++round) {
      std::vector<event> links(5);
      std::vector<std::jthread> drivers;
      for (std::size_t i = 0; i + 1 < links.size(); ++i) {
        drivers.emplace_back(
            [&, i] { rt.block_on(TestFixture::wait_and_pass_on(links[i], links[i + 1])); });
      }
      links[0].set();
    }
  });
}

TYPED_TEST_P(driving, TwoRuntimesMayBeDrivenAtOnce) {
  with_each<TypeParam>([](auto& rt) {
    TypeParam other(runtime_options{});
    std::jthread const driver([&] {
      for (u64 i = 0; i < often(200); ++i) {
        EXPECT_EQ(other.block_on(TestFixture::spawn_and_sum(other, 20)), 190u);
      }
    });
    for (u64 i = 0; i < often(200); ++i) {
      EXPECT_EQ(rt.block_on(TestFixture::spawn_and_sum(rt, 20)), 190u);
    }
  });
}

TYPED_TEST_P(driving, TheCountersCountWhatHasHappened) {
  with_each_counted<TypeParam>([](auto& rt) {
    u64 const tasks = 1'000;
    auto const before = rt.counters();
    rt.block_on(TestFixture::spawn_and_sum(rt, tasks));
    auto const after = rt.counters();
    EXPECT_GE(after.spawned - before.spawned, tasks);
    EXPECT_LE(after.spawned - before.spawned, tasks + 2) << "block_on() may spawn its own task";
    // Once to begin, and once after each of three yields; a worker may not have reported its last.
    EXPECT_GE(after.polls - before.polls, tasks);
    EXPECT_LE(after.polls - before.polls, 10 * tasks);
    EXPECT_GE(after.parks, before.parks);
    EXPECT_GE(after.wakes, before.wakes);
  });
}

TYPED_TEST_P(driving, OneWorkerStealsFromNobody) {
  if constexpr (counted_runtime<TypeParam>) {
    with_one_worker<TypeParam>([](auto& rt) {
      rt.block_on(TestFixture::spawn_and_sum(rt, 1'000));
      EXPECT_EQ(rt.counters().steals, 0u);
      EXPECT_GE(rt.counters().polls, 4'000u);
    });
  } else {
    GTEST_SKIP() << TypeParam::info().name << " counts nothing";
  }
}

REGISTER_TYPED_TEST_SUITE_P(driving, BlockOnMayBeCalledAgainAndAgain, AnotherThreadMayDriveInTurn,
                            SeveralThreadsMayDriveAtOnce,
                            DriversThatWaitForEachOthersTasksAllReturn,
                            TwoRuntimesMayBeDrivenAtOnce, TheCountersCountWhatHasHappened,
                            OneWorkerStealsFromNobody);

}  // namespace regatta::laws
