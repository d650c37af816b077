// The command as a shell calls it: exit status, what it prints, JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "proxy/load/null_server.hpp"
#include "proxy/load/tests/test_server.hpp"

namespace regatta::load {
namespace {

using testing::HasSubstr;

struct ended {
  int status = -1;
  std::string output;
};

ended run(std::string const& line) {
  ended found;
  auto* const pipe = ::popen(("exec " LOAD_COMMAND " " + line).c_str(), "re");
  if (pipe == nullptr) return found;
  std::array<char, 4096> piece;
  while (auto const count = std::fread(piece.data(), 1, piece.size(), pipe)) {
    found.output.append(piece.data(), count);
  }
  int const status = ::pclose(pipe);
  found.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return found;
}

TEST(Command, PrintsWhatItFound) {
  null_server const server({});
  auto const r = run("--processors 0 " + server.where().text() + " -c 4 -n 1000 --warm-up 20ms");
  EXPECT_EQ(r.status, 0) << r.output;
  for (auto const* expected :
       {"1,000 completed, 0 failed", "warm-up", "4 connections", "own CPU", "p99", "closed loop"}) {
    EXPECT_THAT(r.output, HasSubstr(expected));
  }
}

TEST(Command, WritesAllOfItAsJson) {
  null_server const server({});
  auto const r = run(server.where().text() +
                     " -c 4 -n 1000 --warm-up 0 --rate 20k --ceiling --json - 2>/dev/null");
  ASSERT_EQ(r.status, 0) << r.output;
  auto const json = nlohmann::json::parse(r.output);
  EXPECT_EQ(json.at("plan").at("connections"), 4);
  EXPECT_EQ(json.at("result").at("completed"), 1000);
  EXPECT_GT(json.at("ceiling_before").at("per_s"), 0);
  EXPECT_GT(json.at("ceiling_after").at("per_s_by_cpu"), 0);
  for (auto const* curve : {"latency_corrected_ns", "latency_uncorrected_ns"}) {
    std::uint64_t total = 0;
    for (auto const& bucket : json.at("result").at(curve).at("buckets")) {
      total += bucket.at(1).get<std::uint64_t>();
    }
    EXPECT_EQ(total, 1000u) << curve;
  }
}

TEST(Command, EndsWithOneWhereRequestsFailed) {
  test_server const server([](int socket, int) {
    std::array<char, 128> m;
    while (test_server::recv_all(socket, m.data(), m.size())) {
      m[7] ^= 1;
      if (!test_server::send_all(socket, m.data(), m.size())) return;
    }
  });
  auto const r = run(server.where().text() + " -n 3 --warm-up 0");
  EXPECT_EQ(r.status, 1);
  EXPECT_THAT(r.output, HasSubstr("3 failed (3 wrong_payload)"));
}

TEST(Command, EndsWithOneWhereNobodyListens) {
  auto const r = run("127.0.0.1:1 2>&1");
  EXPECT_EQ(r.status, 1);
  EXPECT_THAT(r.output, HasSubstr("connected 0 of 1 to 127.0.0.1:1: 1 refused"));
}

TEST(Command, SaysWhatIsWrongWithItsLine) {
  struct {
    char const* line;
    char const* expected;
  } const cases[] = {
      {"", "expected a target"},
      {"127.0.0.1:1 --serve 127.0.0.1:0", "and not both"},
      {"nonsense", "'nonsense' is no address"},
      {"127.0.0.1:1 --traffic gopher", "expected one of: bulk, churn, echo, http"},
      {"127.0.0.1:1 --time 5", "--time 5 is no time"},
      {"127.0.0.1:1 --time -5s", "is no time"},
      {"127.0.0.1:1 --message lots", "is no amount of bytes"},
      {"127.0.0.1:1 --rate fast", "is no rate"},
      {"127.0.0.1:1 --rate 0", "more than 0"},
      {"127.0.0.1:1 -c 1 -t 2", "at least one for each thread"},
      {"127.0.0.1:1 -c 1000000000", "descriptors"},
      {"127.0.0.1:1 --processors 0,x", "are no processors"},
      {"127.0.0.1:1 -n 0", "0 requests"},
      {"127.0.0.1:1 --unknown", "--help"},
      {"--serve 127.0.0.1:0 --traffic churn", "expected one of: bulk, echo, http, sink"},
  };
  for (auto const& c : cases) {
    auto const r = run(std::string(c.line) + " 2>&1");
    EXPECT_EQ(r.status, 2) << c.line;
    EXPECT_THAT(r.output, HasSubstr(c.expected)) << c.line;
  }
}

TEST(Command, PrintsWhatThereIsWhenInterrupted) {
  null_server const server({});
  auto const r = run(server.where().text() +
                     " -c 2 -d 1h --warm-up 0 & load=$!; sleep 0.5; kill -INT $load; wait $load");
  EXPECT_EQ(r.status, 130);
  EXPECT_THAT(r.output, HasSubstr("INTERRUPTED"));
  EXPECT_THAT(r.output, HasSubstr("own CPU"));
}

TEST(Command, GetsAnUrl) {
  null_server const server({.kind = service::http});
  auto const r = run("http://" + server.where().text() + "/x -n 100 --warm-up 0 --same-body");
  EXPECT_EQ(r.status, 0) << r.output;
  EXPECT_THAT(r.output, HasSubstr("HTTP GET /x"));
}

}  // namespace
}  // namespace regatta::load
