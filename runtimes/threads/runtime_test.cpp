#include "runtimes/threads/runtime.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <ctime>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "runtimes/interface/channel.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/unordered_set.hpp"

namespace regatta::runtimes::threads {
namespace {

using namespace std::chrono_literals;

task<void> sleep(runtime& rt, duration how_long) { co_await rt.sleep_for(how_long); }
// Ends when so many have begun: the system gives the name of a thread that has ended to another.
task<std::thread::id> own_thread(runtime& rt, std::atomic<u32>& begun, u32 all) {
  auto const at_first = std::this_thread::get_id();
  ++begun;
  co_await rt.yield();
  while (begun < all) co_await rt.sleep_for(1ms);
  EXPECT_EQ(std::this_thread::get_id(), at_first);
  co_return at_first;
}

u64 cpu_ns() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<u64>(used.tv_sec) * 1'000'000'000 + static_cast<u64>(used.tv_nsec);
}

TEST(Threads, GiveEachTaskOneThreadAndStayOnIt) {
  runtime rt;
  auto const test = [](runtime& on) -> task<void> {
    std::atomic<u32> begun{0};
    auto all = spawn_n(on, 20, [&](u64) { return own_thread(on, begun, 20); });
    auto const ids = co_await join_all(std::move(all));
    EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 20u);
    auto const joined = co_await join(own_thread(on, begun, 22), own_thread(on, begun, 22));
    EXPECT_EQ(std::get<0>(joined), std::this_thread::get_id());
    EXPECT_EQ(std::get<1>(joined), std::this_thread::get_id());
  };
  rt.block_on(test(rt));
  EXPECT_EQ(rt.threads(), 0u);
}

TEST(Threads, SleepersBurnNoProcessor) {
  runtime rt;
  auto const test = [](runtime& on) -> task<void> {
    auto all = spawn_n(on, 50, [&](u64) { return sleep(on, 300ms); });
    u64 const before = cpu_ns();
    co_await join_all(std::move(all));
    // Fifty threads that spun would have used all processors for all of that time.
    EXPECT_LT(cpu_ns() - before, 100'000'000u);
  };
  rt.block_on(test(rt));
}

