// Proves that the simulation finds what it is for: programs with one flaw each, as people really
// write them, and the same programs without it.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtimes/interface/join.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/time.hpp"
#include "runtimes/interface/wait_list.hpp"
#include "runtimes/simulated/runtime.hpp"
#include "runtimes/simulated/search.hpp"

namespace regatta::runtimes::simulated {
namespace {

using namespace std::chrono_literals;

// The program is made with the flaw, which must be found by what it does, and without.
template <class Make>
void expect_found_and_only_there(std::string const& effect, Make make, conditions how = {}) {
  auto const failure = first_failure([&](runtime& rt) { return make(rt, true); }, how);
  ASSERT_TRUE(failure) << "the flaw was not found";
  EXPECT_NE(failure->why.find(effect), std::string::npos) << failure->text();
  testing::Test::RecordProperty("found after seeds", std::to_string(failure->seeds_tried));
  auto const false_alarm = first_failure([&](runtime& rt) { return make(rt, false); }, how);
  EXPECT_FALSE(false_alarm) << false_alarm->text();
}

// A queue whose receivers can be cancelled. The flaw: a receiver that was woken and is cancelled
// before it runs keeps the wake for itself, and its message lies there while others sleep.
class queue {
 public:
  explicit queue(bool loses_wakes) : loses_wakes_(loses_wakes) {}

  void send(int message) {
    messages_.push_back(message);
    wake_one();
  }

  class awaiter : waiter {
   public:
    explicit awaiter(queue& from) : from_(from) {}
    ~awaiter() {
      if (is_waiting()) {
        from_.receivers_.remove(*this);
      } else if (is_suspended_ && !from_.loses_wakes_ && !from_.messages_.empty()) {
        from_.wake_one();
      }
    }
    bool await_ready() const { return !from_.messages_.empty(); }
    template <has_work P>
    void await_suspend(std::coroutine_handle<P> waiting) {
      is_suspended_ = true;
      from_.receivers_.push_back(*this, waiting.promise());
    }
    // Nothing, if somebody else was faster.
    std::optional<int> await_resume() {
      is_suspended_ = false;
      if (from_.messages_.empty()) return std::nullopt;
      int const message = from_.messages_.front();
      from_.messages_.pop_front();
      return message;
    }

   private:
    friend wait_list<awaiter>;
    friend queue;
    queue& from_;
    bool is_suspended_ = false;
  };
  awaiter recv() { return awaiter(*this); }

 private:
  void wake_one() {
    if (receivers_.empty()) return;
    work& ready = receivers_.pop_front();
    post_admitted(ready.executor->admit(ready));
  }

