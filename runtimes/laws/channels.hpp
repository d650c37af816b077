// Laws of channels: no message is lost, doubled or overtaken, however many tasks send, receive and
// are cancelled; a full channel makes its senders wait, and a closed one answers.
#pragma once

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "runtimes/interface/channel.hpp"
#include "runtimes/interface/join.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/laws/support/event.hpp"
#include "runtimes/laws/support/law.hpp"

namespace regatta::laws {

template <class R>
class channels : public law<R> {
 protected:
  using numbers = channel<u64, R>;

  static task<void> send_range(numbers& to, u64 first, u64 end) {
    for (u64 i = first; i < end; ++i) {
      send_result const answer = co_await to.send(i);
      EXPECT_EQ(answer, send_result::sent);
    }
  }
  static task<std::vector<u64>> receive_until_closed(numbers& from) {
    std::vector<u64> received;
    while (auto const message = co_await from.recv()) received.push_back(*message);
    co_return received;
  }
  static task<std::vector<u64>> receive_many_until_closed(numbers& from) {
    std::vector<u64> received;
    for (;;) {
      std::size_t const count = co_await from.recv_many(received, 16);
      if (count == 0) co_return received;
    }
  }

  // All that arrived, sorted.
  static task<std::vector<u64>> exchange(R& rt, u64 capacity, u64 senders, u64 receivers,
                                         u64 each) {
    numbers link(capacity);
    auto sending =
        spawn_n(rt, senders, [&](u64 i) { return send_range(link, i * each, (i + 1) * each); });
    auto receiving = spawn_n(rt, receivers, [&](u64 i) {
      return i % 2 == 0 ? receive_until_closed(link) : receive_many_until_closed(link);
    });
    co_await join_all(std::move(sending));
    link.close();
    auto const parts = co_await join_all(std::move(receiving));
    std::vector<u64> all;
    for (auto const& part : parts) all.insert(all.end(), part.begin(), part.end());
    std::sort(all.begin(), all.end());
    co_return all;
  }
  static void expect_each_number_once(std::vector<u64> const& sorted, u64 count) {
    ASSERT_EQ(sorted.size(), count);
    u64 wrong = 0;
    for (u64 i = 0; i < count; ++i) wrong += sorted[i] != i;
    EXPECT_EQ(wrong, 0u);
  }

  // How far a sender gets ahead of its receiver, in messages.
  struct tally {
    std::atomic<i64> sent = 0;
    std::atomic<i64> received = 0;
    std::atomic<i64> most_ahead = 0;
  };
  static task<void> send_counting(numbers& to, u64 count, tally& counts) {
    for (u64 i = 0; i < count; ++i) {
      co_await to.send(i);
      i64 const ahead = ++counts.sent - counts.received;
      counts.most_ahead = std::max(counts.most_ahead.load(), ahead);
    }
    to.close();
  }
  static task<i64> most_ahead_of_a_slow_receiver(R& rt, u64 capacity, u64 count) {
    numbers link(capacity);
    tally counts;
    auto sending = rt.spawn(send_counting(link, count, counts));
    for (;;) {
      for (int turn = 0; turn < 5; ++turn) co_await rt.yield();
      // Counted before it is taken: the sender never seems further ahead than it is.
      ++counts.received;
      auto const message = co_await link.recv();
      if (!message) break;
    }
    co_await sending;
    co_return counts.most_ahead;
  }

  static task<u64> answers_of_a_closed_channel(R& rt) {
    numbers link(2);
    auto waiting_receiver = rt.spawn(receive_until_closed(link));
    co_await link.send(1);
    u64 right = 0;
    while (link.size() > 0) co_await rt.yield();
    link.close();
    auto const received = co_await waiting_receiver;
    right += received.size() == 1;
    send_result const late = co_await link.send(2);
    right += late == send_result::closed;
    right += link.try_send(3) == send_result::closed;

    numbers full(1);
    co_await full.send(4);
    auto waiting_sender = rt.spawn(try_to_send(full, 5));
    for (int turn = 0; turn < 10; ++turn) co_await rt.yield();
    full.close();
    send_result const answer = co_await waiting_sender;
    right += answer == send_result::closed;
    auto const kept = co_await full.recv();
    right += kept == 4u;
    auto const end = co_await full.recv();
    right += !end.has_value();
    co_return right;
  }
  static task<send_result> try_to_send(numbers& to, u64 value) {
    co_return co_await to.send(value);
  }

  static task<std::optional<u64>> receive(numbers& from) { co_return co_await from.recv(); }
  static task<void> give_way(R& rt, u64 turns) {
    for (u64 i = 0; i < turns; ++i) co_await rt.yield();
  }

