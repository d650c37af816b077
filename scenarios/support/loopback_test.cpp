#include "scenarios/support/loopback.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "runtimes/interface/channel.hpp"
#include "runtimes/interface/least_runtime.hpp"

namespace regatta::scenarios {
namespace {

using ::testing::HasSubstr;

// A door without a socket: all that a server asks of it is to learn that it was closed.
struct toy_door {
  regatta::channel<nothing, least_pool> open{1};
  void close() noexcept { open.close(); }
};

// Takes its time to end.
task<u64> serve(least_pool& rt, toy_door& door, bool& has_ended) {
  co_await door.open.recv();
  for (int i = 0; i < 10'000; ++i) co_await rt.yield();
  has_ended = true;
  co_return 7;
}

task<u64> contented_clients() { co_return 42; }
task<u64> failing_clients() {
  throw std::runtime_error("nobody answers");
  co_return 0;
}

task<visit> visit_by(least_pool& rt, task<u64> clients, bool& server_has_ended) {
  toy_door door;
  auto server = rt.spawn(serve(rt, door, server_has_ended));
  auto visiting = visit_server(door, std::move(server), std::move(clients));
  co_return co_await visiting;
}

TEST(VisitServer, AnswersWhatBothSidesHaveToTell) {
  least_pool rt;
  bool has_ended = false;
  auto const seen = rt.block_on(visit_by(rt, contented_clients(), has_ended));
  EXPECT_EQ(seen.answer, 42u);
  EXPECT_EQ(seen.accepted, 7u);
  EXPECT_TRUE(has_ended);
}

TEST(VisitServer, LeavesNoServerBehindWhenItsClientsFail) {
  least_pool rt;
  bool has_ended = false;
  EXPECT_THROW(rt.block_on(visit_by(rt, failing_clients(), has_ended)), std::runtime_error);
  EXPECT_TRUE(has_ended);
}

void echo_into(exchange& words) {
  std::copy(words.question().begin(), words.question().end(), words.answer().begin());
}

TEST(Exchange, CountsAnAnswerThatIsTheQuestion) {
  exchange words(100);
  words.fill(3, 5);
  echo_into(words);
  EXPECT_EQ(words.right_bytes({100, 0}), 100u);
}

TEST(Exchange, TellsTheAnswerToAnotherQuestion) {
  exchange words(100);
  words.fill(3, 5);
  echo_into(words);
  words.fill(3, 6);
  EXPECT_EQ(words.right_bytes({100, 0}), 0u);
  echo_into(words);
  words.fill(4, 6);
  EXPECT_EQ(words.right_bytes({100, 0}), 0u);
}

TEST(Exchange, ThrowsWhereNotAllCameOrWent) {
  exchange words(100);
  EXPECT_THROW(static_cast<void>(words.right_bytes({99, 0})), std::runtime_error);
  EXPECT_THROW(static_cast<void>(words.right_bytes({100, ECONNRESET})), std::runtime_error);
  EXPECT_THROW(exchange::check_sent({0, EPIPE}), std::runtime_error);
}

TEST(Descriptors, AreNotEnoughWhereTheLimitSaysSo) {
  EXPECT_NO_THROW(require_descriptors(0));
  std::string complaint;
  try {
    require_descriptors(descriptor_limit());
  } catch (unsupported const& error) {
    complaint = error.what();
  }
  EXPECT_THAT(complaint, HasSubstr("choose fewer connections"));
}

}  // namespace
}  // namespace regatta::scenarios
