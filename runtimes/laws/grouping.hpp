// Laws of groups: join, race and unordered_set hold under many workers too, when their members are
// woken by any thread, at any moment, even in that in which they are cancelled.
#pragma once

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/unordered_set.hpp"
#include "runtimes/laws/support/event.hpp"
#include "runtimes/laws/support/law.hpp"
#include "runtimes/laws/support/lives.hpp"

namespace regatta::laws {

template <class R>
class grouping : public law<R> {
 protected:
  using events = std::vector<event>;

  static task<u64> wait_and_answer(event& until, u64 value, life) {
    co_await until;
    co_return value;
  }
  static task<u64> wait_twice(event& first, event& second, u64 value, life) {
    co_await first;
    co_await second;
    co_return value;
  }
  static std::vector<task<u64>> waiting_tasks(events& all, u64 first, u64 count, lives& living) {
    std::vector<task<u64>> tasks;
    for (u64 i = first; i < first + count; ++i) {
      tasks.push_back(wait_and_answer(all[i], i, life(living)));
    }
    return tasks;
  }

  static task<u64> join_sum(events& all, u64 first, u64 count, lives& living) {
    auto const values = co_await join_all(waiting_tasks(all, first, count, living));
    u64 sum = 0;
    for (u64 value : values) sum += value;
    co_return sum;
  }
  static task<u64> set_sum(events& all, u64 first, u64 count, lives& living) {
    unordered_set<u64> set;
    for (auto& one : waiting_tasks(all, first, count, living)) set.push(std::move(one));
    u64 sum = 0;
    while (auto const value = co_await set.next()) sum += *value;
    co_return sum;
  }
  // Groups inside groups: each wake travels up through all of them.
  static task<u64> nested_sum(events& all, u64 first, u64 count, lives& living) {
    u64 const half = count / 2;
    auto const both = co_await join(set_sum(all, first, half, living),
                                    join_sum(all, first + half, count - half, living));
    co_return std::get<0>(both) + std::get<1>(both);
  }
  static task<u64> race_one(events& all, u64 first, u64 count, lives& living) {
    auto const winner = co_await race_all(waiting_tasks(all, first, count, living));
    co_return winner.value;
  }
  static task<u64> race_of_races(events& all, u64 first, u64 count, lives& living) {
    u64 const half = count / 2;
    auto const winner = co_await race(race_one(all, first, half, living),
                                      race_one(all, first + half, count - half, living));
    co_return winner.index();
  }

  enum class shape { join, set, nested, race, race_of_races };
  static task<u64> run_group(shape as, events& all, u64 first, u64 count, lives& living) {
    switch (as) {
      case shape::join:
        return join_sum(all, first, count, living);
      case shape::set:
        return set_sum(all, first, count, living);
      case shape::nested:
        return nested_sum(all, first, count, living);
      case shape::race:
        return race_one(all, first, count, living);
      case shape::race_of_races:
        return race_of_races(all, first, count, living);
    }
    return {};
  }
  static task<u64> run_groups(R& rt, shape as, events& all, u64 in_group, lives& living) {
    auto groups = spawn_n(rt, all.size() / in_group, [&](u64 i) {
      return run_group(as, all, i * in_group, in_group, living);
    });
    auto const sums = co_await join_all(std::move(groups));
    u64 sum = 0;
    for (u64 one : sums) sum += one;
    co_return sum;
  }

  // Groups of tasks whose events are set by several threads at once, in different orders.
  static u64 run_with_foreign_wakes(R& rt, shape as, u64 members, u64 in_group, lives& living) {
    events all(members);
    u64 const threads = 3;
    std::vector<std::jthread> foreign;
    for (u64 t = 0; t < threads; ++t) {
      foreign.emplace_back([&, t] {
        for (u64 i = 0; i < members; ++i) all[(i * 7 + t * 13) % members].set();
      });
    }
    return rt.block_on(run_groups(rt, as, all, in_group, living));
  }
  static u64 sum_below(u64 end) { return end * (end - 1) / 2; }
};
TYPED_TEST_SUITE_P(grouping);

TYPED_TEST_P(grouping, AJoinHearsEveryMemberThatForeignThreadsWake) {
  with_each<TypeParam>([](auto& rt) {
    lives living;
    u64 const members = often(9'600) / 32 * 32;
    EXPECT_EQ(
        TestFixture::run_with_foreign_wakes(rt, TestFixture::shape::join, members, 32, living),
        TestFixture::sum_below(members));
    expect_nobody_lives(living);
  });
}

TYPED_TEST_P(grouping, AnUnorderedSetAnswersEveryMemberThatForeignThreadsWake) {
  with_each<TypeParam>([](auto& rt) {
    lives living;
    u64 const members = often(9'600) / 32 * 32;
    EXPECT_EQ(TestFixture::run_with_foreign_wakes(rt, TestFixture::shape::set, members, 32, living),
              TestFixture::sum_below(members));
    expect_nobody_lives(living);
  });
}

TYPED_TEST_P(grouping, GroupsInsideGroupsHearEveryMember) {
  with_each<TypeParam>([](auto& rt) {
    lives living;
    u64 const members = often(9'600) / 32 * 32;
    EXPECT_EQ(
        TestFixture::run_with_foreign_wakes(rt, TestFixture::shape::nested, members, 32, living),
        TestFixture::sum_below(members));
    expect_nobody_lives(living);
  });
}

// Losers are cancelled while other threads wake them.
TYPED_TEST_P(grouping, ARaceAnswersOnlyWhenItsLosersAreDead) {
  with_each<TypeParam>([](auto& rt) {
    lives living;
    u64 const members = often(9'600) / 8 * 8;
    for (auto as : {TestFixture::shape::race, TestFixture::shape::race_of_races}) {
      TestFixture::run_with_foreign_wakes(rt, as, members, 8, living);
      expect_nobody_lives(living);
    }
  });
}

REGISTER_TYPED_TEST_SUITE_P(grouping, AJoinHearsEveryMemberThatForeignThreadsWake,
                            AnUnorderedSetAnswersEveryMemberThatForeignThreadsWake,
                            GroupsInsideGroupsHearEveryMember,
                            ARaceAnswersOnlyWhenItsLosersAreDead);

}  // namespace regatta::laws
