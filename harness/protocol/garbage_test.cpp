// Whatever arrives, parsing answers with a message or with a sentence: it never throws or crashes.
// The seeds are fixed, so that a failure can be replayed.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "harness/protocol/reply.hpp"
#include "harness/protocol/request.hpp"

namespace regatta::protocol {
namespace {

void expect_an_answer(const std::string& line) {
  const auto as_request = parse_request(line);
  const auto as_reply = parse_reply(line);
  EXPECT_NE(static_cast<bool>(as_request), !as_request.error.empty()) << line;
  EXPECT_NE(static_cast<bool>(as_reply), !as_reply.error.empty()) << line;
  // What was understood can be said again and means the same.
  if (as_request) {
    EXPECT_TRUE(parse_request(format(*as_request))) << line;
  }
  if (as_reply) {
    EXPECT_TRUE(parse_reply(format(*as_reply))) << line;
  }
}

const std::vector<std::string>& examples() {
  static const std::vector<std::string> lines = {
      R"({"hello":1,"variant":"x","threads":2,"seed":42})",
      R"({"hello":1,"runtime":"tokio","variants":["","a"],"capabilities":["net"],"threads":2})",
      R"({"prepare":{"scenario":"skynet","params":{"leaves":1000,"style":"join"}}})",
      R"({"run":{"iterations":5,"samples":2}})",
      R"({"sample":{"ns":1,"operations":2,"answer":3,"counters":{"a":1},"latency":{"unit":"ns","buckets":[[1,2]]},"context_switches":{"voluntary":1,"involuntary":2}}})",
      R"({"scenario":"yield","params":{"tasks":3}})",
      R"({"error":"failed","reason":"because"})",
  };
  return lines;
}

TEST(Garbage, RandomBytesAreAnswered) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 3000; ++round) {
    std::string line(random() % 200, '\0');
    for (char& c : line) c = static_cast<char>(random());
    expect_an_answer(line);
  }
}

TEST(Garbage, DamagedMessagesAreAnswered) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 6000; ++round) {
    std::string line = examples()[random() % examples().size()];
    for (std::uint64_t damage = random() % 4; damage-- > 0 && !line.empty();) {
      const std::size_t at = random() % line.size();
      switch (random() % 3) {
        case 0:
          line[at] = "{}[]\",:0-9e.tfn\\\xff"[random() % 17];
          break;
        case 1:
          line.erase(at, 1 + random() % 5);
          break;
        default:
          line.insert(at, line.substr(random() % line.size(), random() % 9));
          break;
      }
    }
    expect_an_answer(line);
  }
}

TEST(Garbage, DeepNestingIsAnswered) {
  const std::string deep = std::string(30'000, '[') + std::string(30'000, ']');
  expect_an_answer(deep);
  expect_an_answer(R"({"sample":)" + deep + "}");
  expect_an_answer(R"({"prepare":{"scenario":"x","params":{"n":)" + deep + "}}}");
}

TEST(Garbage, AnOverlongLineIsRefused) {
  const std::string line = R"({"quit":")" + std::string(max_line_bytes, 'x') + R"("})";
  EXPECT_FALSE(parse_request(line));
  EXPECT_FALSE(parse_reply(line));
}

}  // namespace
}  // namespace regatta::protocol
