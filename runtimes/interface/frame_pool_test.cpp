#include "runtimes/interface/frame_pool.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace regatta::frame_pool {
namespace {

std::vector<void*> allocate_many(std::size_t bytes, int count) {
  std::vector<void*> frames;
  for (int i = 0; i < count; ++i) frames.push_back(allocate(bytes));
  return frames;
}

void release_all(std::vector<void*> const& frames, std::size_t bytes) {
  for (void* frame : frames) release(frame, bytes);
}

TEST(FramePool, GivesItsMemoryBackWhenNoFrameLives) {
  if (!detail::pooling) GTEST_SKIP() << "frames are not pooled under the address sanitizer";
  for (std::size_t const bytes : {64u, 100u, 1'000u, 5'000u}) {
    release_all(allocate_many(bytes, 3'000), bytes);
  }
  // Frames that come from one thread, end on another, and outlive both.
  std::vector<void*> frames;
  std::thread([&] { frames = allocate_many(200, 1'000); }).join();
  std::thread([&] { release_all(frames, 200); }).join();

  EXPECT_FALSE(detail::shared_state::get().chunks.empty());
  EXPECT_TRUE(trim());
  EXPECT_TRUE(detail::shared_state::get().chunks.empty());

  // It goes on as before.
  release_all(allocate_many(100, 3'000), 100);
  EXPECT_TRUE(trim());
}

TEST(FramePool, KeepsItsMemoryWhileAFrameLives) {
  if (!detail::pooling) GTEST_SKIP() << "frames are not pooled under the address sanitizer";
  void* const frame = allocate(300);
  EXPECT_FALSE(trim());
  release(frame, 300);
  EXPECT_TRUE(trim());
}

TEST(FramePool, CountsTheFramesOfLivingAndEndedThreads) {
  if (!detail::pooling) GTEST_SKIP() << "frames are not pooled under the address sanitizer";
  u64 const before = allocations_of_all_threads();
  release_all(allocate_many(128, 10), 128);
  std::thread([] { release_all(allocate_many(128, 20), 128); }).join();
  EXPECT_EQ(allocations_of_all_threads() - before, 30u);
}

}  // namespace
}  // namespace regatta::frame_pool
