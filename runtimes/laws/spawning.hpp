// Laws of spawning: what is spawned runs exactly once, from wherever it was spawned.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "runtimes/laws/support/event.hpp"
#include "runtimes/laws/support/law.hpp"

namespace regatta::laws {

template <class R>
class spawning : public law<R> {
 protected:
  using counts = std::vector<std::atomic<u32>>;

  static task<void> count(std::atomic<u32>& runs) {
    ++runs;
    co_return;
  }
  static task<void> spawn_counting(R& rt, counts& runs, u64 first, u64 end) {
    auto joiners = spawn_n(rt, end - first, [&](u64 i) { return count(runs[first + i]); });
    co_await join_all(std::move(joiners));
  }
  static task<void> spawn_and_let_go(R& rt, counts& runs) {
    for (auto& of_one : runs) rt.spawn(count(of_one));
    for (auto& of_one : runs) {
      while (of_one == 0) co_await rt.yield();
    }
  }

  // A tree of spawns whose leaves count: each node spawns its children from inside a task.
  static task<void> spawn_tree(R& rt, counts& runs, u64 first, u64 end) {
    if (end - first == 1) {
      ++runs[first];
      co_return;
    }
    u64 const middle = first + (end - first) / 2;
    auto left = rt.spawn(spawn_tree(rt, runs, first, middle));
    auto right = rt.spawn(spawn_tree(rt, runs, middle, end));
    co_await left;
    co_await right;
  }

  // Each link spawns the next and ends. The last sets the event.
  static task<void> spawn_chain(R& rt, u64 links, event& last) {
    if (links == 0) {
      last.set();
    } else {
      rt.spawn(spawn_chain(rt, links - 1, last));
    }
    co_return;
  }
  static task<void> run_chain(R& rt, u64 links) {
    event last;
    rt.spawn(spawn_chain(rt, links, last));
    co_await last;
  }

  static task<void> count_and_arrive(std::atomic<u32>& runs, latch& all) {
    ++runs;
    all.arrive();
    co_return;
  }

  static void expect_each_ran_once(counts const& runs) {
    u64 wrong = 0;
    for (auto const& of_one : runs) wrong += of_one != 1;
    EXPECT_EQ(wrong, 0u) << "of " << runs.size() << " tasks did not run exactly once";
  }
};
TYPED_TEST_SUITE_P(spawning);

TYPED_TEST_P(spawning, CallingATaskRunsNothing) {
  with_each<TypeParam>([](auto& rt) {
    std::atomic<u32> runs = 0;
    auto made = TestFixture::count(runs);
    rt.block_on(TestFixture::run_chain(rt, 100));
    EXPECT_EQ(runs, 0u);
    rt.block_on(std::move(made));
    EXPECT_EQ(runs, 1u);
  });
}

TYPED_TEST_P(spawning, EachTaskRunsExactlyOnce) {
  with_each<TypeParam>([](auto& rt) {
    typename TestFixture::counts runs(tasks_for<TypeParam>(sized(10'000, 500)));
    rt.block_on(TestFixture::spawn_counting(rt, runs, 0, runs.size()));
    TestFixture::expect_each_ran_once(runs);
  });
}

TYPED_TEST_P(spawning, ATaskRunsThoughNobodyAwaitsIt) {
  with_each<TypeParam>([](auto& rt) {
    typename TestFixture::counts runs(1'000);
    rt.block_on(TestFixture::spawn_and_let_go(rt, runs));
    TestFixture::expect_each_ran_once(runs);
  });
}

TYPED_TEST_P(spawning, TasksSpawnedByTasksRunExactlyOnce) {
  with_each<TypeParam>([](auto& rt) {
    typename TestFixture::counts runs(tasks_for<TypeParam>(sized(1 << 13, 1 << 8)));
    rt.block_on(TestFixture::spawn_tree(rt, runs, 0, runs.size()));
    TestFixture::expect_each_ran_once(runs);
  });
}

TYPED_TEST_P(spawning, TasksSpawnedBeforeAnybodyDrivesRunAsSoonAsSomebodyDoes) {
  with_each<TypeParam>([](auto& rt) {
    typename TestFixture::counts runs(1'000);
    latch all(runs.size());
    for (auto& of_one : runs) rt.spawn(TestFixture::count_and_arrive(of_one, all));
    rt.block_on(wait_for(all));
    rt.block_on(TestFixture::run_chain(rt, 1'000));
    TestFixture::expect_each_ran_once(runs);
  });
}

// The runtime has nothing to do and is parked, or about to, whenever one of these arrives.
TYPED_TEST_P(spawning, TasksSpawnedByAForeignThreadWakeAnIdleRuntime) {
  with_each<TypeParam>([](auto& rt) {
    typename TestFixture::counts runs(tasks_for<TypeParam>(often(5'000)));
    event done;
    std::jthread const foreign([&] {
      for (auto& of_one : runs) {
        rt.spawn(TestFixture::count(of_one));
        while (of_one == 0) std::this_thread::yield();
      }
      done.set();
    });
    rt.block_on(wait_for(done));
    TestFixture::expect_each_ran_once(runs);
  });
}

TYPED_TEST_P(spawning, TasksSpawnedByManyThreadsAtOnceRunExactlyOnce) {
  with_each<TypeParam>([](auto& rt) {
    u64 const threads = 4;
    u64 const each = tasks_for<TypeParam>(often(10'000) * threads) / threads;
    typename TestFixture::counts runs(threads * each);
    latch all(runs.size());
    std::vector<std::jthread> foreign;
    for (u64 t = 0; t < threads; ++t) {
      foreign.emplace_back([&, t] {
        for (u64 i = t * each; i < (t + 1) * each; ++i) {
          rt.spawn(TestFixture::count_and_arrive(runs[i], all));
        }
      });
    }
    rt.block_on(wait_for(all));
    rt.block_on(TestFixture::run_chain(rt, 1'000));
    TestFixture::expect_each_ran_once(runs);
  });
}

TYPED_TEST_P(spawning, AMillionLinkedSpawnsDoNotDeepenTheStack) {
  with_each<TypeParam>([](auto& rt) {
    rt.block_on(TestFixture::run_chain(rt, tasks_for<TypeParam>(often(1'000'000))));
  });
}

REGISTER_TYPED_TEST_SUITE_P(spawning, CallingATaskRunsNothing, EachTaskRunsExactlyOnce,
                            ATaskRunsThoughNobodyAwaitsIt, TasksSpawnedByTasksRunExactlyOnce,
                            TasksSpawnedBeforeAnybodyDrivesRunAsSoonAsSomebodyDoes,
                            TasksSpawnedByAForeignThreadWakeAnIdleRuntime,
                            TasksSpawnedByManyThreadsAtOnceRunExactlyOnce,
                            AMillionLinkedSpawnsDoNotDeepenTheStack);

}  // namespace regatta::laws
