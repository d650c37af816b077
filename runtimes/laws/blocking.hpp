// Laws of run_blocking(): it keeps a thread of its own busy, and no task waiting but its own.
#pragma once

#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/laws/support/event.hpp"
#include "runtimes/laws/support/law.hpp"
#include "runtimes/laws/support/lives.hpp"

namespace regatta::laws {

template <class R>
class blocking : public law<R> {
 protected:
  static task<u64> answer(R& rt, u64 value) {
    auto call = rt.run_blocking([value] { return value; });
    co_return co_await call;
  }
  static task<std::string> failure(R& rt) {
    auto call = rt.run_blocking([]() -> int { throw std::runtime_error("blocked in vain"); });
    try {
      co_await call;
    } catch (std::runtime_error const& error) {
      co_return error.what();
    }
    co_return "";
  }
  static task<u64> answer_many(R& rt, u64 calls) {
    auto all = spawn_n(rt, calls, [&](u64 i) { return answer(rt, i); });
    auto const values = co_await join_all(std::move(all));
    u64 sum = 0;
    for (u64 value : values) sum += value;
    co_return sum;
  }

  // The call ends only when a task has run.
  static task<void> wait_for_a_task(R& rt) {
    std::atomic<bool> raised = false;
    auto raising = rt.spawn(raise(raised));
    auto call = rt.run_blocking([&] {
      backoff pause;
      while (!raised) pause.wait();
    });
    co_await call;
    co_await raising;
  }
  static task<void> raise(std::atomic<bool>& flag) {
    flag = true;
    co_return;
  }

  // Calls that wait for each other need a thread each.
  static task<void> meet(R& rt, std::latch& all) {
    auto call = rt.run_blocking([&] { all.arrive_and_wait(); });
    co_await call;
  }
  static task<void> meet_together(R& rt, std::ptrdiff_t calls) {
    std::latch all(calls);
    auto meeting = spawn_n(rt, static_cast<u64>(calls), [&](u64) { return meet(rt, all); });
    co_await join_all(std::move(meeting));
  }

  static task<void> hold_until(R& rt, std::shared_ptr<std::latch> released, life one) {
    auto call = rt.run_blocking([released, one] { released->wait(); });
    co_await call;
  }
  static task<void> give_way(R& rt) {
    for (int turn = 0; turn < 3; ++turn) co_await rt.yield();
  }
  static task<u64> cancel_a_call(R& rt, lives& all) {
    auto const released = std::make_shared<std::latch>(1);
    auto const first = co_await race(hold_until(rt, released, life(all)), give_way(rt));
    released->count_down();
    co_return first.index();
  }

  static task<void> count_and_arrive(std::atomic<u64>& runs, latch& all) {
    ++runs;
    all.arrive();
    co_return;
  }
  static task<u64> spawn_from_a_call(R& rt, u64 tasks) {
    std::atomic<u64> runs = 0;
    latch all(tasks);
    auto call = rt.run_blocking([&] {
      for (u64 i = 0; i < tasks; ++i) rt.spawn(count_and_arrive(runs, all));
    });
    co_await call;
    co_await all;
    co_return runs.load();
  }
};
TYPED_TEST_SUITE_P(blocking);

TYPED_TEST_P(blocking, ACallAnswersItsValueOrThrows) {
  with_each_blocking<TypeParam>([](auto& rt) {
    EXPECT_EQ(rt.block_on(TestFixture::answer(rt, 5)), 5u);
    EXPECT_EQ(rt.block_on(TestFixture::failure(rt)), "blocked in vain");
    u64 const calls = sized(200, 20);
    EXPECT_EQ(rt.block_on(TestFixture::answer_many(rt, calls)), calls * (calls - 1) / 2);
  });
}

TYPED_TEST_P(blocking, TasksRunWhileACallBlocks) {
  with_each_blocking<TypeParam>([](auto& rt) { rt.block_on(TestFixture::wait_for_a_task(rt)); });
}

TYPED_TEST_P(blocking, CallsThatWaitForEachOtherAllEnd) {
  with_each_blocking<TypeParam>([](auto& rt) { rt.block_on(TestFixture::meet_together(rt, 24)); });
}

TYPED_TEST_P(blocking, ACancelledCallRunsOnAndHurtsNobody) {
  lives all;
  with_each_blocking<TypeParam>([&](auto& rt) {
    for (u64 round = 0; round < sized(20, 2); ++round) {
      EXPECT_EQ(rt.block_on(TestFixture::cancel_a_call(rt, all)), 1u);
    }
  });
  expect_nobody_lives(all);
}

TYPED_TEST_P(blocking, TasksMayBeSpawnedFromACall) {
  with_each_blocking<TypeParam>(
      [](auto& rt) { EXPECT_EQ(rt.block_on(TestFixture::spawn_from_a_call(rt, 1'000)), 1'000u); });
}

TYPED_TEST_P(blocking, ARuntimeThatIsDestroyedWaitsForItsCalls) {
  lives all;
  with_each_blocking<TypeParam>([&](auto& rt) {
    auto const released = std::make_shared<std::latch>(1);
    for (int i = 0; i < 4; ++i) rt.spawn(TestFixture::hold_until(rt, released, life(all)));
    rt.block_on(TestFixture::give_way(rt));
    // Not before the runtime begins to die, as often as not.
    std::thread([released] {
      for (int turn = 0; turn < 100; ++turn) std::this_thread::yield();
      released->count_down();
    }).detach();
  });
  expect_nobody_lives(all);
}

REGISTER_TYPED_TEST_SUITE_P(blocking, ACallAnswersItsValueOrThrows, TasksRunWhileACallBlocks,
                            CallsThatWaitForEachOtherAllEnd, ACancelledCallRunsOnAndHurtsNobody,
                            TasksMayBeSpawnedFromACall, ARuntimeThatIsDestroyedWaitsForItsCalls);

}  // namespace regatta::laws
