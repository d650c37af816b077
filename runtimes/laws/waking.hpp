// Laws of waking: a wake from any thread reaches its task, once, however near it comes to the
// moment in which the runtime falls asleep.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/laws/support/event.hpp"
#include "runtimes/laws/support/law.hpp"

namespace regatta::laws {

template <class R>
class waking : public law<R> {
 protected:
  using events = std::vector<event>;

  // Says before each wait that it is about to begin.
  static task<u64> answer_calls(events& calls, std::atomic<u64>& awaited) {
    u64 answered = 0;
    for (auto& call : calls) {
      awaited.store(answered + 1);
      co_await call;
      ++answered;
    }
    co_return answered;
  }
  // Sets each event after a delay that differs from round to round, so that over many rounds the
  // wake falls into every moment of the runtime's way to sleep.
  static void call(events& calls, std::atomic<u64>& awaited) {
    for (u64 round = 0; round < calls.size(); ++round) {
      backoff pause;
      while (awaited.load() != round + 1) pause.wait();
      for (u64 delay = 0; delay < round * 7 % 500; ++delay) cpu_relax();
      calls[round].set();
    }
  }

  static task<void> wait_in_turn(events& all, u64 first, u64 step) {
    for (u64 i = first; i < all.size(); i += step) co_await all[i];
  }
  static task<void> wait_for_all(R& rt, events& all, u64 tasks) {
    auto waiting = spawn_n(rt, tasks, [&](u64 i) { return wait_in_turn(all, i, tasks); });
    co_await join_all(std::move(waiting));
  }

  static task<void> set_in_turn(events& all, u64 first, u64 step) {
    for (u64 i = first; i < all.size(); i += step) all[i].set();
    co_return;
  }
  static task<void> wait_and_set(R& rt, events& all, u64 tasks) {
    auto waiting = rt.spawn(wait_for_all(rt, all, tasks));
    auto setting = spawn_n(rt, tasks, [&](u64 i) { return set_in_turn(all, i, tasks); });
    co_await waiting;
    co_await join_all(std::move(setting));
  }

  // Keeps its worker until another task of the runtime has run.
  static task<void> keep_worker_until(std::atomic<bool>& reached) {
    backoff pause;
    while (!reached) pause.wait();
    co_return;
  }
  static task<void> reach(std::atomic<bool>& reached) {
    reached = true;
    co_return;
  }
  static task<void> spawn_and_keep_worker(R& rt) {
    std::atomic<bool> reached = false;
    auto other = rt.spawn(reach(reached));
    auto keep = keep_worker_until(reached);
    co_await keep;
    co_await other;
  }
};
TYPED_TEST_SUITE_P(waking);

TYPED_TEST_P(waking, AWakeFromAForeignThreadReachesARuntimeOnItsWayToSleep) {
  with_each<TypeParam>([](auto& rt) {
    typename TestFixture::events calls(often(5'000));
    std::atomic<u64> awaited = 0;
    std::jthread const foreign([&] { TestFixture::call(calls, awaited); });
    EXPECT_EQ(rt.block_on(TestFixture::answer_calls(calls, awaited)), calls.size());
  });
}

// Certain of the sleep, where the runtime counts its parks and another thread may look at them.
TYPED_TEST_P(waking, AWakeFromAForeignThreadReachesAParkedRuntime) {
  with_each_counted<TypeParam>([](auto& rt) {
    auto const has_parked_since = [&](u64 parks_before) {
      if constexpr (TypeParam::threading::single) return true;
      return rt.counters().parks != parks_before;
    };
    for (u64 round = 0; round < sized(20, 4); ++round) {
      event call;
      u64 const parks_before = rt.counters().parks;
      std::jthread const foreign([&] {
        while (!call.has_waiter() || !has_parked_since(parks_before)) std::this_thread::yield();
        call.set();
      });
      rt.block_on(wait_for(call));
    }
  });
}

TYPED_TEST_P(waking, WakesFromManyThreadsReachManyTasks) {
  with_each<TypeParam>([](auto& rt) {
    u64 const threads = 4;
    typename TestFixture::events all(often(20'000));
    std::vector<std::jthread> foreign;
    for (u64 t = 0; t < threads; ++t) {
      foreign.emplace_back([&, t] {
        for (u64 i = t; i < all.size(); i += threads) all[i].set();
      });
    }
    rt.block_on(TestFixture::wait_for_all(rt, all, 50));
  });
}

TYPED_TEST_P(waking, WakesFromTasksReachTasks) {
  with_each<TypeParam>([](auto& rt) {
    typename TestFixture::events all(often(20'000));
    rt.block_on(TestFixture::wait_and_set(rt, all, 50));
  });
}

// One worker is lost to a task that never lets go; another must run what that task has spawned.
TYPED_TEST_P(waking, ATaskThatKeepsItsWorkerDoesNotKeepWhatItSpawnedFromRunning) {
  if constexpr (TypeParam::threading::single) {
    GTEST_SKIP() << TypeParam::info().name << " has one worker";
  } else {
    TypeParam rt(runtime_options{.threads = 2});
    for (int round = 0; round < 20; ++round) {
      rt.block_on(TestFixture::spawn_and_keep_worker(rt));
    }
  }
}

REGISTER_TYPED_TEST_SUITE_P(waking, AWakeFromAForeignThreadReachesARuntimeOnItsWayToSleep,
                            AWakeFromAForeignThreadReachesAParkedRuntime,
                            WakesFromManyThreadsReachManyTasks, WakesFromTasksReachTasks,
                            ATaskThatKeepsItsWorkerDoesNotKeepWhatItSpawnedFromRunning);

}  // namespace regatta::laws
