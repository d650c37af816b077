// Laws of joining: a joiner answers the value or the exception, whenever and wherever it is
// awaited.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/laws/support/event.hpp"
#include "runtimes/laws/support/law.hpp"
#include "runtimes/laws/support/lives.hpp"

namespace regatta::laws {

template <class R>
class joining : public law<R> {
 protected:
  static task<u64> answer(u64 value) { co_return value; }
  static task<u64> answer_late(R& rt, u64 value) {
    for (int turn = 0; turn < 5; ++turn) co_await rt.yield();
    co_return value;
  }
  static task<u64> fail(std::string why) {
    throw std::runtime_error(why);
    co_return 0;
  }
  static task<u64> fail_late(R& rt, std::string why) {
    for (int turn = 0; turn < 5; ++turn) co_await rt.yield();
    throw std::runtime_error(why);
  }
  static task<void> fail_with_nothing() {
    throw std::runtime_error("nothing");
    co_return;
  }
  static task<std::unique_ptr<u64>> answer_owned(u64 value) {
    co_return std::make_unique<u64>(value);
  }
  static task<std::string> answer_large() { co_return std::string(10'000, 'x'); }

  static task<u64> join_values(R& rt) {
    auto now = rt.spawn(answer(1));
    auto late = rt.spawn(answer_late(rt, 20));
    auto owned = rt.spawn(answer_owned(300));
    auto large = rt.spawn(answer_large());
    u64 sum = co_await late;
    sum += co_await now;
    auto const pointer = co_await owned;
    auto const text = co_await large;
    co_return sum + *pointer + text.size();
  }

  // What a joiner throws, or "".
  template <class T>
  static task<std::string> failure_of(joiner<T> one) {
    try {
      co_await one;
    } catch (std::exception const& error) {
      co_return error.what();
    }
    co_return "";
  }
  static task<std::vector<std::string>> join_failures(R& rt) {
    std::vector<std::string> failures;
    auto now = failure_of(rt.spawn(fail("now")));
    failures.push_back(co_await now);
    auto late = failure_of(rt.spawn(fail_late(rt, "late")));
    failures.push_back(co_await late);
    auto empty = failure_of(rt.spawn(fail_with_nothing()));
    failures.push_back(co_await empty);
    co_return failures;
  }

  // Starts many that fail, looks at none, and goes on.
  static task<u64> ignore_failures(R& rt) {
    for (int i = 0; i < 100; ++i) {
      rt.spawn(fail("nobody listens"));
      rt.spawn(fail_late(rt, "nobody listens"));
    }
    auto last = rt.spawn(answer_late(rt, 7));
    co_return co_await last;
  }

  static task<u64> await_long_after(R& rt) {
    auto early = rt.spawn(answer(5));
    while (!early.is_finished()) co_await rt.yield();
    co_return co_await early;
  }

  static task<u64> wait_then_answer(event& until, u64 value) {
    co_await until;
    co_return value;
  }
  static task<u64> await_it(joiner<u64>& one) { co_return co_await one; }
  static task<u64> await_moved(joiner<u64> one) { co_return co_await one; }

  static task<u64> cancel_then_await_again(R& rt) {
    event go_on;
    auto slow = rt.spawn(wait_then_answer(go_on, 11));
    auto const first = co_await race(await_it(slow), answer_late(rt, 0));
    go_on.set();
    co_return first.index() * 100 + co_await slow;
  }

  // Each task awaits the one before it, so that ends and waits meet in every order.
  static task<u64> one_more_than(joiner<u64> before) {
    u64 const value = co_await before;
    co_return value + 1;
  }
  static task<u64> chain(R& rt, u64 length) {
    auto last = rt.spawn(answer_late(rt, 0));
    for (u64 i = 0; i < length; ++i) last = rt.spawn(one_more_than(std::move(last)));
    co_return co_await last;
  }

  static task<u64> join_one_that_fails(R& rt, lives& all) {
    std::vector<task<u64>> members;
    members.push_back(fail("first"));
    members.push_back(hold(rt, life(all)));
    members.push_back(fail("second"));
    co_await join_all(std::move(members));
    co_return 0;
  }
  static task<u64> hold(R& rt, life) {
    for (int turn = 0; turn < 5; ++turn) co_await rt.yield();
    co_return 1;
  }
};
TYPED_TEST_SUITE_P(joining);

TYPED_TEST_P(joining, AJoinerAnswersTheValue) {
  with_each<TypeParam>(
      [](auto& rt) { EXPECT_EQ(rt.block_on(TestFixture::join_values(rt)), 10'321u); });
}

TYPED_TEST_P(joining, AJoinerThrowsWhatTheTaskThrew) {
  with_each<TypeParam>([](auto& rt) {
    EXPECT_EQ(rt.block_on(TestFixture::join_failures(rt)),
              (std::vector<std::string>{"now", "late", "nothing"}));
  });
}

TYPED_TEST_P(joining, BlockOnThrowsWhatItsTaskThrew) {
  with_each<TypeParam>([](auto& rt) {
    EXPECT_THROW(rt.block_on(TestFixture::fail("now")), std::runtime_error);
    EXPECT_THROW(rt.block_on(TestFixture::fail_late(rt, "late")), std::runtime_error);
    EXPECT_EQ(rt.block_on(TestFixture::answer(3)), 3u);
  });
}

TYPED_TEST_P(joining, ADetachedTaskThatThrowsHurtsNobody) {
  with_each<TypeParam>(
      [](auto& rt) { EXPECT_EQ(rt.block_on(TestFixture::ignore_failures(rt)), 7u); });
}

TYPED_TEST_P(joining, AJoinerMayBeAwaitedLongAfterItsTaskHasEnded) {
  with_each<TypeParam>(
      [](auto& rt) { EXPECT_EQ(rt.block_on(TestFixture::await_long_after(rt)), 5u); });
}

TYPED_TEST_P(joining, ACancelledWaitForAJoinerLeavesTheTaskRunning) {
  with_each<TypeParam>(
      [](auto& rt) { EXPECT_EQ(rt.block_on(TestFixture::cancel_then_await_again(rt)), 111u); });
}

TYPED_TEST_P(joining, AChainOfJoinersPassesItsValueOn) {
  with_each<TypeParam>([](auto& rt) {
    u64 const length = tasks_for<TypeParam>(often(20'000));
    EXPECT_EQ(rt.block_on(TestFixture::chain(rt, length)), length);
  });
}

TYPED_TEST_P(joining, AJoinWaitsForAllBeforeItRethrowsTheFirstFailure) {
  with_each<TypeParam>([](auto& rt) {
    lives all;
    try {
      rt.block_on(TestFixture::join_one_that_fails(rt, all));
      ADD_FAILURE() << "the join threw nothing";
    } catch (std::runtime_error const& error) {
      EXPECT_STREQ(error.what(), "first");
    }
    expect_nobody_lives(all);
  });
}

// The joiner's task waits in one runtime, on one thread, for a task of another.
TYPED_TEST_P(joining, AJoinerMayBeAwaitedByATaskOfAnotherRuntime) {
  with_each<TypeParam>([](auto& rt) {
    TypeParam other(runtime_options{});
    for (u64 round = 0; round < often(500); ++round) {
      event start;
      event end;
      auto slow = rt.spawn(TestFixture::wait_then_answer(start, round));
      std::jthread const driver([&] { rt.block_on(wait_for(end)); });
      start.set();
      EXPECT_EQ(other.block_on(TestFixture::await_moved(std::move(slow))), round);
      end.set();
    }
  });
}

REGISTER_TYPED_TEST_SUITE_P(joining, AJoinerAnswersTheValue, AJoinerThrowsWhatTheTaskThrew,
                            BlockOnThrowsWhatItsTaskThrew, ADetachedTaskThatThrowsHurtsNobody,
                            AJoinerMayBeAwaitedLongAfterItsTaskHasEnded,
                            ACancelledWaitForAJoinerLeavesTheTaskRunning,
                            AChainOfJoinersPassesItsValueOn,
                            AJoinWaitsForAllBeforeItRethrowsTheFirstFailure,
                            AJoinerMayBeAwaitedByATaskOfAnotherRuntime);

}  // namespace regatta::laws
