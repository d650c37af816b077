#include "runtimes/core/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/runtime.hpp"

namespace regatta::core {
namespace {

using namespace std::chrono_literals;
using wheel = timer_wheel<no_lock>;
using shared_wheel = timer_wheel<spin_lock>;

struct nobody final : executor_base {
  void post(work&) noexcept override {}
};

// A timer and the work that it wakes.
template <class Wheel>
struct alarm : work {
  alarm(executor_base& where, time_point at) : deadline(at), timer(at) { executor = &where; }
  time_point deadline;
  typename Wheel::timer timer;
};

constexpr time_point start{std::chrono::hours(1000)};

class TimerWheel : public ::testing::Test {
 protected:
  alarm<wheel>& set(time_point deadline) {
    auto& made = *alarms_.emplace_back(std::make_unique<alarm<wheel>>(nobody_, deadline));
    wheel_.insert(made.timer, made);
    return made;
  }
  // The deadlines of what fires, in order.
  std::vector<time_point> fired_by(time_point now) {
    std::vector<time_point> fired;
    wheel_.advance(now, [&](work& w) { fired.push_back(static_cast<alarm<wheel>&>(w).deadline); });
    return fired;
  }

  nobody nobody_;
  wheel wheel_{start};
  std::vector<std::unique_ptr<alarm<wheel>>> alarms_;
};

TEST_F(TimerWheel, NeverFiresEarlyAndAtMostATickLate) {
  set(start + 1ms);
  EXPECT_TRUE(fired_by(start + 1ms - 1ns).empty());
  EXPECT_EQ(fired_by(start + 1ms + wheel::tick).size(), 1u);
  EXPECT_EQ(wheel_.size(), 0u);
}

TEST_F(TimerWheel, ADeadlineThatHasPassedIsDueAtOnce) {
  alarm<wheel> late(nobody_, start - 1s);
  EXPECT_EQ(wheel_.insert(late.timer, late), wheel::insertion::due);
  alarm<wheel> ancient(nobody_, time_point::min());
  EXPECT_EQ(wheel_.insert(ancient.timer, ancient), wheel::insertion::due);
  EXPECT_FALSE(late.timer.cancel());
}

TEST_F(TimerWheel, FiresInTheOrderOfDeadlinesHoweverLateItIsAsked) {
  std::vector<duration> const delays{3h, 5ms, 1s, 20ms, 70s, 400ms, 2h, 9min};
  for (auto delay : delays) set(start + delay);
  auto const fired = fired_by(start + 24h);
  ASSERT_EQ(fired.size(), delays.size());
  EXPECT_TRUE(std::is_sorted(fired.begin(), fired.end()));
}

TEST_F(TimerWheel, KnowsTheNextDeadlineExactlyAcrossLevels) {
  EXPECT_EQ(wheel_.next_deadline(), time_point::max());
  for (duration delay : std::vector<duration>{20h, 3h, 70s, 1s, 20ms, 1ms}) {
    set(start + delay);
    auto const next = wheel_.next_deadline();
    EXPECT_GE(next, start + delay);
    EXPECT_LE(next, start + delay + wheel::tick);
  }
}

TEST_F(TimerWheel, SaysWhenASleeperMustBeWokenSooner) {
  alarm<wheel> first(nobody_, start + 1s);
  EXPECT_EQ(wheel_.insert(first.timer, first), wheel::insertion::sooner);
  alarm<wheel> later(nobody_, start + 2s);
  EXPECT_EQ(wheel_.insert(later.timer, later), wheel::insertion::queued);
  wheel_.next_deadline();
  alarm<wheel> sooner(nobody_, start + 10ms);
  EXPECT_EQ(wheel_.insert(sooner.timer, sooner), wheel::insertion::sooner);
}

TEST_F(TimerWheel, HoldsTheFarthestDeadlineThereIs) {
  auto& forever = set(time_point::max());
  EXPECT_TRUE(fired_by(start + 24h * 365 * 100).empty());
  EXPECT_GT(wheel_.next_deadline(), start + 24h * 365 * 200);
  EXPECT_TRUE(forever.timer.cancel());
  EXPECT_EQ(wheel_.next_deadline(), time_point::max());
}

TEST_F(TimerWheel, PassesEveryBoundaryOfEveryLevel) {
  // Just before, at and just after each multiple of 64 ticks, 64² ticks and so on.
  wheel fresh{time_point{}};
  std::vector<std::unique_ptr<alarm<wheel>>> alarms;
  std::multimap<time_point, bool> expected;
  for (u32 level = 1; level < 7; ++level) {
    for (i64 around : {-2, -1, 0, 1, 2}) {
      auto const at =
          time_point(wheel::tick * ((i64{1} << 6 * level) * (i64{60} + level) + around));
      alarms.push_back(std::make_unique<alarm<wheel>>(nobody_, at));
      fresh.insert(alarms.back()->timer, *alarms.back());
      expected.emplace(at, true);
    }
  }
  while (!expected.empty()) {
    auto const next = fresh.next_deadline();
    ASSERT_EQ(next, expected.begin()->first);
    EXPECT_EQ(fresh.advance(next - 1ns, [](work&) { FAIL() << "early"; }), 0u);
    EXPECT_EQ(fresh.advance(next, [](work&) {}), 1u);
    expected.erase(expected.begin());
  }
}

TEST_F(TimerWheel, ASinkMayCancelAndInsert) {
  auto& first = set(start + 1ms);
  auto& victim = set(start + 3ms);
  std::unique_ptr<alarm<wheel>> made;
  std::vector<work*> fired;
  wheel_.advance(start + 2ms, [&](work& w) {
    fired.push_back(&w);
    EXPECT_TRUE(victim.timer.cancel());
    made = std::make_unique<alarm<wheel>>(nobody_, start + 4ms);
    wheel_.insert(made->timer, *made);
  });
  EXPECT_EQ(fired, std::vector<work*>{&first});
  fired.clear();
  wheel_.advance(start + 10ms, [&](work& w) { fired.push_back(&w); });
  EXPECT_EQ(fired, std::vector<work*>{made.get()});
}

TEST_F(TimerWheel, ATimerThatIsDestroyedDoesNotFire) {
  {
    alarm<wheel> gone(nobody_, start + 1ms);
    wheel_.insert(gone.timer, gone);
    EXPECT_EQ(wheel_.size(), 1u);
  }
  EXPECT_TRUE(fired_by(start + 1h).empty());
}

// Random times, cancellations and steps, against an ordered map.
void agree_with_oracle(u64 seed, u64 operations, duration longest_delay, duration longest_step) {
  std::mt19937_64 random(seed);
  nobody where;
  time_point now = start;
  wheel under_test{now};
  std::multimap<time_point, alarm<wheel>*> oracle;
  std::deque<alarm<wheel>> alarms;
  auto up_to = [&](duration longest) {
    // Each order of magnitude equally often.
    auto const bits = random() % static_cast<u64>(std::bit_width(u64(longest.count())));
    return duration(static_cast<i64>(random() % (u64{2} << bits)));
  };
  for (u64 i = 0; i < operations; ++i) {
    auto const choice = random() % 16;
    if (choice < 11) {
      auto const deadline = now + up_to(longest_delay);
      auto& made = alarms.emplace_back(where, deadline);
      auto const answer = under_test.insert(made.timer, made);
      if (answer != wheel::insertion::due) {
        oracle.emplace(deadline, &made);
      } else {
        ASSERT_LE(deadline, now);
      }
    } else if (choice < 14 && !alarms.empty()) {
      auto& one = alarms[random() % alarms.size()];
      auto [begin, end] = oracle.equal_range(one.deadline);
      auto const found =
          std::find_if(begin, end, [&](auto const& entry) { return entry.second == &one; });
      ASSERT_EQ(one.timer.cancel(), found != end);
      if (found != end) oracle.erase(found);
    } else {
      now += up_to(longest_step);
      time_point latest{};
      u64 const fired = under_test.advance(now, [&](work& w) {
        auto& one = static_cast<alarm<wheel>&>(w);
        one.timer.settle();
        ASSERT_LE(one.deadline, now);
        ASSERT_GE(one.deadline + wheel::tick, latest) << "out of order";
        latest = std::max(latest, one.deadline);
        auto [begin, end] = oracle.equal_range(one.deadline);
        auto const found =
            std::find_if(begin, end, [&](auto const& entry) { return entry.second == &one; });
        ASSERT_NE(found, end) << "fired twice, or after it was cancelled";
        oracle.erase(found);
      });
      ASSERT_EQ(fired > 0, latest > time_point{});
      // What the oracle still holds is at most a tick overdue.
      ASSERT_TRUE(oracle.empty() || oracle.begin()->first + wheel::tick > now);
    }
    ASSERT_EQ(under_test.size(), oracle.size());
  }
}

TEST(TimerWheelOracle, AgreesOverAMillionTimers) {
  agree_with_oracle(1, 1'400'000, 24h * 365, 10s);
}
TEST(TimerWheelOracle, AgreesWhereAllIsNear) {
  for (u64 seed = 0; seed < 20; ++seed) agree_with_oracle(seed, 10'000, 10ms, 200us);
}
TEST(TimerWheelOracle, AgreesWhereStepsAreLong) {
  for (u64 seed = 0; seed < 20; ++seed) agree_with_oracle(seed, 10'000, 1h, 24h);
}

// Threads.

TEST(SharedTimerWheel, EveryTimerFiresOnceOrIsCancelledOnce) {
  constexpr u32 inserters = 3;
  constexpr u32 timers_each = REGATTA_THREAD_SANITIZER ? 20'000 : 100'000;
  struct counted_alarm : alarm<shared_wheel> {
    using alarm::alarm;
    std::atomic<u32> fired{0};
  };
  nobody where;
  shared_wheel under_test;
  std::atomic<u64> fired{0};
  std::atomic<u64> cancelled{0};
  std::atomic<bool> stopping{false};
  auto const fire_due = [&](time_point now) {
    fired += under_test.advance(now, [](work& w) { ++static_cast<counted_alarm&>(w).fired; });
  };
  std::vector<std::thread> advancers;
  for (int i = 0; i < 2; ++i) {
    advancers.emplace_back([&] {
      while (!stopping) {
        fire_due(clock::now());
        under_test.next_deadline();
      }
    });
  }
  std::vector<std::deque<counted_alarm>> alarms(inserters);
  std::vector<std::thread> threads;
  std::atomic<u64> due{0};
  for (u32 t = 0; t < inserters; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(t);
      auto& own = alarms[t];
      for (u32 i = 0; i < timers_each; ++i) {
        auto const delay = duration(static_cast<i64>(random() % (u64{1} << random() % 28)));
        auto& made = own.emplace_back(where, clock::now() + delay);
        if (under_test.insert(made.timer, made) == shared_wheel::insertion::due) ++due;
        if (random() % 2 == 0) {
          if (own[random() % own.size()].timer.cancel()) ++cancelled;
        }
      }
    });
  }
  for (auto& one : threads) one.join();
  stopping = true;
  for (auto& one : advancers) one.join();
  fire_due(clock::now() + 1h);
  EXPECT_EQ(under_test.size(), 0u);
  EXPECT_EQ(fired + cancelled + due, u64{inserters} * timers_each);
  for (auto& own : alarms) {
    for (auto& one : own) EXPECT_LE(one.fired, 1u);
  }
}

// As little of a runtime as can sleep: the calling thread runs tasks and advances the wheel.
template <class Threading>
class sleeping_runtime final : public runtime_defaults<sleeping_runtime<Threading>> {
 public:
  using threading = Threading;
  using wheel_type = timer_wheel<typename Threading::lock>;
  explicit sleeping_runtime(runtime_options = {}) {}
  ~sleeping_runtime() { this->destroy_roots(); }

