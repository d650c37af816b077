#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "runtimes/core/work_queue.hpp"
#include "runtimes/work_stealing/deque.hpp"
#include "runtimes/work_stealing/idle.hpp"
#include "runtimes/work_stealing/injector.hpp"
#include "runtimes/work_stealing/ring.hpp"

namespace regatta::runtimes::work_stealing {
namespace {

struct numbered : work {
  std::size_t number = 0;
  std::atomic<u32> taken{0};
};

class numbered_work {
 public:
  explicit numbered_work(std::size_t count) : count_(count), items_(new numbered[count]) {
    for (std::size_t i = 0; i < count; ++i) items_[i].number = i;
  }
  numbered& operator[](std::size_t i) { return items_[i]; }
  void take(work* w) { static_cast<numbered*>(w)->taken.fetch_add(1); }
  bool each_was_taken_once() const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (items_[i].taken.load() != 1) return false;
    }
    return true;
  }

 private:
  std::size_t count_;
  std::unique_ptr<numbered[]> items_;
};

std::size_t number_of(work* w) { return static_cast<numbered*>(w)->number; }

TEST(Ring, GivesItsOwnerTheOldestFirst) {
  ring<4> queue;
  ring<4>::owner mine(queue);
  numbered_work items(4);
  for (std::size_t i = 0; i < 4; ++i) ASSERT_TRUE(mine.push(items[i]));
  EXPECT_EQ(mine.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(number_of(mine.pop()), i);
  EXPECT_EQ(mine.pop(), nullptr);
}

TEST(Ring, RefusesWhatDoesNotFitAndGivesUpItsOlderHalf) {
  ring<4> queue;
  ring<4>::owner mine(queue);
  numbered_work items(6);
  for (std::size_t i = 0; i < 4; ++i) ASSERT_TRUE(mine.push(items[i]));
  EXPECT_FALSE(mine.push(items[4]));
  std::vector<std::size_t> moved;
  EXPECT_EQ(mine.take_half([&](work& w) { moved.push_back(number_of(&w)); }), 2u);
  EXPECT_EQ(moved, (std::vector<std::size_t>{0, 1}));
  EXPECT_TRUE(mine.push(items[4]));
  EXPECT_EQ(number_of(mine.pop()), 2u);
}

TEST(Ring, AThiefTakesTheOlderHalf) {
  ring<8> queue;
  ring<8> other;
  ring<8>::owner mine(queue);
  ring<8>::owner target(other);
  numbered_work items(5);
  for (std::size_t i = 0; i < 5; ++i) ASSERT_TRUE(mine.push(items[i]));
  EXPECT_EQ(ring<8>::thief(queue).steal_into(target, true), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(number_of(target.pop()), i);
  EXPECT_EQ(number_of(mine.pop()), 3u);
  EXPECT_EQ(ring<8>::thief(queue).steal_into(target, false), 1u);
  EXPECT_EQ(number_of(target.pop()), 4u);
}

// A queue of four slots, so that every index wraps all the time.
TEST(Ring, LosesAndDoublesNothingWithThievesAtWork) {
  constexpr std::size_t count = 50'000;
  numbered_work items(count);
  ring<4> queue;
  std::atomic<bool> finished{false};
  std::vector<std::thread> thieves;
  for (int i = 0; i < 2; ++i) {
    thieves.emplace_back([&] {
      ring<4> own;
      ring<4>::owner mine(own);
      ring<4>::thief thief(queue);
      while (!finished.load() || thief.size() != 0) {
        thief.steal_into(mine, true);
        while (work* const w = mine.pop()) items.take(w);
      }
    });
  }
  ring<4>::owner mine(queue);
  for (std::size_t i = 0; i < count; ++i) {
    while (!mine.push(items[i])) {
      mine.take_half([&](work& w) { items.take(&w); });
    }
    if (i % 3 == 0) {
      if (work* const w = mine.pop()) items.take(w);
    }
  }
  while (work* const w = mine.pop()) items.take(w);
  finished = true;
  for (auto& thief : thieves) thief.join();
  EXPECT_TRUE(items.each_was_taken_once());
}

// A queue that is empty may still be being read by the thief who emptied it; its owner, who then
// steals for himself, has less room than he thinks.
TEST(Ring, ThievesWhoAreRobbedLoseAndDoubleNothing) {
  constexpr std::size_t thieves = 4;
  constexpr std::size_t each = 50'000;
  numbered_work items(thieves * each);
  ring<4> queues[thieves];
  std::atomic<std::size_t> left{thieves * each};
  std::vector<std::thread> threads;
  for (std::size_t me = 0; me < thieves; ++me) {
    threads.emplace_back([&, me] {
      ring<4>::owner mine(queues[me]);
      std::size_t made = 0;
      while (left.load() != 0) {
        while (made < each && mine.push(items[me * each + made])) ++made;
        while (work* const w = mine.pop()) {
          items.take(w);
          --left;
        }
        for (auto& victim : queues) {
          if (&victim != &queues[me]) ring<4>::thief(victim).steal_into(mine, true);
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(items.each_was_taken_once());
}

TEST(Deque, GivesItsOwnerTheNewestAndAThiefTheOldest) {
  deque queue;
  deque::owner mine(queue);
  deque::thief thief(queue);
  numbered_work items(1'000);  // Grows twice.
  for (std::size_t i = 0; i < 1'000; ++i) mine.push(items[i]);
  EXPECT_EQ(mine.size(), 1'000u);
  EXPECT_EQ(number_of(thief.steal()), 0u);
  EXPECT_EQ(number_of(mine.pop()), 999u);
  for (std::size_t i = 998; i > 0; --i) EXPECT_EQ(number_of(mine.pop()), i);
  EXPECT_EQ(mine.pop(), nullptr);
  EXPECT_EQ(thief.steal(), nullptr);
}

TEST(Deque, LosesAndDoublesNothingWithThievesAtWork) {
  constexpr std::size_t count = 100'000;
  numbered_work items(count);
  deque queue;
  std::atomic<bool> finished{false};
  std::vector<std::thread> thieves;
  for (int i = 0; i < 2; ++i) {
    thieves.emplace_back([&] {
      deque::thief thief(queue);
      while (!finished.load() || thief.size() != 0) {
        if (work* const w = thief.steal()) items.take(w);
      }
    });
  }
  deque::owner mine(queue);
  for (std::size_t i = 0; i < count;) {
    // Often down to the last one, where owner and thief meet.
    std::size_t const burst = std::min<std::size_t>(1 + i % 7, count - i);
    for (std::size_t j = 0; j < burst; ++j) mine.push(items[i++]);
    for (std::size_t j = 0; j < burst; ++j) {
      if (work* const w = mine.pop()) items.take(w);
    }
  }
  while (work* const w = mine.pop()) items.take(w);
  finished = true;
  for (auto& thief : thieves) thief.join();
  EXPECT_TRUE(items.each_was_taken_once());
}

TEST(Injector, SharesWhatItHolds) {
  injector queue(4);
  numbered_work items(9);
  for (std::size_t i = 0; i < 9; ++i) queue.push(items[i], 0);
  EXPECT_FALSE(queue.looks_empty());
  std::vector<std::size_t> taken;
  auto const give = [&](work& w) { taken.push_back(number_of(&w)); };
  EXPECT_EQ(queue.take(100, 4, 3, give), 3u);  // A quarter of nine, and one.
  EXPECT_EQ(taken, (std::vector<std::size_t>{0, 1, 2}));
  while (queue.take(100, 1, 0, give) != 0) {
  }
  EXPECT_EQ(taken.size(), 9u);
  EXPECT_TRUE(queue.looks_empty());
}

TEST(Idle, ASleeperIsClaimedOnce) {
  idle sleepers(3);  // All asleep at first.
  EXPECT_FALSE(sleepers.anybody_awake());
  EXPECT_EQ(sleepers.claim_any(), 0u);
  EXPECT_FALSE(sleepers.claim(0));
  EXPECT_EQ(sleepers.claim_any(), 1u);
  EXPECT_EQ(sleepers.claim_any(), 2u);
  EXPECT_EQ(sleepers.claim_any(), std::nullopt);
  EXPECT_FALSE(sleepers.anybody_asleep());
  sleepers.announce_sleep(1);
  EXPECT_TRUE(sleepers.is_asleep(1));
  EXPECT_EQ(sleepers.claim_any(), 1u);
}

}  // namespace
}  // namespace regatta::runtimes::work_stealing
