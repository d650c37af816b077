#include "harness/machine/process_counters.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <future>
#include <latch>
#include <thread>

namespace regatta::machine {
namespace {

void burn_cpu_ns(std::uint64_t ns) {
  auto const end = process_cpu_ns() + ns;
  while (process_cpu_ns() < end) {
  }
}

TEST(ProcessCounters, CpuTimeGrowsWithWorkAndNotWithWaiting) {
  auto const before = process_cpu_ns();
  burn_cpu_ns(5'000'000);
  auto const worked = process_cpu_ns() - before;
  EXPECT_GE(worked, 5'000'000u);

  auto const before_wait = process_cpu_ns();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_LT(process_cpu_ns() - before_wait, 15'000'000u);
}

TEST(ProcessCounters, EachSleepIsAVoluntarySwitch) {
  auto const before = process_context_switches();
  for (int i = 0; i != 10; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  auto const spent = process_context_switches() - before;
  EXPECT_GE(spent.voluntary, 10u);
}

TEST(ProcessCounters, ThePeakRemembersMemoryThatWasGivenBackUntilItIsReset) {
  constexpr std::size_t bytes = std::size_t{64} << 20;
  if (!reset_peak_rss()) GTEST_SKIP() << "this kernel does not let a process reset its peak";
  auto const before = peak_rss_bytes().value();
  {
    // Straight from the kernel: an allocator may keep what it is given back.
    void* const memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    std::memset(memory, 1, bytes);
    ::munmap(memory, bytes);
  }
  EXPECT_GE(peak_rss_bytes().value(), before + bytes / 2);
  ASSERT_TRUE(reset_peak_rss());
  EXPECT_LT(peak_rss_bytes().value(), before + bytes / 2);
}

TEST(ProcessCounters, AThreadThatWorkedIsCountedAndOneThatSleptIsNot) {
  std::atomic<bool> stop{false};
  std::latch worked(2);
  auto const before = cpu_time_of_threads();
  auto const work = [&] {
    timespec now{};
    do {
      ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while (now.tv_nsec < 50'000'000 && now.tv_sec == 0);
    worked.count_down();
    while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  auto const wait = [&] {
    while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  };
  std::thread first(work), second(work), sleeper(wait);
  worked.wait();
  auto const after = cpu_time_of_threads();
  stop = true;
  first.join();
  second.join();
  sleeper.join();
  // At least: the thread sanitizer starts one of its own.
  EXPECT_GE(after.size(), before.size() + 3);
  EXPECT_EQ(threads_used(before, after, 0.2), 2u);
}

TEST(ProcessCounters, OnlyWhatWasSpentBetweenTheReadingsCounts) {
  thread_cpu_times const before{{1, 5'000'000}, {2, 0}};
  thread_cpu_times const after{{1, 5'000'000}, {2, 900'000}, {3, 100'000}, {4, 500}};
  EXPECT_EQ(threads_used(before, after), 2u);
  EXPECT_EQ(threads_used(before, after, 0.0), 3u);
  EXPECT_EQ(threads_used(before, before), 0u);
  EXPECT_EQ(threads_used({}, {}), 0u);
}

TEST(ThreadCpuTimes, LeaveOutThreadsOfACertainName) {
  std::promise<pid_t> named;
  std::promise<void> looked;
  std::thread idle([&] {
    ::pthread_setname_np(::pthread_self(), "a bystander");
    named.set_value(::gettid());
    looked.get_future().wait();
  });
  pid_t const tid = named.get_future().get();
  auto const all = cpu_time_of_threads();
  auto const others = cpu_time_of_threads("a bystander");
  looked.set_value();
  idle.join();
  EXPECT_EQ(all.count(tid), 1u);
  EXPECT_EQ(others.count(tid), 0u);
  EXPECT_EQ(others.count(::gettid()), 1u);
}

}  // namespace
}  // namespace regatta::machine