  bool const loses_wakes_;
  std::deque<int> messages_;
  wait_list<> receivers_;
};

task<int> receive(queue& from) {
  for (;;) {
    auto const message = co_await from.recv();
    if (message) co_return *message;
  }
}
task<void> yields(runtime& rt, u64 times) {
  for (u64 i = 0; i < times; ++i) co_await rt.yield();
}
task<int> receive_impatiently(runtime& rt, queue& from) {
  auto first = co_await race(receive(from), yields(rt, 3));
  co_return first.index() == 0 ? std::get<0>(first) : 0;
}
task<void> send_later(runtime& rt, queue& to, int message) {
  co_await yields(rt, 4);
  to.send(message);
}
task<std::string> two_receivers(runtime& rt, bool has_flaw) {
  queue messages(has_flaw);
  auto impatient = rt.spawn(receive_impatiently(rt, messages));
  auto patient = rt.spawn(receive(messages));
  auto sending = rt.spawn(send_later(rt, messages, 1));
  int const received = co_await impatient;
  // Who was impatient and has received leaves nothing for the other.
  if (received != 0) messages.send(2);
  co_await patient;
  co_await sending;
  co_return "";
}

TEST(FoundBugs, AWakeIsLostWithItsReceiver) {
  expect_found_and_only_there("the simulation is stuck",
                              [](runtime& rt, bool flaw) { return two_receivers(rt, flaw); });
}

// Reads a balance, does something else, and writes what it had read.
task<void> pay_in(runtime& rt, u64& balance, bool has_flaw) {
  u64 const before = balance;
  if (has_flaw) co_await rt.yield();
  balance = before + 1;
  co_await rt.yield();
}
task<std::string> two_payments(runtime& rt, bool has_flaw) {
  u64 balance = 0;
  auto first = rt.spawn(pay_in(rt, balance, has_flaw));
  auto second = rt.spawn(pay_in(rt, balance, has_flaw));
  co_await first;
  co_await second;
  co_return balance == 2 ? "" : "a payment is lost";
}

TEST(FoundBugs, AnUpdateIsLostAcrossAWait) {
  expect_found_and_only_there("a payment is lost",
                              [](runtime& rt, bool flaw) { return two_payments(rt, flaw); });
}

// Expects that what was spawned first has begun before the spawner goes on.
task<void> open_shop(bool& is_open) {
  is_open = true;
  co_return;
}
task<std::string> spawn_and_go_on(runtime& rt, bool has_flaw) {
  bool is_open = false;
  auto opening = rt.spawn(open_shop(is_open));
  if (has_flaw) {
    co_await rt.yield();
  } else {
    co_await opening;
  }
  bool const was_open = is_open;
  if (has_flaw) co_await opening;
  co_return was_open ? "" : "the shop was closed";
}

TEST(FoundBugs, AYieldIsTakenForAJoin) {
  expect_found_and_only_there("the shop was closed",
                              [](runtime& rt, bool flaw) { return spawn_and_go_on(rt, flaw); });
}

// From here on with sockets.

constexpr std::size_t message_bytes = 200;
using message = std::array<std::byte, message_bytes>;

message numbered(u64 number) {
  message made;
  for (std::size_t i = 0; i < made.size(); ++i) made[i] = static_cast<std::byte>(number + i);
  return made;
}
task<stream> accept_one(listener& door) {
  auto accepted = co_await door.accept();
  co_return *std::move(accepted);
}

// Sends some messages and finishes. The flaw: takes a short write for a whole one.
task<void> send_messages(stream to, u64 count, bool ignores_short_writes) {
  for (u64 i = 0; i < count; ++i) {
    auto const one = numbered(i);
    if (ignores_short_writes) {
      auto const put = co_await to.write(one);
      if (!put.ok()) co_return;
    } else {
      auto const put = co_await write_all(to, one);
      if (!put.ok()) co_return;
    }
  }
}
// The flaw: takes what one read brings for a message.
task<std::string> receive_messages(stream from, u64 count, bool trusts_one_read) {
  for (u64 i = 0; i < count; ++i) {
    message one{};
    if (trusts_one_read) {
      auto const got = co_await from.read(one);
      if (!got.ok()) co_return "an error";
    } else {
      auto const got = co_await read_exactly(from, one);
      if (got.count != one.size()) co_return "a message is short";
    }
    if (one != numbered(i)) co_return "a message is wrong";
  }
  co_return "";
}
task<std::string> pass_messages(runtime& rt, bool ignores_short_writes, bool trusts_one_read) {
  auto door = rt.listen(endpoint::loopback());
  auto accepting = rt.spawn(accept_one(*door));
  auto client = co_await rt.connect(door->local_endpoint());
  auto server = co_await accepting;
  auto sending = rt.spawn(send_messages(*std::move(client), 3, ignores_short_writes));
  auto receiving = receive_messages(std::move(server), 3, trusts_one_read);
  auto const wrong = co_await receiving;
  co_await sending;
  co_return wrong;
}

TEST(FoundBugs, AReadIsTakenForAMessage) {
  expect_found_and_only_there(
      "a message is wrong", [](runtime& rt, bool flaw) { return pass_messages(rt, false, flaw); });
}

TEST(FoundBugs, AShortWriteIsTakenForAWholeOne) {
  expect_found_and_only_there(
      "a message is", [](runtime& rt, bool flaw) { return pass_messages(rt, flaw, false); });
}

// Asks a server that answers with the question, over a network that resets connections now and
// then, and asks again where that happened. The flaw: does not look what became of the write. The
// error is told only once, so that the read then seems to find a peer that has nothing to say.
task<void> answer_all(runtime& rt, listener& door) {
  auto const serve = [](stream peer) -> task<void> {
    message question;
    auto const got = co_await read_exactly(peer, question);
    if (got.count == question.size()) {
      auto const put = co_await write_all(peer, question);
      if (!put.ok()) co_return;
    }
  };
  for (;;) {
    auto peer = co_await door.accept();
    if (!peer) co_return;
    rt.spawn(serve(*std::move(peer))).detach();
  }
}
enum class outcome { answered, nothing_to_say, try_again };
task<outcome> ask_once(runtime& rt, endpoint where, bool has_flaw) {
  auto server = co_await rt.connect(where);
  if (!server) co_return outcome::try_again;
  auto const question = numbered(9);
  auto const put = co_await write_all(*server, question);
  if (!has_flaw && !put.ok()) co_return outcome::try_again;
  message answer;
  auto const got = co_await read_exactly(*server, answer);
  if (got.count == answer.size() && answer == question) co_return outcome::answered;
  // A server that closes in order before it has answered everything has been reset by its peer's
  // network, too: it is asked again, unless not a byte has come.
  if (!got.ok() || got.count > 0) co_return outcome::try_again;
  co_return outcome::nothing_to_say;
}
task<std::string> ask_until_answered(runtime& rt, bool has_flaw) {
  auto door = rt.listen(endpoint::loopback());
  auto answering = rt.spawn(answer_all(rt, *door));
  auto const where = door->local_endpoint();
  std::string wrong;
  for (int attempt = 0; attempt < 1'000; ++attempt) {
    auto asking = ask_once(rt, where, has_flaw);
    auto const came = co_await asking;
    if (came == outcome::answered) break;
    if (came == outcome::nothing_to_say) {
      wrong = "a reset was taken for an answer";
      break;
    }
  }
  door->close();
  co_await answering;
  co_return wrong;
}

TEST(FoundBugs, ARetryMissesAReset) {
  expect_found_and_only_there("a reset was taken for an answer",
                              [](runtime& rt, bool flaw) { return ask_until_answered(rt, flaw); },
                              {.resets_per_million = 50'000});
}

// Waits for an answer, but not for long; the flaw: takes the first thing that comes afterwards for
// the answer to the next question.
task<void> answer_slowly(runtime& rt, stream peer) {
  for (;;) {
    std::array<std::byte, 1> question;
    auto const got = co_await peer.read(question);
    if (got.count == 0) co_return;
    co_await sleep_for(rt, 50us);
    auto const put = co_await peer.write(question);
    if (!put.ok()) co_return;
  }
}
task<std::byte> read_byte(stream& from) {
  std::array<std::byte, 1> one{};
  auto const got = co_await from.read(one);
  co_return got.count == 1 ? one[0] : std::byte{0};
}
task<std::string> ask_impatiently(runtime& rt, bool has_flaw) {
  auto door = rt.listen(endpoint::loopback());
  auto accepting = rt.spawn(accept_one(*door));
  auto server = co_await rt.connect(door->local_endpoint());
  auto answering = rt.spawn(answer_slowly(rt, co_await accepting));
  std::string wrong;
  for (u64 number = 1; number <= 3 && wrong.empty(); ++number) {
    std::array<std::byte, 1> const question{std::byte(number)};
    auto const put = co_await server->write(question);
    if (!put.ok()) co_return "an error";
    auto patient = timeout(rt, has_flaw ? duration(150us) : duration(1s), read_byte(*server));
    auto const answer = co_await patient;
    if (answer && *answer != question[0]) wrong = "the answer to another question";
  }
  server->close();
  co_await answering;
  co_return wrong;
}

TEST(FoundBugs, ALateAnswerIsTakenForTheNext) {
  expect_found_and_only_there("the answer to another question",
                              [](runtime& rt, bool flaw) { return ask_impatiently(rt, flaw); });
}

}  // namespace
}  // namespace regatta::runtimes::simulated