TEST(Threads, ATaskMayDriveManySleepersOnItsOneThread) {
  runtime rt;
  auto const test = [](runtime& on) -> task<u64> {
    unordered_set<void> sleepers;
    for (int i = 0; i < 1'000; ++i)
      sleepers.push(sleep(on, std::chrono::microseconds(i * 7 % 5'000)));
    u64 count = 0;
    while (auto const one = co_await sleepers.next()) ++count;
    co_return count;
  };
  EXPECT_EQ(rt.block_on(test(rt)), 1'000u);
}

TEST(Threads, AMemberThatIsAlwaysReadyStarvesNoOther) {
  runtime rt;
  auto const hog = [](runtime& on) -> task<void> {
    for (;;) co_await on.yield();
  };
  EXPECT_EQ(rt.block_on(race(sleep(rt, 1ms), hog(rt))).index(), 0u);
  auto const read = [](stream& from) -> task<std::size_t> {
    std::array<std::byte, 8> target;
    auto const got = co_await from.read(target);
    co_return got.count;
  };
  auto const test = [](runtime& on, auto reading, auto hogging) -> task<std::size_t> {
    auto door = on.listen(endpoint::loopback());
    auto client = co_await on.connect(door->local_endpoint());
    auto server = co_await door->accept();
    auto const write_late = [](runtime& where, stream& to) -> task<void> {
      co_await where.sleep_for(5ms);
      auto const sent = co_await to.write(bytes_of("abc"));
      EXPECT_TRUE(sent.ok());
    };
    auto writing = on.spawn(write_late(on, *client));
    auto const first = co_await race(reading(*server), hogging(on));
    co_await writing;
    co_return std::get<0>(first);
  };
  EXPECT_EQ(rt.block_on(test(rt, read, hog)), 3u);
}

TEST(Threads, ATaskThatPollsIsWokenByAMessage) {
  runtime rt;
  auto const receive = [](channel<int, runtime>& from) -> task<int> {
    auto const message = co_await from.recv();
    co_return message.value_or(-1);
  };
  auto const wait_for_bytes = [](stream& from) -> task<int> {
    auto const ready = co_await from.readable();
    co_return ready.error;
  };
  auto const test = [](runtime& on, auto receiving, auto waiting) -> task<void> {
    auto door = on.listen(endpoint::loopback());
    auto client = co_await on.connect(door->local_endpoint());
    for (int round = 0; round < 100; ++round) {
      channel<int, runtime> messages(1);
      auto const send_one = [](channel<int, runtime>& to, int message) -> task<void> {
        co_await to.send(message);
      };
      auto sending = on.spawn(send_one(messages, round));
      auto const first = co_await race(waiting(*client), receiving(messages));
      EXPECT_EQ(std::get<1>(first), round);
      co_await sending;
    }
  };
  rt.block_on(test(rt, receive, wait_for_bytes));
}

// What a scenario does that wants too many tasks: it shares what lives in its frame with all of
// them.
task<u64> shared_channel(runtime& rt, u64 tasks) {
  channel<u64, runtime> numbers(1);
  auto const use = [](channel<u64, runtime>& shared, u64 number) -> task<u64> {
    co_await shared.send(number);
    auto const other = co_await shared.recv();
    co_return other.value_or(0);
  };
  auto all = spawn_n(rt, tasks, [&](u64 i) { return use(numbers, i); });
  auto const answers = co_await join_all(std::move(all));
  u64 sum = 0;
  for (u64 one : answers) sum += one;
  co_return sum;
}

TEST(ThreadsCeiling, IsAnErrorThatNamesIt) {
  for (int round = 0; round < 20; ++round) {
    runtime rt(u64{30});
    EXPECT_EQ(rt.block_on(shared_channel(rt, 20)), 190u);
    try {
      // Messages that nobody takes keep all of them waiting.
      rt.block_on([](runtime& on) -> task<u64> {
        auto all = spawn_n(on, 31, [&](u64) {
          return [](runtime& where) -> task<u64> {
            co_await where.sleep_for(1h);
            co_return 1;
          }(on);
        });
        auto const answers = co_await join_all(std::move(all));
        co_return answers.size();
      }(rt));
      ADD_FAILURE() << "31 tasks at once";
    } catch (limit_exceeded const& error) {
      EXPECT_STREQ(error.what(),
                   "threads: more than 30 tasks at once; this baseline gives each task a thread");
    }
    EXPECT_THROW(rt.block_on(sleep(rt, 0ms)), limit_exceeded)
        << "the runtime is of no use any more";
  }
}

TEST(ThreadsCeiling, UnwindsNobodyUnderOthersThatRun) {
  for (int round = 0; round < 200; ++round) {
    runtime rt(u64{8});
    EXPECT_THROW(rt.block_on(shared_channel(rt, 1'000)), limit_exceeded);
  }
}

task<void> occupy_thread(runtime& rt, std::atomic<bool>& is_inside) {
  is_inside = true;
  std::this_thread::sleep_for(30ms);
  is_inside = false;
  co_await rt.sleep_for(1h);
}
task<void> overflow(runtime& rt, std::atomic<bool>& is_inside, bool& was_inside) {
  rt.spawn(occupy_thread(rt, is_inside)).detach();
  while (!is_inside) co_await rt.yield();
  try {
    spawn_n(rt, 100, [&](u64) { return sleep(rt, 1h); });
    ADD_FAILURE() << "100 tasks at once";
  } catch (limit_exceeded const&) {
    was_inside = is_inside;
  }
}

TEST(ThreadsCeiling, WaitsUntilEverybodyHasLeftHisTask) {
  std::atomic<bool> is_inside = false;
  bool was_inside = true;
  runtime rt(u64{10});
  EXPECT_THROW(rt.block_on(overflow(rt, is_inside, was_inside)), limit_exceeded);
  EXPECT_FALSE(was_inside);
}

// Each spawns two, and so several spawn the one too many at the same time.
task<u64> tree(runtime& rt, u64 depth, std::atomic<u64>& ran) {
  ++ran;
  if (depth == 0) co_return 1;
  auto left = rt.spawn(tree(rt, depth - 1, ran));
  auto right = rt.spawn(tree(rt, depth - 1, ran));
  u64 const leaves = co_await left;
  co_return leaves + co_await right;
}
task<u64> tree_with_its_count(runtime& rt, u64 depth) {
  std::atomic<u64> ran = 0;
  auto growing = tree(rt, depth, ran);
  co_return co_await growing;
}

TEST(ThreadsCeiling, MayBeMetBySeveralTasksAtOnce) {
  for (int round = 0; round < 100; ++round) {
    runtime rt(u64{20});
    EXPECT_EQ(rt.block_on(tree_with_its_count(rt, 2)), 4u);
    EXPECT_THROW(rt.block_on(tree_with_its_count(rt, 8)), limit_exceeded);
  }
}

TEST(ThreadsCeiling, MayBeMetByAThreadOfNobodys) {
  runtime rt(u64{5});
  std::thread foreign;
  auto const wait_for_ever = [](runtime& on) -> task<void> { co_await on.sleep_for(1h); };
  auto const test = [](runtime& on, std::thread& other, auto waiting) -> task<void> {
    other = std::thread([&on, waiting] {
      EXPECT_THROW(spawn_n(on, 10, [&](u64) { return waiting(on); }), limit_exceeded);
    });
    co_await on.sleep_for(1h);
  };
  EXPECT_THROW(rt.block_on(test(rt, foreign, wait_for_ever)), limit_exceeded);
  foreign.join();
}

TEST(Threads, ReadAndWriteFiles) {
  runtime rt;
  std::string path = "/tmp/regatta_threads_XXXXXX";
  ::close(::mkstemp(path.data()));
  auto const test = [](runtime& on, std::string where) -> task<void> {
    auto opened = co_await on.open(where, open_mode::read_write);
    auto const written = co_await opened->write_at(bytes_of("hello"), 3);
    EXPECT_EQ(written, (io_result{5, 0}));
    std::array<std::byte, 20> target;
    auto const got = co_await opened->read_at(target, 4);
    EXPECT_EQ(got, (io_result{4, 0}));
    auto const missing = co_await on.open(where + "/nothing", open_mode::read);
    EXPECT_EQ(missing.error(), ENOTDIR);
  };
  rt.block_on(test(rt, path));
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace regatta::runtimes::threads