  // Receives in races that the message sometimes wins. A race that the message loses must leave it.
  static task<std::vector<u64>> receive_in_races(R& rt, numbers& from) {
    std::vector<u64> received;
    for (u64 round = 0;; ++round) {
      auto first = co_await race(receive(from), give_way(rt, round % 4));
      if (first.index() != 0) continue;
      auto const& message = std::get<0>(first);
      if (!message) co_return received;
      received.push_back(*message);
    }
  }
  static task<std::vector<u64>> exchange_in_races(R& rt, u64 capacity, u64 receivers, u64 count) {
    numbers link(capacity);
    auto sending = rt.spawn(send_range(link, 0, count));
    auto receiving = spawn_n(rt, receivers, [&](u64) { return receive_in_races(rt, link); });
    co_await sending;
    link.close();
    auto const parts = co_await join_all(std::move(receiving));
    std::vector<u64> all;
    for (auto const& part : parts) {
      // A receiver that gives a message back may be overtaken by another, but not by itself.
      bool const in_order = receivers > 1 || std::is_sorted(part.begin(), part.end());
      EXPECT_TRUE(in_order) << "a message was overtaken";
      all.insert(all.end(), part.begin(), part.end());
    }
    std::sort(all.begin(), all.end());
    co_return all;
  }

  static task<void> receive_for_ever(numbers& from, u64& received) {
    for (;;) {
      auto const message = co_await from.recv();
      if (!message) co_return;
      ++received;
    }
  }
  // How much a task can take from a channel that is never empty while another yields so often.
  static task<u64> received_during_turns(R& rt, u64 turns, u64 messages) {
    unbounded_channel<u64, R> link;
    for (u64 i = 0; i < messages; ++i) static_cast<void>(link.try_send(i));
    u64 received = 0;
    auto receiving = rt.spawn(receive_for_ever(link, received));
    for (u64 turn = 0; turn < turns; ++turn) co_await rt.yield();
    u64 const answer = received;
    link.close();
    co_await receiving;
    co_return answer;
  }
};
TYPED_TEST_SUITE_P(channels);

TYPED_TEST_P(channels, EveryMessageArrivesOnce) {
  with_each<TypeParam>([](auto& rt) {
    u64 const each = often(2'000);
    for (u64 capacity : {0u, 1u, 16u, 100'000u}) {
      SCOPED_TRACE(capacity);
      TestFixture::expect_each_number_once(
          rt.block_on(TestFixture::exchange(rt, capacity, 4, 4, each)), 4 * each);
    }
  });
}

TYPED_TEST_P(channels, AFullChannelMakesItsSenderWait) {
  with_each<TypeParam>([](auto& rt) {
    for (u64 capacity : {1u, 4u, 64u}) {
      i64 const ahead =
          rt.block_on(TestFixture::most_ahead_of_a_slow_receiver(rt, capacity, often(2'000)));
      EXPECT_LE(ahead, static_cast<i64>(capacity));
    }
  });
}

TYPED_TEST_P(channels, AClosedChannelAnswers) {
  with_each<TypeParam>(
      [](auto& rt) { EXPECT_EQ(rt.block_on(TestFixture::answers_of_a_closed_channel(rt)), 6u); });
}

TYPED_TEST_P(channels, ARaceLosesNoMessage) {
  with_each<TypeParam>([](auto& rt) {
    u64 const count = often(5'000);
    for (u64 capacity : {1u, 16u}) {
      for (u64 receivers : {1u, 4u}) {
        TestFixture::expect_each_number_once(
            rt.block_on(TestFixture::exchange_in_races(rt, capacity, receivers, count)), count);
      }
    }
  });
}

TYPED_TEST_P(channels, AChannelThatIsNeverEmptyDoesNotStarveOtherTasks) {
  with_one_worker<TypeParam>([](auto& rt) {
    u64 const turns = 50;
    u64 const budget = budget::operations_per_turn;
    u64 const messages = sized(1'000'000 / slowdown, 50'000);
    EXPECT_LE(rt.block_on(TestFixture::received_during_turns(rt, turns, messages)),
              4 * budget * (turns + 1));
  });
}

TYPED_TEST_P(channels, AMessageFromAForeignThreadWakesItsReceiver) {
  with_each_shared<TypeParam>([](auto& rt) {
    typename TestFixture::numbers link(1);
    u64 const count = often(1'000);
    std::jthread const foreign([&] {
      for (u64 i = 0; i < count; ++i) {
        backoff pause;
        while (link.try_send(i) != send_result::sent) pause.wait();
      }
      link.close();
    });
    TestFixture::expect_each_number_once(rt.block_on(TestFixture::receive_until_closed(link)),
                                         count);
  });
}

REGISTER_TYPED_TEST_SUITE_P(channels, EveryMessageArrivesOnce, AFullChannelMakesItsSenderWait,
                            AClosedChannelAnswers, ARaceLosesNoMessage,
                            AChannelThatIsNeverEmptyDoesNotStarveOtherTasks,
                            AMessageFromAForeignThreadWakesItsReceiver);

}  // namespace regatta::laws