  static runtime_info info() { return {"sleeping", "0", "single-threaded", "none"}; }
  void post(work& w) noexcept override { ready_.push_back(&w); }
  auto sleep_until(time_point deadline) {
    return sleep_awaiter<wheel_type, sleeping_runtime>(*this, deadline);
  }
  wheel_type& timers() noexcept { return wheel_; }
  void interrupt_sleep(wheel_type&) noexcept { ++interruptions; }

  template <class T>
  T block_on(task<T> root) {
    auto end = this->spawn(std::move(root));
    while (!end.is_finished()) {
      if (ready_.empty()) std::this_thread::sleep_until(wheel_.next_deadline());
      wheel_.advance(clock::now(), [](work& w) { w.wake(); });
      while (!ready_.empty()) {
        work& w = *ready_.front();
        ready_.pop_front();
        w.resume();
      }
    }
    return end.take_finished();
  }

  u64 interruptions = 0;

 private:
  wheel_type wheel_;
  std::deque<work*> ready_;
};

template <class Runtime>
class Sleep : public ::testing::Test {};
using runtimes = ::testing::Types<sleeping_runtime<one_thread>, sleeping_runtime<many_threads>>;
TYPED_TEST_SUITE(Sleep, runtimes);

TYPED_TEST(Sleep, IsATimedRuntimesSleep) { static_assert(timed_runtime<TypeParam>); }

TYPED_TEST(Sleep, NeverEndsEarly) {
  TypeParam rt;
  auto const early = [](TypeParam& r) -> task<u64> {
    u64 count = 0;
    for (int i = 0; i < 20; ++i) {
      auto const deadline = clock::now() + 100us * i;
      co_await r.sleep_until(deadline);
      if (clock::now() < deadline) ++count;
    }
    co_return count;
  };
  EXPECT_EQ(rt.block_on(early(rt)), 0u);
}

TYPED_TEST(Sleep, ManyWaitAtOnce) {
  TypeParam rt;
  auto const sleep = [](TypeParam& r) -> task<void> { co_await r.sleep_until(clock::now() + 5ms); };
  auto const begin = clock::now();
  std::vector<task<void>> all;
  for (int i = 0; i < 1000; ++i) all.push_back(sleep(rt));
  rt.block_on(join_all(std::move(all)));
  EXPECT_LT(clock::now() - begin, 1s);
}

TYPED_TEST(Sleep, UntilThePastLetsOthersRun) {
  TypeParam rt;
  bool other_ran = false;
  auto const other = [](bool& ran) -> task<void> {
    ran = true;
    co_return;
  };
  auto const sleeper = [&other](TypeParam& r, bool& ran) -> task<bool> {
    r.spawn(other(ran)).detach();
    co_await r.sleep_until(time_point{});
    co_return ran;
  };
  EXPECT_TRUE(rt.block_on(sleeper(rt, other_ran)));
}

TYPED_TEST(Sleep, ALoserOfARaceLeavesTheWheel) {
  TypeParam rt;
  auto const sleep = [](TypeParam& r, duration delay) -> task<void> {
    co_await r.sleep_until(clock::now() + delay);
  };
  auto contest = race(sleep(rt, 1h), sleep(rt, 1ms), sleep(rt, 2h));
  EXPECT_EQ(rt.block_on(std::move(contest)).index(), 1u);
  EXPECT_EQ(rt.timers().size(), 0u);
}

TYPED_TEST(Sleep, ADestroyedRuntimeDestroysItsSleepers) {
  TypeParam rt;
  auto const sleep = [](TypeParam& r) -> task<void> { co_await r.sleep_until(clock::now() + 1h); };
  auto const nothing_more = [](TypeParam& r) -> task<void> { co_await r.yield(); };
  for (int i = 0; i < 100; ++i) rt.spawn(sleep(rt)).detach();
  rt.block_on(nothing_more(rt));
  EXPECT_EQ(rt.timers().size(), 100u);
}

}  // namespace
}  // namespace regatta::core
