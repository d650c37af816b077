#include "runtimes/io_uring/runtime.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <thread>
#include <vector>

#include "runtimes/interface/race.hpp"
#include "runtimes/io_uring/test_support.hpp"

namespace regatta::runtimes::io_uring {
namespace {

using namespace std::chrono_literals;

template <class R>
class IoUring : public ::testing::Test {
 protected:
  void SetUp() override {
    if (auto const why = why_refused<R>(); !why.empty()) GTEST_SKIP() << why;
  }
};
using each_runtime = ::testing::Types<one_thread, per_core>;
TYPED_TEST_SUITE(IoUring, each_runtime);

task<void> yields(auto& rt, u64 times) {
  for (u64 i = 0; i < times; ++i) co_await rt.yield();
}
task<void> sleep(auto& rt, duration how_long) { co_await rt.sleep_for(how_long); }

TYPED_TEST(IoUring, SleepsInARingAndInNoEpoll) {
  EXPECT_EQ(descriptors_of_kind("io_uring"), 0u);
  TypeParam rt(options{});
  rt.block_on(sleep(rt, 1ms));
  EXPECT_EQ(descriptors_of_kind("io_uring"), rt.threads());
  EXPECT_EQ(descriptors_of_kind("eventpoll"), 0u);
  EXPECT_GE(rt.counters().parks, 1u);
}

TYPED_TEST(IoUring, LeavesNoDescriptorBehind) {
  auto const before = descriptors_of_kind("");
  {
    TypeParam rt(options{});
    rt.block_on(sleep(rt, 1ms));
  }
  EXPECT_EQ(descriptors_of_kind(""), before);
}

// More than all that fits into the ring at once.
TYPED_TEST(IoUring, ManyMoreOperationsThanTheRingHolds) {
  TypeParam rt(options{});
  auto const read_a_zero = [](auto& on) -> task<u64> {
    auto opened = co_await on.open("/dev/zero", open_mode::read);
    std::vector<std::byte> target(10, std::byte(7));
    auto const got = co_await opened->read_at(target, 0);
    co_return got.count == 10 && target == std::vector<std::byte>(10) ? 1u : 0u;
  };
  auto const all = [](auto& on, auto make) -> task<u64> {
    auto reading = spawn_n(on, 2'000, [&](u64) { return make(on); });
    auto const answers = co_await join_all(std::move(reading));
    u64 sum = 0;
    for (u64 one : answers) sum += one;
    co_return sum;
  };
  EXPECT_EQ(rt.block_on(all(rt, read_a_zero)), 2'000u);
}

TYPED_TEST(IoUring, WritesAFileAndReadsItBack) {
  TypeParam rt(options{});
  std::string const path = "/tmp/regatta-io-uring-" + std::to_string(::getpid());
  auto const there_and_back = [](auto& on, std::string where) -> task<void> {
    std::vector<std::byte> bytes(3'000'000);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 31 >> 3);
    auto opened = co_await on.open(where, open_mode::write_truncated);
    auto const wrote = co_await opened->write_at(bytes, 5);
    EXPECT_EQ(wrote, (io_result{bytes.size(), 0}));
    auto again = co_await on.open(where, open_mode::read);
    std::vector<std::byte> back(bytes.size() + 1);
    // As much as there is: the file ends one byte early.
    auto const got = co_await again->read_at(back, 5);
    EXPECT_EQ(got, (io_result{bytes.size(), 0}));
    back.pop_back();
    EXPECT_EQ(back, bytes);
    auto const after = co_await again->read_at(back, 5 + bytes.size());
    EXPECT_TRUE(after.is_end());
    auto const refused = co_await again->write_at(bytes, 0);
    EXPECT_EQ(refused.error, EBADF);
  };
  rt.block_on(there_and_back(rt, path));
  ::unlink(path.c_str());
}

TYPED_TEST(IoUring, AReadOfAFileWhoseTaskDiesTouchesNoFreedMemory) {
  TypeParam rt(options{});
  auto const read = [](auto& from) -> task<void> {
    std::vector<std::byte> target(100'000);
    auto const got = co_await from.read_at(target, 0);
    EXPECT_EQ(got.count, target.size());
  };
  auto const cancel_many = [](auto& on, auto make) -> task<void> {
    auto opened = co_await on.open("/dev/zero", open_mode::read);
    for (u64 i = 0; i < 200; ++i) {
      auto attempt = race(make(*opened), yields(on, i % 3));
      co_await attempt;
    }
  };
  rt.block_on(cancel_many(rt, read));
}

TEST(IoUringPerCore, ALoopTakesWhatABusyOneHasSpawned) {
  if (auto const why = why_refused<per_core>(); !why.empty()) GTEST_SKIP() << why;
  per_core rt(options{runtime_options{.threads = 2}});
  auto const reach = [](std::atomic<bool>& reached) -> task<void> {
    reached = true;
    co_return;
  };
  auto const hog = [](per_core& on, auto make) -> task<void> {
    std::atomic<bool> reached{false};
    auto other = on.spawn(make(reached));
    while (!reached) std::this_thread::yield();
    co_await other;
  };
  for (int round = 0; round < 100; ++round) rt.block_on(hog(rt, reach));
  EXPECT_GE(rt.counters().steals, 100u);
}

TEST(IoUringOneThread, ToBlockInsideItsOwnTaskEndsTheProgramWithASentence) {
  if (auto const why = why_refused<one_thread>(); !why.empty()) GTEST_SKIP() << why;
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  one_thread rt(options{});
  auto const nested = [](one_thread& on) -> task<void> {
    on.block_on(yields(on, 1));
    co_return;
  };
  EXPECT_DEATH(rt.block_on(nested(rt)), "await the task instead");
}

}  // namespace
}  // namespace regatta::runtimes::io_uring
