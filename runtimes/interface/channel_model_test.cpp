// Small programs on channels, run in every order there is.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "runtimes/interface/broadcast.hpp"
#include "runtimes/interface/channel.hpp"
#include "runtimes/interface/exploring_runtime.hpp"
#include "runtimes/interface/join.hpp"
#include "runtimes/interface/oneshot.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/stop.hpp"

namespace regatta {
namespace {

using R = exploring_runtime;
using pipe = channel<int, R>;

// Runs make(rt) in every order; answers how many there were.
template <class Make>
u64 explore(Make make) {
  every_schedule schedules;
  do {
    R rt(schedules);
    rt.block_on(make(rt));
  } while (schedules.next() && !::testing::Test::HasFailure());
  return schedules.tried();
}

task<void> send_both(pipe& target, int first) {
  co_await target.send(first);
  co_await target.send(first + 1);
}
task<std::optional<int>> receive_one(pipe& source) { co_return co_await source.recv(); }
task<void> yield_once(R& rt) { co_await rt.yield(); }

// Receives `patient` messages, each time giving up once before.
task<std::vector<int>> receive_impatiently(R& rt, pipe& source, int patient) {
  std::vector<int> received;
  for (int i = 0; i < patient; ++i) {
    auto contest = race(receive_one(source), yield_once(rt));
    auto won = co_await contest;
    if (won.index() == 0) {
      if (!std::get<0>(won)) co_return received;
      received.push_back(*std::get<0>(won));
    }
  }
  while (auto message = co_await source.recv()) received.push_back(*message);
  co_return received;
}

task<void> lose_nothing(R& rt, std::size_t capacity) {
  pipe messages(capacity);
  auto first = rt.spawn(receive_impatiently(rt, messages, 1));
  auto second = rt.spawn(receive_impatiently(rt, messages, 1));
  auto producer = rt.spawn(send_both(messages, 1));
  co_await producer;
  messages.close();
  auto received = co_await first;
  auto const rest = co_await second;
  received.insert(received.end(), rest.begin(), rest.end());
  std::sort(received.begin(), received.end());
  EXPECT_EQ(received, (std::vector<int>{1, 2}));
  EXPECT_EQ(messages.size(), 0u);
}

TEST(ChannelModel, CancelledReceiversLoseNothingInAnyOrder) {
  for (std::size_t capacity = 0; capacity <= 2; ++capacity) {
    u64 const orders = explore([capacity](R& rt) { return lose_nothing(rt, capacity); });
    EXPECT_GT(orders, 100u);
    RecordProperty("orders with capacity " + std::to_string(capacity), std::to_string(orders));
  }
}

task<void> keep_order(R& rt, std::size_t capacity) {
  pipe messages(capacity);
  auto consumer = rt.spawn(receive_impatiently(rt, messages, 2));
  auto producer = rt.spawn(send_both(messages, 1));
  auto other = rt.spawn(send_both(messages, 11));
  co_await producer;
  co_await other;
  messages.close();
  auto const received = co_await consumer;
  EXPECT_EQ(received.size(), 4u);
  auto const place = [&](int message) {
    return std::find(received.begin(), received.end(), message) - received.begin();
  };
  EXPECT_LT(place(1), place(2));
  EXPECT_LT(place(11), place(12));
}

TEST(ChannelModel, OneConsumerSeesEachProducersOrderInAnyOrder) {
  for (std::size_t capacity = 0; capacity <= 2; ++capacity) {
    explore([capacity](R& rt) { return keep_order(rt, capacity); });
  }
}

// A close that comes at any moment: every message is received, left in the channel or refused.
task<int> count_sent(pipe& target) {
  int sent = 0;
  for (int i = 0; i < 2; ++i) {
    auto const answer = co_await target.send(i);
    if (answer == send_result::sent) ++sent;
  }
  co_return sent;
}
task<void> close_after(R& rt, pipe& target, int turns) {
  for (int i = 0; i < turns; ++i) co_await rt.yield();
  target.close();
}
task<void> close_amid(R& rt, std::size_t capacity) {
  pipe messages(capacity);
  auto consumer = rt.spawn(receive_impatiently(rt, messages, 1));
  auto producer = rt.spawn(count_sent(messages));
  auto closer = rt.spawn(close_after(rt, messages, 2));
  int const sent = co_await producer;
  auto const received = co_await consumer;
  co_await closer;
  EXPECT_EQ(static_cast<int>(received.size()), sent);
  EXPECT_EQ(messages.size(), 0u);
}

TEST(ChannelModel, ACloseAtAnyMomentLosesNoMessageThatWasSent) {
  for (std::size_t capacity = 0; capacity <= 2; ++capacity) {
    explore([capacity](R& rt) { return close_amid(rt, capacity); });
  }
}

// Senders that give up: their room goes to others, and what they sent arrives once.
task<void> send_one(pipe& target, int message) { co_await target.send(message); }
task<void> send_impatiently(R& rt, pipe& target, int message) {
  auto contest = race(send_one(target, message), yield_once(rt));
  co_await contest;
}
task<void> give_up_sending(R& rt, std::size_t capacity) {
  pipe messages(capacity);
  auto impatient = rt.spawn(send_impatiently(rt, messages, 1));
  auto other = rt.spawn(send_impatiently(rt, messages, 2));
  auto patient = rt.spawn(send_one(messages, 3));
  auto consumer = rt.spawn(receive_impatiently(rt, messages, 1));
  co_await impatient;
  co_await other;
  co_await patient;
  messages.close();
  auto received = co_await consumer;
  std::sort(received.begin(), received.end());
  EXPECT_EQ(std::adjacent_find(received.begin(), received.end()), received.end());
  EXPECT_EQ(std::count(received.begin(), received.end(), 3), 1);
}

TEST(ChannelModel, SendersThatGiveUpLeaveNoTrace) {
  for (std::size_t capacity = 0; capacity <= 1; ++capacity) {
    explore([capacity](R& rt) { return give_up_sending(rt, capacity); });
  }
}

// A oneshot whose halves come and go in any order.
task<void> answer(R& rt, oneshot<int, R>::sender_half sender) {
  co_await rt.yield();
  sender.send(1);
}
task<std::optional<int>> await_answer(oneshot<int, R>::receiver_half& receiver) {
  co_return co_await receiver.recv();
}
task<void> ask(R& rt) {
  oneshot<int, R> line;
  rt.spawn(answer(rt, std::move(line.sender))).detach();
  auto contest = race(await_answer(line.receiver), yield_once(rt));
  auto const won = co_await contest;
  if (won.index() == 0) {
    EXPECT_EQ(std::get<0>(won), 1);
  } else {
    auto const late = co_await line.receiver.recv();
    EXPECT_EQ(late, 1);
  }
}

TEST(OneshotModel, AnAnswerReachesWhoAsksOnceInAnyOrder) {
  explore([](R& rt) { return ask(rt); });
}

task<bool> wait_for_stop(stop_token<R> token) {
  co_await token.stopped();
  co_return token.stop_requested();
}
task<void> stop_all(R& rt) {
  stop_source<R> source;
  auto first = rt.spawn(wait_for_stop(source.token()));
  auto second = rt.spawn(wait_for_stop(source.token()));
  co_await rt.yield();
  source.request_stop();
  EXPECT_TRUE(co_await first);
  EXPECT_TRUE(co_await second);
}

TEST(StopModel, ARequestReachesEverybodyInAnyOrder) {
  explore([](R& rt) { return stop_all(rt); });
}

task<int> listen(broadcast<int, R>::subscription messages) {
  int sum = 0;
  while (auto const next = co_await messages.recv()) sum += next->message;
  co_return sum;
}
task<void> tell(R& rt, broadcast<int, R>& all) {
  for (int i : {1, 2, 4}) {
    all.send(i);
    co_await rt.yield();
  }
  all.close();
}
task<void> tell_everybody(R& rt) {
  broadcast<int, R> all(4);
  auto first = rt.spawn(listen(all.subscribe()));
  auto second = rt.spawn(listen(all.subscribe()));
  auto telling = rt.spawn(tell(rt, all));
  co_await telling;
  EXPECT_EQ(co_await first, 7);
  EXPECT_EQ(co_await second, 7);
}

TEST(BroadcastModel, EverybodyHearsEverythingInAnyOrder) {
  explore([](R& rt) { return tell_everybody(rt); });
}

}  // namespace
}  // namespace regatta
