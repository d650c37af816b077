#include "proxy/command/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "proxy/command/report.hpp"

namespace regatta::proxy::command {
namespace {

using ::testing::HasSubstr;

// Each figure another number, so that none can stand for another.
counts const distinct{.accepted = 1,
                      .active = 2,
                      .completed = 3,
                      .unreachable = 4,
                      .broken = 5,
                      .timed_out = 6,
                      .shut_down = 7,
                      .refused = 8,
                      .shortages = 9,
                      .bytes_up = 10,
                      .bytes_down = 11};

std::string text() {
  return metrics_text(distinct,
                      {{.name = "127.0.0.1:80", .connections = 12, .failures = 13},
                       {.name = "odd\"name\\\n", .is_passed_over = true}},
                      {.runtime = "libuv", .version = "1.2"});
}

TEST(Metrics, GiveEachFigureUnderItsName) {
  for (auto const* line : {
           "\nregatta_proxy_connections_accepted_total 1\n",
           "\nregatta_proxy_connections_active 2\n",
           "\nregatta_proxy_connections_total{end=\"completed\"} 3\n",
           "\nregatta_proxy_connections_total{end=\"unreachable\"} 4\n",
           "\nregatta_proxy_connections_total{end=\"broken\"} 5\n",
           "\nregatta_proxy_connections_total{end=\"timed_out\"} 6\n",
           "\nregatta_proxy_connections_total{end=\"shut_down\"} 7\n",
           "\nregatta_proxy_connections_refused_total 8\n",
           "\nregatta_proxy_shortages_total 9\n",
           "\nregatta_proxy_bytes_total{direction=\"up\"} 10\n",
           "\nregatta_proxy_bytes_total{direction=\"down\"} 11\n",
           "\nregatta_proxy_upstream_connections{upstream=\"127.0.0.1:80\"} 12\n",
           "\nregatta_proxy_upstream_failures_total{upstream=\"127.0.0.1:80\"} 13\n",
           "\nregatta_proxy_upstream_up{upstream=\"127.0.0.1:80\"} 1\n",
           "\nregatta_proxy_upstream_up{upstream=\"odd\\\"name\\\\\\n\"} 0\n",
           "\nregatta_proxy_info{runtime=\"libuv\",version=\"1.2\"} 1\n",
       }) {
    EXPECT_THAT(text(), HasSubstr(line));
  }
}

// The format: each family has its help and type once, before its samples.
TEST(Metrics, AreInTheTextFormat) {
  std::regex const sample(
      R"((regatta_proxy_\w+)(\{\w+="([^"\\\n]|\\["\\n])*"(,\w+="[^"]*")*\})? \d+)");
  std::regex const comment(R"(# (HELP|TYPE) (regatta_proxy_\w+) .+)");
  std::istringstream lines(text());
  std::set<std::string> described;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (std::regex_match(line, found, comment)) {
      if (found[1] == "HELP") {
        EXPECT_TRUE(described.insert(found[2]).second) << line;
      }
      family = found[2];
    } else {
      ASSERT_TRUE(std::regex_match(line, found, sample)) << line;
      EXPECT_EQ(found[1], family);
    }
  }
}

TEST(Report, GivesEachFigureUnderItsName) {
  EXPECT_EQ(counts_line(distinct),
            "accepted=1 active=2 completed=3 unreachable=4 broken=5 timed_out=6 shut_down=7 "
            "refused=8 shortages=9 bytes_up=10 bytes_down=11");
}

}  // namespace
}  // namespace regatta::proxy::command
