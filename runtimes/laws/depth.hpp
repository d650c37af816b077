// Laws of the stack: however many tasks end at once, wait for each other or wake each other, the
// stack of a worker stays as deep as one task is.
#pragma once

#include <utility>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/unordered_set.hpp"
#include "runtimes/laws/support/event.hpp"
#include "runtimes/laws/support/law.hpp"

namespace regatta::laws {

template <class R>
class depth : public law<R> {
 protected:
  static task<u64> answer(u64 value) { co_return value; }

  static task<u64> await_one_after_another(u64 tasks) {
    u64 sum = 0;
    for (u64 i = 0; i < tasks; ++i) {
      auto one = answer(1);
      sum += co_await one;
    }
    co_return sum;
  }
  static task<u64> spawn_one_after_another(R& rt, u64 tasks) {
    u64 sum = 0;
    for (u64 i = 0; i < tasks; ++i) {
      auto one = rt.spawn(answer(1));
      sum += co_await one;
    }
    co_return sum;
  }
  static task<u64> join_at_once(u64 tasks) {
    std::vector<task<u64>> members;
    for (u64 i = 0; i < tasks; ++i) members.push_back(answer(1));
    auto const values = co_await join_all(std::move(members));
    co_return values.size();
  }
  static task<u64> race_one_after_another(u64 races) {
    u64 sum = 0;
    for (u64 i = 0; i < races; ++i) {
      auto const first = co_await race(answer(1), answer(2));
      sum += std::get<0>(first);
    }
    co_return sum;
  }
  static task<u64> drain_a_set(u64 tasks) {
    unordered_set<u64> set;
    for (u64 i = 0; i < tasks; ++i) set.push(answer(1));
    u64 sum = 0;
    while (auto const value = co_await set.next()) sum += *value;
    co_return sum;
  }

  // Each waits for the one before it; the end of the first ends them all, one by one.
  static task<u64> pass_on(joiner<u64> before) { co_return co_await before; }
  static task<u64> first_of_chain(event& start) {
    co_await start;
    co_return 1;
  }
  static task<u64> fell_a_chain(R& rt, u64 length) {
    event start;
    auto last = rt.spawn(first_of_chain(start));
    for (u64 i = 0; i < length; ++i) {
      last = rt.spawn(pass_on(std::move(last)));
      // So that the chain really waits before its first falls.
      if (i % 64 == 0) co_await rt.yield();
    }
    start.set();
    co_return co_await last;
  }
};
TYPED_TEST_SUITE_P(depth);

TYPED_TEST_P(depth, AMillionTasksAwaitedOneAfterAnother) {
  with_one_runtime<TypeParam>([](auto& rt) {
    u64 const tasks = sized(1'000'000, 20'000);
    EXPECT_EQ(rt.block_on(TestFixture::await_one_after_another(tasks)), tasks);
  });
}

TYPED_TEST_P(depth, AMillionSpawnedTasksThatEndAtOnce) {
  with_each<TypeParam>([](auto& rt) {
    u64 const tasks = tasks_for<TypeParam>(often(1'000'000));
    EXPECT_EQ(rt.block_on(TestFixture::spawn_one_after_another(rt, tasks)), tasks);
  });
}

TYPED_TEST_P(depth, AMillionMembersOfOneJoin) {
  with_one_runtime<TypeParam>([](auto& rt) {
    u64 const tasks = often(1'000'000);
    EXPECT_EQ(rt.block_on(TestFixture::join_at_once(tasks)), tasks);
  });
}

TYPED_TEST_P(depth, AMillionMembersOfOneSet) {
  with_one_runtime<TypeParam>([](auto& rt) {
    u64 const tasks = often(1'000'000);
    EXPECT_EQ(rt.block_on(TestFixture::drain_a_set(tasks)), tasks);
  });
}

TYPED_TEST_P(depth, AMillionRacesThatAreWonAtOnce) {
  with_one_runtime<TypeParam>([](auto& rt) {
    u64 const races = often(1'000'000);
    EXPECT_EQ(rt.block_on(TestFixture::race_one_after_another(races)), races);
  });
}

TYPED_TEST_P(depth, AHundredThousandTasksThatWaitForOneAnother) {
  with_each<TypeParam>([](auto& rt) {
    EXPECT_EQ(rt.block_on(TestFixture::fell_a_chain(rt, tasks_for<TypeParam>(often(100'000)))), 1u);
  });
}

REGISTER_TYPED_TEST_SUITE_P(depth, AMillionTasksAwaitedOneAfterAnother,
                            AMillionSpawnedTasksThatEndAtOnce, AMillionMembersOfOneJoin,
                            AMillionMembersOfOneSet, AMillionRacesThatAreWonAtOnce,
                            AHundredThousandTasksThatWaitForOneAnother);

}  // namespace regatta::laws
