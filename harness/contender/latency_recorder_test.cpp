#include "harness/contender/latency_recorder.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "harness/contender/allocations.hpp"

namespace regatta::contender {
namespace {

TEST(LatencyRecorder, MergesWhatAllThreadsRecorded) {
  latency_recorder recorder;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 1; t <= 4; ++t) {
    threads.emplace_back([&recorder, t] {
      for (int i = 0; i < 1'000; ++i) recorder.record(t * 10);
    });
  }
  for (auto& thread : threads) thread.join();

  auto const all = recorder.take_histogram();
  EXPECT_EQ(all.count(), 4'000u);
  EXPECT_EQ(all.min(), 10u);
  EXPECT_EQ(all.max(), 40u);
  EXPECT_TRUE(recorder.take_histogram().empty());
}

TEST(LatencyRecorder, AllocatesOnlyOnAThreadsFirstRecord) {
  latency_recorder recorder;
  recorder.record(1);
  auto const before = count_of_allocations();
  for (std::uint64_t i = 0; i < 1'000; ++i) recorder.record(i);
  EXPECT_EQ(count_of_allocations(), before);
}

TEST(LatencyRecorder, IsNotMistakenForAnotherThatDiedAtTheSamePlace) {
  for (int i = 0; i < 3; ++i) {
    latency_recorder recorder;
    recorder.record(7);
    EXPECT_EQ(recorder.take_histogram().count(), 1u);
  }
}

TEST(LatencyRecorder, AddsUpFiguresUntilTheyAreTaken) {
  latency_recorder recorder;
  recorder.count("dropped", 2);
  recorder.count("dropped", 3);
  EXPECT_EQ(recorder.take_counts()["dropped"], 5u);
  EXPECT_TRUE(recorder.take_counts().empty());
}

TEST(Shortened, KeepsTheCountAndTheEnds) {
  std::vector<stats::bucket> buckets;
  std::uint64_t total = 0;
  for (std::uint64_t i = 0; i < 2'501; ++i) {
    buckets.push_back({i * 10, i + 1});
    total += i + 1;
  }
  auto const coarse = shortened(buckets, 1'000);
  EXPECT_LE(coarse.size(), 1'000u);
  EXPECT_EQ(coarse.front(), buckets.front());
  EXPECT_EQ(coarse.back(), buckets.back());
  std::uint64_t kept = 0;
  for (auto const& bucket : coarse) kept += bucket.count;
  EXPECT_EQ(kept, total);
  EXPECT_EQ(shortened(coarse, 1'000), coarse);
}

TEST(Allocations, AreCountedOverAllThreads) {
  if (!allocations_are_counted()) GTEST_SKIP() << "operator new is the sanitizer's";
  auto const before = count_of_allocations();
  std::thread([] {
    for (int i = 0; i < 100; ++i) {
      // Through the function, because a new-expression that leads nowhere may be left out.
      ::operator delete(::operator new(16));
      ::operator delete(::operator new(256, std::align_val_t(64)), std::align_val_t(64));
    }
  }).join();
  EXPECT_GE(count_of_allocations() - before, 200u);
  EXPECT_LE(count_of_allocations() - before, 220u);
}

}  // namespace
}  // namespace regatta::contender
