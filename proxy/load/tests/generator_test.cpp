#include "proxy/load/generator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <fstream>
#include <future>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "proxy/load/bulk_head.hpp"
#include "proxy/load/ceiling.hpp"
#include "proxy/load/null_server.hpp"
#include "proxy/load/payload.hpp"
#include "proxy/load/tests/test_server.hpp"

namespace regatta::load {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr u64 size = 128;
using message = std::array<u8, size>;

// An echo server that may do something to each message on its way back.
test_server::conversation echo_but(std::function<void(message&, int index)> change) {
  return [change = std::move(change)](int socket, int) {
    message m;
    for (int i = 0; test_server::recv_all(socket, m.data(), m.size()); ++i) {
      change(m, i);
      if (!test_server::send_all(socket, m.data(), m.size())) return;
    }
  };
}

void expect_all_right(load_result const& r) {
  EXPECT_GT(r.completed, 0u);
  EXPECT_EQ(r.failed(), 0u);
  EXPECT_EQ(r.scheduled, r.completed + r.skipped);
  EXPECT_EQ(r.latency_corrected.count(), r.completed);
  EXPECT_EQ(r.latency_uncorrected.count(), r.completed);
  EXPECT_FALSE(r.interrupted);
  EXPECT_FALSE(r.gave_up);
  EXPECT_GT(r.cpu_ns, 0u);
  EXPECT_GT(r.elapsed_ns, 0u);
}

TEST(Generator, SendsAsManyRequestsAsItWasTold) {
  null_server const server({.threads = 2});
  generator gun({.target = server.where(), .threads = 2, .connections = 5});
  gun.connect();
  EXPECT_EQ(gun.connect_times().count(), 5u);
  for (u64 requests : {1u, 2u, 1000u}) {
    auto const r = gun.run(requests);
    expect_all_right(r);
    EXPECT_EQ(r.completed, requests);
    EXPECT_EQ(r.bytes_sent, requests * size);
    EXPECT_EQ(r.bytes_received, requests * size);
  }
  EXPECT_EQ(server.accepted(), 5u) << "all runs use the same connections";
  EXPECT_EQ(server.bytes_received(), 1003 * size);
}

TEST(Generator, StopsWhenItsTimeIsOver) {
  null_server const server({});
  generator gun({.target = server.where(), .connections = 3, .time = 50ms});
  auto const r = gun.run();
  expect_all_right(r);
  EXPECT_GE(r.elapsed_ns, 45'000'000u);
  EXPECT_LT(r.elapsed_ns, 2'000'000'000u);
  EXPECT_NEAR(r.achieved_per_s * static_cast<double>(r.elapsed_ns) / 1e9,
              static_cast<double>(r.completed), 1);
}

TEST(Generator, GoesOverIpv6AndUnixSockets) {
  auto const path = "/tmp/regatta_load_test_" + std::to_string(::getpid());
  for (auto const& where : {endpoint::loopback_v6(), *endpoint::unix_path(path),
                            *endpoint::unix_path("@regatta_load_test")}) {
    null_server const server({.where = where});
    for (auto kind : {traffic::echo, traffic::churn}) {
      generator gun({.target = server.where(), .kind = kind, .connections = 4});
      expect_all_right(gun.run(500));
    }
  }
}

TEST(Generator, WaitsForAUnixServerWhoseBacklogIsFull) {
  null_server const server({.where = *endpoint::unix_path("@regatta_load_full"), .backlog = 1});
  generator gun({.target = server.where(), .connections = 200});
  expect_all_right(gun.run(1000));
}

TEST(Generator, SendsMessagesThatNoSocketHoldsAtOnce) {
  null_server const server({});
  for (auto where : {server.where()}) {
    generator gun({.target = where, .connections = 3, .message_bytes = 20'000'000});
    auto const r = gun.run(6);
    expect_all_right(r);
    EXPECT_EQ(r.bytes_received, 120'000'000u);
  }
  null_server const local({.where = *endpoint::unix_path("@regatta_load_big")});
  generator gun({.target = local.where(), .connections = 3, .message_bytes = 5'000'000});
  expect_all_right(gun.run(6));
}

TEST(Generator, NoticesAByteThatChanged) {
  for (std::size_t changed : {std::size_t{0}, size / 2, size - 1}) {
    test_server const server(echo_but([&](message& m, int i) { m[changed] ^= i == 3 ? 4 : 0; }));
    generator gun({.target = server.where()});
    auto const r = gun.run(10);
    // Each connection has its fourth message changed, and is replaced then.
    EXPECT_EQ(r.wrong(), 2u);
    EXPECT_EQ(r.failed(), 2u);
    EXPECT_EQ(r.completed, 8u);
    EXPECT_EQ(r.latency_uncorrected.count(), 8u);
  }
}

TEST(Generator, NoticesAnAnswerThatWasSentBefore) {
  message last{};
  test_server const server(echo_but([&](message& m, int i) {
    if (i == 5) m = last;
    last = m;
  }));
  generator gun({.target = server.where()});
  EXPECT_EQ(gun.run(6).wrong(), 1u);
}

TEST(Generator, NoticesAnAnswerToAnotherConnection) {
  // Two connections, whose answers are crossed over.
  std::array<std::promise<message>, 2> got;
  test_server const server([&](int socket, int index) {
    message m;
    if (index > 1 || !test_server::recv_all(socket, m.data(), m.size())) return;
    got[static_cast<std::size_t>(index)].set_value(m);
    auto const other = got[static_cast<std::size_t>(1 - index)].get_future().get();
    (void)test_server::send_all(socket, other.data(), other.size());
    (void)test_server::recv_all(socket, m.data(), m.size());
  });
  generator gun({.target = server.where(), .connections = 2});
  gun.connect();
  EXPECT_EQ(gun.run(2).wrong(), 2u);
}

TEST(Generator, NoticesOneByteTooMany) {
  test_server const server([](int socket, int) {
    std::array<u8, size + 1> m{};
    while (test_server::recv_all(socket, m.data(), size)) {
      if (!test_server::send_all(socket, m.data(), m.size())) return;
    }
  });
  generator gun({.target = server.where()});
  EXPECT_EQ(gun.run(1).wrong(), 1u);
}

TEST(Generator, NoticesAnAnswerThatEndsEarly) {
  test_server const server([](int socket, int) {
    message m;
    (void)test_server::recv_all(socket, m.data(), m.size());
    (void)test_server::send_all(socket, m.data(), m.size() - 1);
  });
  generator gun({.target = server.where()});
  auto const r = gun.run(3);
  EXPECT_EQ(r.failed(failure::early_end), 3u);
  EXPECT_EQ(r.completed, 0u);
}

TEST(Generator, NoticesAReset) {
  test_server const server([](int socket, int) {
    message m;
    (void)test_server::recv_all(socket, m.data(), 1);  // What is unread makes the close a reset.
    linger const at_once{.l_onoff = 1, .l_linger = 0};
    (void)::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    sockaddr nobody{};
    nobody.sa_family = AF_UNSPEC;
    (void)::connect(socket, &nobody, sizeof nobody);
  });
  generator gun({.target = server.where()});
  EXPECT_EQ(gun.run(2).failed(failure::reset), 2u);
}

TEST(Generator, NoticesThatNobodyAnswers) {
  test_server const server([](int socket, int) {
    message m;
    while (test_server::recv_all(socket, m.data(), m.size())) continue;
  });
  generator gun({.target = server.where(), .connections = 2, .timeout = 50ms});
  auto const r = gun.run(4);
  EXPECT_EQ(r.failed(failure::timed_out), 4u);
  EXPECT_EQ(r.completed, 0u);
}

TEST(Generator, SaysThatItWasRefused) {
  endpoint nobody;
  {
    test_server const server([](int, int) {});
    nobody = server.where();
  }
  generator gun({.target = nobody, .connections = 3});
  try {
    gun.connect();
    FAIL() << "nobody listens there";
  } catch (could_not_connect const& error) {
    EXPECT_THAT(error.what(), HasSubstr("connected 0 of 3"));
    EXPECT_THAT(error.what(), HasSubstr("3 refused"));
  }
  generator churn({.target = nobody, .kind = traffic::churn, .connections = 3});
  auto const r = churn.run(1'000'000);
  EXPECT_TRUE(r.gave_up) << "or else this would take hours";
  EXPECT_EQ(r.failed(failure::refused), 30u);
  EXPECT_EQ(r.completed, 0u);
}

TEST(Generator, ReplacesAConnectionThatTheServerClosesBetweenRequests) {
  std::atomic<int> closed = 0;
  test_server const server([&](int socket, int) {
    message m;
    for (int i = 0; i != 3 && test_server::recv_all(socket, m.data(), m.size()); ++i) {
      (void)test_server::send_all(socket, m.data(), m.size());
    }
    (void)::shutdown(socket, SHUT_RDWR);
    ++closed;
  });
  generator gun({.target = server.where()});
  for (int run = 1; run != 20; ++run) {
    expect_all_right(gun.run(3));
    while (closed < run) std::this_thread::yield();
  }
}

// Connections to or from the port in state TIME_WAIT, of this network namespace.
int waiting_ports(endpoint const& server) {
  std::ifstream table("/proc/net/tcp");
  std::string row;
  int count = 0;
  std::ostringstream port;
  port << ':' << std::uppercase << std::hex << server.port() << " 06 ";
  while (std::getline(table, row)) count += row.find(port.str()) != row.npos ? 1 : 0;
  return count;
}

TEST(Generator, LeavesNoPortWaitingAfterChurn) {
  null_server const server({});
  int const of_others = waiting_ports(server.where());  // Whoever had the port before.
  generator gun({.target = server.where(), .kind = traffic::churn, .connections = 8});
  auto const r = gun.run(2000);
  expect_all_right(r);
  EXPECT_EQ(r.connect_times.count(), 2000u);
  EXPECT_EQ(server.accepted(), 2000u);
  EXPECT_LE(waiting_ports(server.where()), of_others);
}

TEST(Generator, ClosesInAnOrderlyWayIfAsked) {
  null_server const server({});
  generator gun({.target = server.where(),
                 .kind = traffic::churn,
                 .connections = 8,
                 .close = closing::orderly});
  expect_all_right(gun.run(500));
  EXPECT_EQ(server.accepted(), 500u);
  EXPECT_GE(waiting_ports(server.where()), 500) << "the price of it";
}

TEST(Generator, ReplacesAConnectionAfterSoManyRequests) {
  null_server const server({});
  generator gun({.target = server.where(), .requests_per_connection = 10});
  expect_all_right(gun.run(100));
  EXPECT_EQ(server.accepted(), 10u);
}

TEST(Generator, HoldsThousandsOfConnections) {
  null_server const server({});
  generator gun({.target = server.where(), .threads = 2, .connections = 2000});
  gun.connect();
  EXPECT_EQ(gun.connect_times().count(), 2000u);
  auto const r = gun.run(10'000);
  expect_all_right(r);
  EXPECT_EQ(server.accepted(), 2000u);
  EXPECT_EQ(r.completed, 10'000u);
}

TEST(Generator, ConnectsFromSeveralAddresses) {
  std::mutex mutex;
  std::set<u8> addresses;
  test_server const server([&](int socket, int) {
    core::socket_address peer;
    peer.length = sizeof peer.storage;
    ASSERT_EQ(::getpeername(socket, peer.get(), &peer.length), 0);
    {
      std::lock_guard const lock(mutex);
      addresses.insert(core::to_endpoint(peer).address()[3]);
    }
    message m;
    (void)test_server::recv_all(socket, m.data(), m.size());
    (void)test_server::send_all(socket, m.data(), m.size());
  });
  generator gun({.target = server.where(), .connections = 9, .source_addresses = 3});
  gun.run(9);
  std::lock_guard const lock(mutex);
  EXPECT_EQ(addresses, (std::set<u8>{1, 2, 3}));
}

TEST(Generator, SendsAndTakesInBulk) {
  null_server const server({.kind = service::bulk});
  for (auto way : {bulk_way::up, bulk_way::down}) {
    generator gun({.target = server.where(),
                   .kind = traffic::bulk,
                   .connections = 2,
                   .message_bytes = 3'000'001,
                   .way = way});
    auto const r = gun.run(10);
    expect_all_right(r);
    EXPECT_EQ(r.bytes_sent, way == bulk_way::up ? 30'000'010u : 0u);
    EXPECT_EQ(r.bytes_received, way == bulk_way::down ? 30'000'010u : 0u);
  }
}

TEST(NullServer, SaysWhenWhatItGotIsWrong) {
  null_server const server({.kind = service::bulk});
  payload const stream(4);
  for (int changed : {-1, 0, 499}) {
    descriptor const socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto const address = core::to_socket_address(server.where());
    ASSERT_EQ(::connect(socket.get(), address.get(), address.length), 0);
    auto const head = bulk_head{.seed = 4, .up = 500, .down = 3, .up_start = 9, .down_start = 70};
    auto const wire = head.to_wire();
    std::vector<u8> bytes(stream.at(9), stream.at(9) + 500);
    if (changed >= 0) bytes[static_cast<std::size_t>(changed)] ^= 1;
    ASSERT_TRUE(test_server::send_all(socket.get(), wire.data(), wire.size()));
    ASSERT_TRUE(test_server::send_all(socket.get(), bytes.data(), bytes.size()));
    std::array<u8, 4> answer{};
    ASSERT_TRUE(test_server::recv_all(socket.get(), answer.data(), answer.size()));
    EXPECT_EQ(answer[0], changed < 0 ? bulk_right : bulk_wrong);
    EXPECT_TRUE(stream.holds(70, answer.data() + 1, 3));
  }
}

TEST(Generator, NoticesThatTheServerGotSomethingElse) {
  test_server const server([](int socket, int) {
    std::array<u8, sizeof(bulk_head) + size> all;
    if (!test_server::recv_all(socket, all.data(), all.size())) return;
    (void)test_server::send_all(socket, &bulk_wrong, 1);
  });
  generator gun({.target = server.where(), .kind = traffic::bulk, .way = bulk_way::up});
  EXPECT_EQ(gun.run(2).wrong(), 2u);
}

// A web server that answers each request with this text.
test_server::conversation answering(std::function<std::string(int)> answer, bool closes = false) {
  return [answer = std::move(answer), closes](int socket, int) {
    std::string request;
    char letter = 0;
    for (int i = 0; test_server::recv_all(socket, &letter, 1);) {
      request += letter;
      if (request.size() < 4 || request.substr(request.size() - 4) != "\r\n\r\n") continue;
      EXPECT_THAT(request, HasSubstr("GET /some/where?x=1 HTTP/1.1\r\nHost: a.b\r\n"));
      if (!test_server::send_all(socket, answer(i++)) || closes) return;
      request.clear();
    }
  };
}

load_plan web_plan(endpoint const& where) {
  return {.target = where, .kind = traffic::http, .path = "/some/where?x=1", .host = "a.b"};
}

TEST(Generator, GetsOverHttp) {
  null_server const server({.kind = service::http, .message_bytes = 1000});
  generator gun(
      {.target = server.where(), .kind = traffic::http, .connections = 4, .same_body = true});
  auto const r = gun.run(1000);
  expect_all_right(r);
  EXPECT_EQ(r.bytes_received, 1'000'000u);
  EXPECT_EQ(server.accepted(), 4u);
}

TEST(Generator, TakesChunks) {
  test_server const server(answering([](int) {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n";
  }));
  generator gun(web_plan(server.where()));
  auto const r = gun.run(100);
  expect_all_right(r);
  EXPECT_EQ(r.bytes_received, 600u);
}

TEST(Generator, FollowsAWebServerThatClosesAfterEachAnswer) {
  for (std::string head : {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
                           "HTTP/1.0 200 OK\r\n\r\nok"}) {
    test_server const server(answering([&](int) { return head; }, true));
    generator gun(web_plan(server.where()));
    auto const r = gun.run(20);
    expect_all_right(r);
    EXPECT_EQ(r.connect_times.count(), 19u);
  }
}

TEST(Generator, CountsABadStatusAndGoesOn) {
  test_server const server(answering([](int i) {
    return std::string("HTTP/1.1 ") + (i % 2 == 0 ? "200" : "503") +
           "\r\nContent-Length: 0\r\n\r\n";
  }));
  generator gun(web_plan(server.where()));
  auto const r = gun.run(100);
  EXPECT_EQ(r.completed, 50u);
  EXPECT_EQ(r.failed(failure::bad_answer), 50u);
  EXPECT_EQ(r.connect_times.count(), 0u);
}

TEST(Generator, NoticesAnotherBodyWhereAllAreToBeTheSame) {
  for (std::string other : {"hellO", "hell", "hello!"}) {
    test_server const server(answering([&](int i) {
      auto const body = i == 3 ? other : std::string("hello");
      return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
             body;
    }));
    auto plan = web_plan(server.where());
    generator careless(plan);
    EXPECT_EQ(careless.run(4).wrong(), 0u);
    plan.same_body = true;
    generator careful(plan);
    EXPECT_EQ(careful.run(4).wrong(), 1u) << other;
  }
}

TEST(Generator, StopsFromOutside) {
  null_server const server({});
  generator gun({.target = server.where(), .threads = 2, .connections = 4});
  gun.connect();
  std::thread stopper([&] {
    std::this_thread::sleep_for(50ms);
    gun.stop();
  });
  auto const r = gun.run_for(1h);
  stopper.join();
  EXPECT_TRUE(r.interrupted);
  EXPECT_GT(r.completed, 0u);
  EXPECT_EQ(r.latency_uncorrected.count(), r.completed);
  EXPECT_TRUE(gun.run_for(1h).interrupted) << "and it stays stopped";
}

TEST(Generator, RefusesAPlanThatCannotBe) {
  auto const why = [](load_plan plan) -> std::string {
    if (plan.target.port() == 0) plan.target = endpoint::loopback(1);
    try {
      generator const gun(plan);
      return "";
    } catch (bad_plan const& error) {
      return error.what();
    }
  };
  EXPECT_EQ(why({}), "");
  EXPECT_THAT(why({.threads = 0}), HasSubstr("threads"));
  EXPECT_THAT(why({.threads = 3, .connections = 2}), HasSubstr("at least one for each thread"));
  EXPECT_THAT(why({.connections = 2'000'000'000}), HasSubstr("descriptors"));
  EXPECT_THAT(why({.message_bytes = 0}), HasSubstr("0 bytes"));
  EXPECT_THAT(why({.rate_per_s = 0.0}), HasSubstr("rate"));
  EXPECT_THAT(why({.requests = 0}), HasSubstr("0 requests"));
  EXPECT_THAT(why({.kind = traffic::http, .path = "x"}), HasSubstr("begin with '/'"));
  EXPECT_THAT(why({.kind = traffic::http, .path = "/a b"}), HasSubstr("blank"));
  EXPECT_THAT(why({.target = endpoint::loopback_v6(1), .source_addresses = 2}),
              HasSubstr("IPv4 loopback"));
  EXPECT_THROW(generator({.target = endpoint::loopback(1), .processors = {4095}}),
               std::system_error);
}

TEST(Ceiling, IsTheSameLoadAgainstANullServer) {
  load_plan const plan{.target = endpoint::loopback(1), .connections = 4, .rate_per_s = 10};
  auto const found = measure_ceiling(plan, 50ms);
  expect_all_right(found.result);
  EXPECT_FALSE(found.result.open_loop);
  EXPECT_GT(found.per_s, 100);
  EXPECT_GT(found.per_s_by_cpu, found.per_s * 0.5);
}

TEST(Resolve, ReadsAddressesAndNames) {
  EXPECT_EQ(resolve("127.0.0.1:80"), endpoint::loopback(80));
  EXPECT_EQ(resolve("unix:/run/x"), *endpoint::unix_path("/run/x"));
  EXPECT_EQ(resolve("localhost:81").port(), 81);
  for (std::string const wrong :
       {"", "x", ":80", "127.0.0.1", "127.0.0.1:99999", "[::1]", "unix:"}) {
    EXPECT_THROW(resolve(wrong), std::runtime_error) << wrong;
  }
}

}  // namespace
}  // namespace regatta::load
