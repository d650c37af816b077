#include "runtimes/interface/channel.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/least_runtime.hpp"
#include "runtimes/interface/race.hpp"

namespace regatta {
namespace {

using namespace std::chrono_literals;

using sizes = std::vector<std::size_t>;

template <class R>
struct Channel : ::testing::Test {};
using runtimes = ::testing::Types<least_runtime, least_pool>;
TYPED_TEST_SUITE(Channel, runtimes);

template <class T, class R>
task<u64> send_all(channel<T, R>& target, u64 first, u64 count) {
  u64 sent = 0;
  for (u64 i = 0; i < count; ++i) {
    auto const answer = co_await target.send(static_cast<T>(first + i));
    if (answer == send_result::sent) ++sent;
  }
  co_return sent;
}

template <class T, class R>
task<std::vector<T>> receive_all(channel<T, R>& source) {
  std::vector<T> received;
  while (auto message = co_await source.recv()) received.push_back(*message);
  co_return received;
}

std::vector<u64> numbers(u64 first, u64 count) {
  std::vector<u64> all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}

// What one producer sends, one consumer receives in order, whatever the capacity.
template <class R>
task<void> pass_in_order(R& rt, std::size_t capacity, u64 count) {
  channel<u64, R> pipe(capacity);
  auto producer = rt.spawn(send_all(pipe, 0, count));
  auto consumer = rt.spawn(receive_all(pipe));
  EXPECT_EQ(co_await producer, count);
  pipe.close();
  auto const received = co_await consumer;
  EXPECT_EQ(received, numbers(0, count));
}

TYPED_TEST(Channel, PassesMessagesInOrderAtEveryCapacity) {
  TypeParam rt;
  for (std::size_t const capacity : sizes{0, 1, 2, 16, 100, 1'024, 1'000'000}) {
    rt.block_on(pass_in_order(rt, capacity, 5'000));
  }
}

TYPED_TEST(Channel, SaysWhetherItIsFullOrClosed) {
  channel<std::unique_ptr<int>, TypeParam> pipe(2);
  auto message = std::make_unique<int>(1);
  EXPECT_EQ(pipe.try_send(std::move(message)), send_result::sent);
  EXPECT_EQ(message, nullptr);
  EXPECT_EQ(pipe.try_send(std::make_unique<int>(2)), send_result::sent);
  message = std::make_unique<int>(3);
  EXPECT_EQ(pipe.try_send(std::move(message)), send_result::full);
  ASSERT_NE(message, nullptr) << "a message that was not sent stays with its sender";
  EXPECT_EQ(pipe.size(), 2u);
  pipe.close();
  EXPECT_EQ(pipe.try_send(std::move(message)), send_result::closed);
  EXPECT_NE(message, nullptr);
  EXPECT_EQ(**pipe.try_recv(), 1);
  EXPECT_EQ(**pipe.try_recv(), 2);
  EXPECT_EQ(pipe.try_recv(), std::nullopt);
  EXPECT_TRUE(pipe.is_closed());
}

TYPED_TEST(Channel, AClosedOneAnswersEverybodyWhoWaits) {
  TypeParam rt;
  channel<u64, TypeParam> full(3);
  channel<u64, TypeParam> empty(1);
  for (u64 i = 0; i < 3; ++i) EXPECT_EQ(full.try_send(i), send_result::sent);
  auto const test = [](TypeParam& r, auto& has_no_room, auto& has_no_message) -> task<void> {
    std::vector<joiner<u64>> senders;
    std::vector<joiner<std::vector<u64>>> receivers;
    for (int i = 0; i < 10; ++i) {
      senders.push_back(r.spawn(send_all(has_no_room, 0, 3)));
      receivers.push_back(r.spawn(receive_all(has_no_message)));
    }
    for (int i = 0; i < 5; ++i) co_await r.yield();
    has_no_room.close();
    has_no_message.close();
    auto const sent = co_await join_all(std::move(senders));
    EXPECT_EQ(sent, std::vector<u64>(10, 0));
    auto const received = co_await join_all(std::move(receivers));
    for (auto const& one : received) EXPECT_TRUE(one.empty());
    auto const left = co_await receive_all(has_no_room);
    EXPECT_EQ(left, numbers(0, 3));
  };
  rt.block_on(test(rt, full, empty));
}

TEST(ChannelOrder, AFullOneMakesItsSenderWait) {
  least_runtime rt;
  channel<u64, least_runtime> pipe(4);
  auto producer = rt.spawn(send_all(pipe, 0, 10));
  while (rt.run_one()) {
  }
  EXPECT_EQ(pipe.size(), 4u);
  EXPECT_FALSE(producer.is_finished());
  EXPECT_EQ(pipe.try_recv(), 0u);
  EXPECT_EQ(pipe.size(), 4u) << "the waiting message takes the place";
  while (rt.run_one()) {
  }
  EXPECT_FALSE(producer.is_finished());
  for (u64 i = 1; i < 10; ++i) {
    EXPECT_EQ(pipe.try_recv(), i);
    while (rt.run_one()) {
    }
  }
  EXPECT_TRUE(producer.is_finished());
}

TEST(ChannelOrder, WaitersAreServedInTheOrderInWhichTheyCame) {
  least_runtime rt;
  channel<int, least_runtime> pipe(1);
  std::vector<int> order;
  auto const receive = [](channel<int, least_runtime>& source, int name,
                          std::vector<int>& trace) -> task<void> {
    auto const message = co_await source.recv();
    EXPECT_EQ(*message, name);
    trace.push_back(name);
  };
  for (int i = 0; i < 10; ++i) rt.spawn(receive(pipe, i, order)).detach();
  while (rt.run_one()) {
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(pipe.try_send(i), send_result::sent);
  while (rt.run_one()) {
  }
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TYPED_TEST(Channel, ReceivesManyAtOnce) {
  TypeParam rt;
  auto const consume = [](channel<u64, TypeParam>& source, std::size_t most,
                          u64 total) -> task<void> {
    std::vector<u64> received;
    std::size_t largest = 0;
    while (auto const count = co_await source.recv_many(received, most)) {
      EXPECT_LE(count, most);
      largest = std::max(largest, count);
    }
    EXPECT_EQ(received, numbers(0, total));
    EXPECT_GT(largest, 1u);
  };
  auto const test = [&consume](TypeParam& r, std::size_t capacity, std::size_t most) -> task<void> {
    channel<u64, TypeParam> pipe(capacity);
    for (u64 i = 0; i < capacity; ++i) EXPECT_EQ(pipe.try_send(i), send_result::sent);
    auto producer = r.spawn(send_all(pipe, capacity, 2'000));
    auto consumer = r.spawn(consume(pipe, most, 2'000 + capacity));
    co_await producer;
    pipe.close();
    co_await consumer;
  };
  for (std::size_t const capacity : sizes{2, 16, 1'000}) {
    for (std::size_t const most : sizes{2, 7, 100, 1'000'000})
      rt.block_on(test(rt, capacity, most));
  }
}

TEST(ChannelOrder, ReceivingManyWakesAllSendersThatFit) {
  least_runtime rt;
  channel<u64, least_runtime> pipe(2);
  std::vector<joiner<u64>> senders;
  for (u64 i = 0; i < 10; ++i) senders.push_back(rt.spawn(send_all(pipe, i, 1)));
  while (rt.run_one()) {
  }
  auto const receive = [](channel<u64, least_runtime>& source) -> task<std::vector<u64>> {
    std::vector<u64> received;
    co_await source.recv_many(received, 6);
    co_return received;
  };
  EXPECT_EQ(rt.block_on(receive(pipe)), numbers(0, 6));
  EXPECT_EQ(pipe.size(), 2u);
  int finished = 0;
  for (auto const& one : senders) finished += one.is_finished();
  EXPECT_EQ(finished, 8);
}

TYPED_TEST(Channel, HoldsLargeMessagesAndManyOfThem) {
  struct large {
    explicit large(u64 value) { bytes.fill(static_cast<char>(value)); }
    std::array<char, 32 * 1024> bytes;
  };
  TypeParam rt;
  auto const consume = [](channel<large, TypeParam>& source, u64 count) -> task<void> {
    for (u64 i = 0; i < count; ++i) {
      auto const message = co_await source.recv();
      EXPECT_EQ(message->bytes.front(), static_cast<char>(i));
      EXPECT_EQ(message->bytes.back(), static_cast<char>(i));
    }
  };
  auto const test = [&consume](TypeParam& r) -> task<void> {
    channel<large, TypeParam> pipe(100);
    auto consumer = r.spawn(consume(pipe, 300));
    auto producer = r.spawn(send_all(pipe, 0, 300));
    co_await producer;
    co_await consumer;
  };
  rt.block_on(test(rt));
}

TEST(ChannelOrder, AnUnboundedOneNeverMakesItsSenderWaitButLetsOthersRun) {
  least_runtime rt;
  unbounded_channel<u64, least_runtime> pipe;
  auto const flag = [](bool& ran) -> task<void> {
    ran = true;
    co_return;
  };
  auto const flood = [](channel<u64, least_runtime>& target, bool const& other_ran) -> task<void> {
    for (u64 i = 0; i < 100'000; ++i) co_await target.send(i);
    EXPECT_TRUE(other_ran);
  };
  bool ran = false;
  auto flooding = rt.spawn(flood(pipe, ran));
  rt.spawn(flag(ran)).detach();
  while (rt.run_one()) {
  }
  EXPECT_TRUE(flooding.is_finished());
  EXPECT_EQ(pipe.size(), 100'000u);
  for (u64 i = 0; i < 100'000; ++i) ASSERT_EQ(pipe.try_recv(), i);
}

TYPED_TEST(Channel, CountsLives) {
  static std::atomic<int> lives;
  struct counted {
    counted() { ++lives; }
    counted(counted&&) noexcept { ++lives; }
    counted(counted const&) { ++lives; }
    ~counted() { --lives; }
  };
  lives = 0;
  {
    channel<counted, TypeParam> pipe(1'000'000);
    EXPECT_EQ(lives, 0) << "room costs no constructions";
    for (int i = 0; i < 2'000; ++i) EXPECT_EQ(pipe.try_send(counted()), send_result::sent);
    for (int i = 0; i < 700; ++i) EXPECT_TRUE(pipe.try_recv());
    EXPECT_EQ(lives, 1'300);
  }
  EXPECT_EQ(lives, 0);
}

// Cancellation.

// Lets its race be lost by whatever is beside it, without a runtime that could sleep.
template <class R>
task<void> yield_times(R& rt, u64 times) {
  for (u64 i = 0; i < times; ++i) co_await rt.yield();
}
template <class T, class R>
task<std::optional<T>> receive_one(channel<T, R>& source) {
  co_return co_await source.recv();
}

TEST(ChannelCancellation, AReceiverThatDiesWithAMessageGivesItBackInOrder) {
  least_runtime rt;
  channel<u64, least_runtime> pipe(2);
  auto const test = [](least_runtime& r, channel<u64, least_runtime>& source) -> task<void> {
    // The sender fills the channel over the heads of three waiting receivers; the fourth arm of the
    // race ends in the same turn, before them.
    auto const send = [](channel<u64, least_runtime>& target) -> task<void> {
      for (u64 i = 0; i < 5; ++i) EXPECT_EQ(target.try_send(i), send_result::sent);
      co_return;
    };
    std::vector<task<void>> arms;
    auto const receive = [](channel<u64, least_runtime>& from) -> task<void> {
      co_await from.recv();
      ADD_FAILURE() << "the race was over";
    };
    for (int i = 0; i < 3; ++i) arms.push_back(receive(source));
    arms.push_back(send(source));
    auto contest = race_all(std::move(arms));
    auto const won = co_await contest;
    EXPECT_EQ(won.index, 3u);
    EXPECT_EQ(source.size(), 5u) << "more than the capacity, only by what came back";
    EXPECT_EQ(source.try_send(5), send_result::full);
    for (u64 i = 0; i < 5; ++i) EXPECT_EQ(source.try_recv(), i);
    EXPECT_EQ(source.try_send(6), send_result::sent);
    co_await r.yield();
  };
  rt.block_on(test(rt, pipe));
}

TEST(ChannelCancellation, MessagesThatComeBackInAnotherOrderAreReceivedInTheirs) {
  least_runtime rt;
  channel<u64, least_runtime> pipe(5);
  auto const test = [](least_runtime& r, channel<u64, least_runtime>& source) -> task<void> {
    // The arms die in order, but the first lines up last.
    auto const receive = [](least_runtime& where, channel<u64, least_runtime>& from,
                            u64 after) -> task<void> {
      co_await yield_times(where, after);
      co_await from.recv();
      ADD_FAILURE() << "the race was over";
    };
    auto const send = [](least_runtime& where, channel<u64, least_runtime>& target) -> task<void> {
      co_await yield_times(where, 5);
      for (u64 i = 0; i < 4; ++i) EXPECT_EQ(target.try_send(i), send_result::sent);
    };
    auto contest =
        race(receive(r, source, 3), receive(r, source, 1), receive(r, source, 2), send(r, source));
    auto const won = co_await contest;
    EXPECT_EQ(won.index(), 3u);
    for (u64 i = 0; i < 4; ++i) EXPECT_EQ(source.try_recv(), i);
  };
  rt.block_on(test(rt, pipe));
}

TEST(ChannelCancellation, AMessageOfADeadReceiverGoesToTheNextWhoWaits) {
  least_runtime rt;
  channel<u64, least_runtime> pipe(1);
  auto const test = [](least_runtime& r, channel<u64, least_runtime>& source) -> task<void> {
    auto const send = [](channel<u64, least_runtime>& target) -> task<std::optional<u64>> {
      EXPECT_EQ(target.try_send(7), send_result::sent);
      co_return std::nullopt;
    };
    auto contest = race(receive_one(source), send(source));
    auto other = r.spawn(receive_one(source));
    // The race begins first: its receiver stands before the other.
    auto const won = co_await contest;
    EXPECT_EQ(won.index(), 1u);
    auto const passed_on = co_await other;
    EXPECT_EQ(passed_on, 7u);
  };
  rt.block_on(test(rt, pipe));
}

TEST(ChannelCancellation, ASenderThatDiesWhileItWaitsSendsNothing) {
  least_runtime rt;
  channel<u64, least_runtime> pipe(1);
  EXPECT_EQ(pipe.try_send(1), send_result::sent);
  auto const test = [](least_runtime& r, channel<u64, least_runtime>& target) -> task<void> {
    auto contest = race(send_all(target, 2, 1), yield_times(r, 3));
    auto const won = co_await contest;
    EXPECT_EQ(won.index(), 1u);
  };
  rt.block_on(test(rt, pipe));
  EXPECT_EQ(pipe.try_recv(), 1u);
  EXPECT_EQ(pipe.try_recv(), std::nullopt);
}

TEST(ChannelCancellation, TheWaitersOfADestroyedChannelAreStranded) {
  least_runtime rt;
  auto const use = [](least_runtime& r) -> task<void> {
    channel<u64, least_runtime> pipe(1);
    r.spawn(receive_all(pipe)).detach();
    channel<u64, least_runtime> full(1);
    r.spawn(send_all(full, 0, 2)).detach();
    co_await yield_times(r, 3);
  };
  rt.block_on(use(rt));  // The runtime destroys the stranded ones.
}

TEST(ChannelCancellation, ATeardownDestroysTheChannelBeforeThoseWhomItHasAnswered) {
  // The channels and those who use them lie in frames that die in no particular order, some of them
  // answered and not yet run.
  auto const own = [](least_runtime& r) -> task<void> {
    channel<std::string, least_runtime> pipe(1);
    channel<std::string, least_runtime> full(1);
    auto const receive = [](channel<std::string, least_runtime>& source) -> task<void> {
      co_await source.recv();
    };
    auto const send = [](channel<std::string, least_runtime>& target) -> task<void> {
      co_await target.send(std::string(100, 'x'));
    };
    for (int i = 0; i < 3; ++i) r.spawn(receive(pipe)).detach();
    for (int i = 0; i < 3; ++i) r.spawn(send(full)).detach();
    co_await yield_times(r, 2);
    pipe.try_send(std::string(100, 'y'));
    full.try_recv();
    co_await r.sleep_until(time_point::max());
  };
  for (int turns = 0; turns < 40; ++turns) {
    least_runtime rt;
    for (int i = 0; i < 3; ++i) rt.spawn(own(rt)).detach();
    for (int i = 0; i < turns; ++i) rt.run_one();
  }
}

// Frames are slow to come by where each is watched.
constexpr u64 seeds = REGATTA_ADDRESS_SANITIZER ? 4 : 20;

// Every message is received exactly once or still there, and each consumer sees each producer's
// messages in order, however its receives are cancelled.
template <class R>
struct storm {
  static constexpr u64 producers = 4;
  static constexpr u64 consumers = 3;

  static task<u64> produce(R& rt, channel<u64, R>& target, u64 producer, u64 count, u64 seed) {
    std::mt19937_64 random(seed);
    u64 next = 0;
    while (next < count) {
      u64 const message = producer << 32 | next;
      if (random() % 4 == 0) {
        if (target.try_send(message) == send_result::sent) {
          ++next;
        } else {
          co_await rt.yield();
        }
        continue;
      }
      auto contest = race(send_one(target, message), yield_times(rt, 1 + random() % 3));
      auto const result = co_await contest;
      // A send that lost has not sent, or its race would have been won: see send_one().
      if (result.index() == 0) ++next;
    }
    co_return next;
  }
  static task<void> send_one(channel<u64, R>& target, u64 message) {
    auto const answer = co_await target.send(message);
    EXPECT_EQ(answer, send_result::sent);
  }

  static task<std::vector<u64>> consume(R& rt, channel<u64, R>& source, u64 seed) {
    std::mt19937_64 random(seed);
    std::vector<u64> received;
    for (;;) {
      switch (random() % 3) {
        case 0: {
          auto const message = co_await source.recv();
          if (!message) co_return received;
          received.push_back(*message);
          break;
        }
        case 1: {
          auto const count = co_await source.recv_many(received, 1 + random() % 5);
          if (count == 0) co_return received;
          break;
        }
        default: {
          auto contest = race(receive_one(source), yield_times(rt, random() % 3));
          auto result = co_await contest;
          if (result.index() != 0) break;
          auto const& message = std::get<0>(result);
          if (!message) co_return received;
          received.push_back(*message);
        }
      }
    }
  }
};

// Without races of sends, whose outcome a cancelled sender cannot know.
template <class R>
task<void> lose_nothing(R& rt, std::size_t capacity, u64 count, u64 seed) {
  channel<u64, R> pipe(capacity);
  std::vector<joiner<u64>> producing;
  std::vector<joiner<std::vector<u64>>> consuming;
  for (u64 i = 0; i < storm<R>::consumers; ++i) {
    consuming.push_back(rt.spawn(storm<R>::consume(rt, pipe, seed * 100 + i)));
  }
  for (u64 i = 0; i < storm<R>::producers; ++i) {
    producing.push_back(rt.spawn(send_all(pipe, i << 32, count)));
  }
  co_await join_all(std::move(producing));
  pipe.close();
  auto const received = co_await join_all(std::move(consuming));
  std::set<u64> all;
  u64 total = 0;
  for (auto const& one : received) {
    total += one.size();
    all.insert(one.begin(), one.end());
  }
  EXPECT_EQ(total, storm<R>::producers * count) << "seed " << seed;
  EXPECT_EQ(all.size(), total) << "a message came twice, seed " << seed;
  EXPECT_EQ(pipe.size(), 0u);
}

TYPED_TEST(Channel, LosesAndDoublesNothingWhenReceivesAreCancelled) {
  for (u64 seed = 0; seed < seeds; ++seed) {
    TypeParam rt;
    for (std::size_t const capacity : sizes{0, 1, 3, 64}) {
      rt.block_on(lose_nothing(rt, capacity, 300, seed));
    }
  }
}

// One consumer: cancelled receives must not even change the order.
template <class R>
task<void> keep_order(R& rt, std::size_t capacity, u64 count, u64 seed) {
  channel<u64, R> pipe(capacity);
  std::vector<joiner<u64>> producing;
  for (u64 i = 0; i < storm<R>::producers; ++i) {
    producing.push_back(rt.spawn(send_all(pipe, i << 32, count)));
  }
  auto consumer = rt.spawn(storm<R>::consume(rt, pipe, seed));
  co_await join_all(std::move(producing));
  pipe.close();
  auto const received = co_await consumer;
  std::map<u64, u64> next_of;
  for (u64 const message : received) EXPECT_EQ(message & 0xffff'ffff, next_of[message >> 32]++);
  for (auto const& [producer, next] : next_of) EXPECT_EQ(next, count) << producer;
}

TYPED_TEST(Channel, KeepsTheOrderOfEachProducerWhenReceivesAreCancelled) {
  for (u64 seed = 0; seed < seeds; ++seed) {
    TypeParam rt;
    for (std::size_t const capacity : sizes{0, 1, 3, 64})
      rt.block_on(keep_order(rt, capacity, 300, seed));
  }
}

// A cancelled send has either sent its message or not: never twice, and its room is not lost.
template <class R>
task<void> cancel_sends(R& rt, std::size_t capacity, u64 count, u64 seed) {
  channel<u64, R> pipe(capacity);
  std::vector<joiner<u64>> producing;
  auto consumer = rt.spawn(receive_all(pipe));
  for (u64 i = 0; i < storm<R>::producers; ++i) {
    producing.push_back(rt.spawn(storm<R>::produce(rt, pipe, i, count, seed * 100 + i)));
  }
  co_await join_all(std::move(producing));
  pipe.close();
  auto const received = co_await consumer;
  // A send that was cancelled after it had sent is sent again by our producer: a repetition, but
  // only of the newest.
  std::map<u64, u64> next_of;
  for (u64 const message : received) {
    u64& next = next_of[message >> 32];
    u64 const number = message & 0xffff'ffff;
    EXPECT_TRUE(number == next || number + 1 == next) << "seed " << seed;
    next = number + 1;
  }
  for (auto const& [producer, next] : next_of) EXPECT_EQ(next, count) << producer;
  EXPECT_EQ(next_of.size(), storm<R>::producers);
}

TYPED_TEST(Channel, SurvivesSendsThatAreCancelled) {
  for (u64 seed = 0; seed < seeds; ++seed) {
    TypeParam rt;
    for (std::size_t const capacity : sizes{0, 1, 3})
      rt.block_on(cancel_sends(rt, capacity, 200, seed));
  }
}

// Threads that are no runtime's.
TEST(ChannelStress, TryCallsFromPlainThreads) {
  constexpr u64 count = 50'000;
  channel<u64, many_threads> pipe(16);
  std::atomic<u64> sum{0};
  std::atomic<u64> received{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (u64 n = 1; n <= count; ++n) {
        while (pipe.try_send(n) != send_result::sent) std::this_thread::yield();
      }
    });
    threads.emplace_back([&] {
      while (received < 2 * count) {
        EXPECT_LE(pipe.size(), 16u);
        if (auto const message = pipe.try_recv()) {
          sum += *message;
          ++received;
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  for (auto& one : threads) one.join();
  EXPECT_EQ(sum, count * (count + 1));
}

}  // namespace
}  // namespace regatta
