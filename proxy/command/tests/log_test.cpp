#include "proxy/command/log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "proxy/command/failure.hpp"
#include "proxy/command/watch.hpp"

namespace regatta::proxy::command {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Log : public ::testing::Test {
 protected:
  ~Log() override {
    std::filesystem::remove(path_);
    std::filesystem::remove(path_ + ".old");
  }

  static std::vector<nlohmann::json> lines_of(std::string const& path) {
    std::vector<nlohmann::json> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }
  std::vector<std::string> events() const {
    std::vector<std::string> names;
    for (auto const& each : lines_of(path_)) names.push_back(each.at("event"));
    return names;
  }

  std::string const path_ = ::testing::TempDir() + "regatta_proxy_log_" +
                            ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(Log, IsOneObjectALineWithTimeLevelAndEvent) {
  log events(path_, log_level::info);
  events.write(log_level::warn, "shortage", {{"times", 3}});
  auto const lines = lines_of(path_);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].at("level"), "warn");
  EXPECT_EQ(lines[0].at("event"), "shortage");
  EXPECT_EQ(lines[0].at("times"), 3);
  EXPECT_THAT(lines[0].at("time").get<std::string>(),
              ::testing::MatchesRegex("....-..-..T..:..:..\\....Z"));
}

TEST_F(Log, LeavesOutWhatIsBeyondItsLevel) {
  log events(path_, log_level::warn);
  events.write(log_level::info, "too_much");
  events.write(log_level::error, "enough");
  EXPECT_THAT(this->events(), ElementsAre("enough"));
}

TEST_F(Log, KeepsItsFormWhateverComesFromOutside) {
  log events(path_, log_level::info);
  events.write(log_level::info, "odd", {{"path", "\xff\xfe\n\"{"}});
  EXPECT_EQ(lines_of(path_).size(), 1u);
}

TEST_F(Log, GoesOnInANewFileWhenTheOldOneWasMovedAway) {
  log events(path_, log_level::info);
  events.write(log_level::info, "before");
  std::filesystem::rename(path_, path_ + ".old");
  events.write(log_level::info, "meanwhile");
  events.reopen();
  events.write(log_level::info, "after");
  EXPECT_EQ(lines_of(path_ + ".old").size(), 2u);
  EXPECT_THAT(this->events(), ElementsAre("after"));
}

TEST_F(Log, ThatCannotBeOpenedIsAFailure) {
  EXPECT_THROW(log("/no/such/folder/log", log_level::info), failure);
}

TEST(Lines, AreNotWaitedForWhereNobodyReads) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  std::string const line(1'000, 'x');
  int written = 0;
  // A pipe holds 64 KiB. That this comes to an end is the test.
  while (write_line_now(ends[1], line)) ++written;
  EXPECT_GT(written, 10);
  std::vector<char> taken(32 * 1024);
  ASSERT_GT(::read(ends[0], taken.data(), taken.size()), 0);
  EXPECT_TRUE(write_line_now(ends[1], line));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(Log, IsToldOfEachKindOfChangeOnceALook) {
  log events(path_, log_level::debug);
  watch looks(2);
  counts now;
  looks.look(now, {}, events);
  EXPECT_THAT(this->events(), IsEmpty());
  now.shortages = 5;
  now.timed_out = 2;
  now.broken = 1;
  looks.look(now, {}, events);
  looks.look(now, {}, events);
  EXPECT_THAT(this->events(),
              ElementsAre("shortage", "connections_timed_out", "connections_broken"));
  EXPECT_EQ(lines_of(path_)[0].at("times"), 5);
}

TEST_F(Log, IsToldWhenTheLimitIsReachedAndLeft) {
  log events(path_, log_level::info);
  watch looks(2);
  looks.look({.active = 1}, {}, events);
  looks.look({.active = 2}, {}, events);
  looks.look({.active = 2}, {}, events);
  looks.look({.active = 1}, {}, events);
  EXPECT_THAT(this->events(), ElementsAre("limit_reached", "limit_left"));
}

TEST_F(Log, IsToldWhenAnUpstreamGoesAndComes) {
  log events(path_, log_level::info);
  watch looks(100);
  looks.look({}, {{.name = "a:1"}, {.name = "b:2"}}, events);
  looks.look({}, {{.name = "a:1"}, {.name = "b:2", .failures = 1, .is_passed_over = true}}, events);
  looks.look({}, {{.name = "a:1"}, {.name = "b:2", .failures = 1}}, events);
  EXPECT_THAT(this->events(), ElementsAre("upstream_down", "upstream_up"));
  EXPECT_EQ(lines_of(path_)[0].at("upstream"), "b:2");
}

}  // namespace
}  // namespace regatta::proxy::command
