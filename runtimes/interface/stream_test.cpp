#include "runtimes/interface/stream.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <vector>

#include "runtimes/interface/broadcast.hpp"
#include "runtimes/interface/least_runtime.hpp"

namespace regatta {
namespace {

using pipe = channel<u64, least_runtime>;
static_assert(stream<stream_of<pipe>>);
static_assert(std::same_as<element_of<stream_of<pipe>>, u64>);
static_assert(!stream<pipe>);

task<void> send_numbers(pipe& target, u64 count) {
  for (u64 i = 0; i < count; ++i) co_await target.send(i);
  target.close();
}

TEST(Stream, MapsFiltersAndCollects) {
  least_runtime rt;
  auto const test = [](least_runtime& r) -> task<void> {
    pipe source(4);
    auto producer = r.spawn(send_numbers(source, 10));
    auto const is_even = [](u64 n) { return n % 2 == 0; };
    auto const square = [](u64 n) { return std::make_unique<u64>(n * n); };
    auto squares = map(filter(stream_of(source), is_even), square);
    auto collecting = collect(std::move(squares));
    auto const all = co_await collecting;
    EXPECT_EQ(all.size(), 5u);
    for (u64 i = 0; i < all.size(); ++i) EXPECT_EQ(*all[i], 4 * i * i);
    co_await producer;
  };
  rt.block_on(test(rt));
}

TEST(Stream, StagesForwardThroughBoundedChannels) {
  least_runtime rt;
  auto const test = [](least_runtime& r) -> task<void> {
    constexpr u64 count = 1'000;
    std::vector<std::unique_ptr<pipe>> pipes;
    for (int i = 0; i < 9; ++i) pipes.push_back(std::make_unique<pipe>(2));
    auto producer = r.spawn(send_numbers(*pipes[0], count));
    std::vector<joiner<u64>> stages;
    auto const add_one = [](u64 n) { return n + 1; };
    for (std::size_t i = 0; i < 8; ++i) {
      stages.push_back(r.spawn(forward(map(stream_of(*pipes[i]), add_one), *pipes[i + 1])));
    }
    u64 sum = 0;
    auto const add = [&sum](u64 n) { sum += n; };
    auto summing = for_each(stream_of(*pipes[8]), add);
    EXPECT_EQ(co_await summing, count);
    EXPECT_EQ(sum, count * (count - 1) / 2 + 8 * count);
    for (auto& stage : stages) EXPECT_EQ(co_await stage, count);
    co_await producer;
  };
  rt.block_on(test(rt));
}

TEST(Stream, ASubscriptionIsOneToo) {
  least_runtime rt;
  auto const test = []() -> task<void> {
    broadcast<u64, least_runtime> all(8);
    auto subscription = all.subscribe();
    for (u64 i = 0; i < 5; ++i) all.send(i);
    all.close();
    auto const number_of = [](broadcast_message<u64> each) { return each.message; };
    auto collecting = collect(map(stream_of(subscription), number_of));
    auto const numbers = co_await collecting;
    EXPECT_EQ(numbers, (std::vector<u64>{0, 1, 2, 3, 4}));
  };
  rt.block_on(test());
}

}  // namespace
}  // namespace regatta
