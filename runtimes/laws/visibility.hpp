// Laws of memory: what was written before a task was spawned, woken or ended is seen after it, on
// whichever thread. The notes are plain memory: the thread sanitizer sees a missing order even
// where this machine's processors forgive it.
#pragma once

#include <thread>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/laws/support/event.hpp"
#include "runtimes/laws/support/law.hpp"

namespace regatta::laws {

template <class R>
class visibility : public law<R> {
 protected:
  struct note {
    u64 written = 0;
    u64 answered = 0;
  };

  static task<u64> answer(note& own) {
    u64 const seen = own.written;
    own.answered = seen + 1;
    co_return seen;
  }
  static task<u64> write_spawn_read(R& rt, u64 rounds, u64 tasks) {
    u64 wrong = 0;
    for (u64 round = 1; round <= rounds; ++round) {
      std::vector<note> notes(tasks);
      std::vector<joiner<u64>> joiners;
      for (auto& one : notes) {
        one.written = round;
        joiners.push_back(rt.spawn(answer(one)));
      }
      auto const seen = co_await join_all(std::move(joiners));
      for (u64 value : seen) wrong += value != round;
      for (auto const& one : notes) wrong += one.answered != round + 1;
    }
    co_return wrong;
  }

  // A task's own memory moves with it from thread to thread.
  static task<u64> count_across_threads(R& rt, u64 turns) {
    u64 count = 0;
    for (u64 turn = 0; turn < turns; ++turn) {
      ++count;
      co_await rt.yield();
    }
    co_return count;
  }
  static task<u64> count_many(R& rt, u64 tasks, u64 turns) {
    auto all = spawn_n(rt, tasks, [&](u64) { return count_across_threads(rt, turns); });
    auto const counts = co_await join_all(std::move(all));
    u64 sum = 0;
    for (u64 count : counts) sum += count;
    co_return sum;
  }

  static task<u64> read_after(event& written, note const& one) {
    co_await written;
    co_return one.written;
  }
  static task<u64> read_all(R& rt, std::vector<event>& written, std::vector<note> const& notes) {
    auto all = spawn_n(rt, notes.size(), [&](u64 i) { return read_after(written[i], notes[i]); });
    auto const seen = co_await join_all(std::move(all));
    u64 sum = 0;
    for (u64 value : seen) sum += value;
    co_return sum;
  }
};
TYPED_TEST_SUITE_P(visibility);

TYPED_TEST_P(visibility, AStolenTaskSeesWhatWasWrittenBeforeItsSpawn) {
  with_each<TypeParam>([](auto& rt) {
    EXPECT_EQ(rt.block_on(TestFixture::write_spawn_read(rt, often(200), 100)), 0u);
  });
}

TYPED_TEST_P(visibility, ATaskThatMovesBetweenThreadsKeepsItsMemory) {
  with_each<TypeParam>([](auto& rt) {
    EXPECT_EQ(rt.block_on(TestFixture::count_many(rt, 100, sized(100, 10))), sized(10'000, 1'000));
  });
}

TYPED_TEST_P(visibility, AWokenTaskSeesWhatWasWrittenBeforeTheWake) {
  with_each<TypeParam>([](auto& rt) {
    u64 const tasks = 1'000;
    std::vector<event> written(tasks);
    std::vector<typename TestFixture::note> notes(tasks);
    std::jthread const foreign([&] {
      for (u64 i = 0; i < tasks; ++i) {
        notes[i].written = 2;
        written[i].set();
      }
    });
    EXPECT_EQ(rt.block_on(TestFixture::read_all(rt, written, notes)), 2 * tasks);
  });
}

REGISTER_TYPED_TEST_SUITE_P(visibility, AStolenTaskSeesWhatWasWrittenBeforeItsSpawn,
                            ATaskThatMovesBetweenThreadsKeepsItsMemory,
                            AWokenTaskSeesWhatWasWrittenBeforeTheWake);

}  // namespace regatta::laws
