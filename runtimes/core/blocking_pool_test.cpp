#include "runtimes/core/blocking_pool.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "runtimes/core/blocking_thread.hpp"
#include "runtimes/core/test_loop.hpp"
#include "runtimes/interface/join.hpp"
#include "runtimes/interface/race.hpp"

namespace regatta::core {
namespace {

using loop = test_loop<one_thread>;

template <class F>
task<std::invoke_result_t<F&>> run_on(blocking_pool& pool, F function) {
  blocking_operation<F> operation(pool, std::move(function));
  co_return co_await operation;
}
task<void> yields(loop& rt, int times) {
  for (int i = 0; i < times; ++i) co_await rt.yield();
}

TEST(BlockingPool, AnswersWhatTheFunctionReturnedOnAnotherThread) {
  blocking_pool pool;
  EXPECT_EQ(pool.threads(), 0u) << "no job, no thread";
  loop rt;
  auto const ran_on = rt.block_on(run_on(pool, [] { return std::this_thread::get_id(); }));
  EXPECT_NE(ran_on, std::this_thread::get_id());
  EXPECT_EQ(pool.threads(), 1u);
  EXPECT_EQ(*rt.block_on(run_on(pool, [] { return std::make_unique<int>(7); })), 7);
  int done = 0;
  rt.block_on(run_on(pool, [&done] { ++done; }));
  EXPECT_EQ(done, 1);
  // More than one where a thread had posted its answer but was not idle again yet.
  for (int i = 0; i < 97; ++i) rt.block_on(run_on(pool, [&done] { ++done; }));
  EXPECT_EQ(done, 98);
  EXPECT_LT(pool.threads(), 50u) << "an idle thread is used again";
}

TEST(BlockingPool, ItsThreadsBearTheNameOfThoseThatRunNoTask) {
  blocking_pool pool;
  loop rt;
  auto const name = rt.block_on(run_on(pool, [] {
    std::array<char, 16> given{};
    ::pthread_getname_np(::pthread_self(), given.data(), given.size());
    return std::string(given.data());
  }));
  EXPECT_EQ(name, blocking_thread_name);
}

TEST(BlockingPool, CarriesTheException) {
  blocking_pool pool;
  loop rt;
  EXPECT_THROW(rt.block_on(run_on(pool, []() -> int { throw std::runtime_error("no"); })),
               std::runtime_error);
}

TEST(BlockingPool, StartsAThreadForEachJobThatFindsNoneIdle) {
  blocking_pool pool;
  loop rt;
  // Passes only if four jobs run at once.
  std::latch together(4);
  std::vector<task<void>> jobs;
  for (int i = 0; i < 4; ++i) {
    jobs.push_back(run_on(pool, [&together] { together.arrive_and_wait(); }));
  }
  rt.block_on(join_all(std::move(jobs)));
  EXPECT_EQ(pool.threads(), 4u);
}

TEST(BlockingPool, KeepsToItsLimitAndStillRunsEverything) {
  blocking_pool pool({.most_threads = 2, .keep_alive = std::chrono::seconds(10)});
  loop rt;
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::vector<task<void>> jobs;
  for (int i = 0; i < 50; ++i) {
    jobs.push_back(run_on(pool, [&] {
      int const now = ++running;
      int seen = most.load();
      while (seen < now && !most.compare_exchange_weak(seen, now)) {
      }
      std::this_thread::yield();
      --running;
    }));
  }
  rt.block_on(join_all(std::move(jobs)));
  EXPECT_LE(most.load(), 2);
  EXPECT_EQ(pool.threads(), 2u);
}

TEST(BlockingPool, IdleThreadsEnd) {
  blocking_pool pool({.most_threads = 4, .keep_alive = std::chrono::milliseconds(1)});
  loop rt;
  rt.block_on(run_on(pool, [] {}));
  while (pool.threads() != 0) std::this_thread::yield();
  // And others are started in their place.
  EXPECT_EQ(rt.block_on(run_on(pool, [] { return 1; })), 1);
}

TEST(BlockingPool, AJobWhoseWaiterWasCancelledRunsOn) {
  auto const alive = std::make_shared<int>(0);
  std::atomic<bool> began{false};
  std::atomic<bool> may_end{false};
  std::atomic<bool> ended{false};
  loop rt;
  {
    blocking_pool pool;
    auto job = run_on(pool, [&began, &may_end, &ended, alive] {
      began.store(true);
      while (!may_end.load()) std::this_thread::yield();
      ended.store(true);
      return std::string(100, 'x');
    });
    auto const first = rt.block_on(race(std::move(job), yields(rt, 3)));
    EXPECT_EQ(first.index(), 1u);
    while (!began.load()) std::this_thread::yield();
    EXPECT_FALSE(ended.load());
    may_end.store(true);
  }  // Waits for it.
  EXPECT_TRUE(ended.load());
  EXPECT_EQ(alive.use_count(), 1) << "the job's state is gone";
}

TEST(BlockingPool, CancelledAndFinishingAtTheSameTimeIsNoRace) {
  blocking_pool pool;
  loop rt;
  for (int turn = 0; turn < 1'000; ++turn) {
    auto job = run_on(pool, [] { return std::string(100, 'x'); });
    auto const first = rt.block_on(race(std::move(job), yields(rt, turn % 50)));
    if (first.index() == 0) {
      EXPECT_EQ(std::get<0>(first).size(), 100u);
    }
  }
}

TEST(BlockingPool, ShuttingDownAbandonsWhatHasNotBegun) {
  auto const alive = std::make_shared<int>(0);
  blocking_pool pool({.most_threads = 1, .keep_alive = std::chrono::seconds(10)});
  loop rt;
  std::atomic<bool> began{false};
  std::atomic<bool> may_end{false};
  auto running = rt.spawn(run_on(pool, [&] {
    began.store(true);
    while (!may_end.load()) std::this_thread::yield();
  }));
  std::atomic<int> ran{0};
  for (int i = 0; i < 10; ++i) {
    rt.spawn(run_on(pool, [&ran, alive] { ++ran; })).detach();
  }
  while (!began.load()) rt.block_on(yields(rt, 1));
  rt.block_on(yields(rt, 1));
  std::thread releaser([&] { may_end.store(true); });
  pool.shut_down();
  releaser.join();
  EXPECT_EQ(pool.threads(), 0u);
  EXPECT_LE(ran.load(), 10);
  EXPECT_THROW(rt.block_on(run_on(pool, [] {})), std::system_error);
}

}  // namespace
}  // namespace regatta::core
