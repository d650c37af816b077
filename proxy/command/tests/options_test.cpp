#include "proxy/command/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "proxy/command/failure.hpp"

namespace regatta::proxy::command {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

options read(std::vector<std::string> flags) {
  std::vector<char const*> line{"regatta-proxy"};
  for (auto const& each : flags) line.push_back(each.c_str());
  return read_options(static_cast<int>(line.size()), line.data()).value();
}

// With the flags that must be there.
options read_with(std::vector<std::string> flags) {
  flags.insert(flags.end(), {"--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:80"});
  return read(std::move(flags));
}

// What is said about a line that will not do, and that it is the user's mistake.
std::string complaint(std::vector<std::string> flags) {
  try {
    (void)read_with(std::move(flags));
  } catch (failure const& error) {
    EXPECT_EQ(error.code(), exit_code::usage) << error.what();
    return error.what();
  }
  return "it was accepted";
}

class ConfigFile : public ::testing::Test {
 protected:
  ~ConfigFile() override { std::filesystem::remove(path_); }

  std::string write(std::string const& text) {
    std::ofstream(path_) << text;
    return path_;
  }

 private:
  std::string const path_ = ::testing::TempDir() + "regatta_proxy_" +
                            ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST(Options, HaveTheDefaultsOfTheSettings) {
  auto const told = read_with({});
  settings const usual;
  EXPECT_EQ(told.proxy.idle_timeout, usual.idle_timeout);
  EXPECT_EQ(told.proxy.buffer_bytes, usual.buffer_bytes);
  EXPECT_EQ(told.proxy.splice_from_bytes, usual.splice_from_bytes);
  EXPECT_EQ(told.proxy.most_connections, usual.most_connections);
  EXPECT_EQ(told.runtime, "work_stealing");
  EXPECT_EQ(told.report_every, milliseconds(10'000));
}

TEST(Options, EveryFlagArrivesWhereItBelongs) {
  auto const told = read({"--listen",
                          "127.0.0.1:1",
                          "--listen",
                          "[::1]:2",
                          "--upstream",
                          "a:3",
                          "--upstream",
                          "unix:/b",
                          "--balance",
                          "least_connections",
                          "--runtime",
                          "libuv",
                          "--threads",
                          "3",
                          "--max-connections",
                          "4",
                          "--over-limit",
                          "reset",
                          "--connect-timeout",
                          "5ms",
                          "--idle-timeout",
                          "6s",
                          "--stall-timeout",
                          "7m",
                          "--shutdown-timeout",
                          "8h",
                          "--buffer",
                          "9K",
                          "--splice-from",
                          "10M",
                          "--backlog",
                          "11",
                          "--metrics",
                          "127.0.0.1:12",
                          "--report-every",
                          "13s",
                          "--log",
                          "/l",
                          "--log-level",
                          "debug",
                          "--handover",
                          "/h"});
  EXPECT_THAT(told.listen, ElementsAre("127.0.0.1:1", "[::1]:2"));
  EXPECT_THAT(told.proxy.upstreams, ElementsAre("a:3", "unix:/b"));
  EXPECT_EQ(told.proxy.choose, balance::least_connections);
  EXPECT_EQ(told.runtime, "libuv");
  EXPECT_EQ(told.threads, 3u);
  EXPECT_EQ(told.proxy.most_connections, 4u);
  EXPECT_EQ(told.proxy.beyond, over_limit::reset);
  EXPECT_EQ(told.proxy.connect_timeout, milliseconds(5));
  EXPECT_EQ(told.proxy.idle_timeout, milliseconds(6'000));
  EXPECT_EQ(told.proxy.stall_timeout, milliseconds(7 * 60'000));
  EXPECT_EQ(told.proxy.shutdown_timeout, milliseconds(8 * 3'600'000));
  EXPECT_EQ(told.proxy.buffer_bytes, 9u * 1024);
  EXPECT_EQ(told.proxy.splice_from_bytes, 10u * 1024 * 1024);
  EXPECT_EQ(told.backlog, 11u);
  EXPECT_EQ(told.metrics, "127.0.0.1:12");
  EXPECT_EQ(told.report_every, milliseconds(13'000));
  EXPECT_EQ(told.log, "/l");
  EXPECT_EQ(told.level, log_level::debug);
  EXPECT_EQ(told.handover, "/h");
}

TEST(Options, NeverSplicesWhenToldSo) {
  EXPECT_EQ(read_with({"--splice-from", "never"}).proxy.splice_from_bytes,
            std::numeric_limits<std::size_t>::max());
}

TEST(Options, SayWhatIsWrongWhatWasExpectedAndAnExample) {
  EXPECT_THAT(complaint({"--idle-timeout", "10"}),
              AllOf(HasSubstr("--idle-timeout"), HasSubstr("'10'"), HasSubstr("500ms or 10s")));
  EXPECT_THAT(complaint({"--max-connections", "many"}),
              AllOf(HasSubstr("--max-connections"), HasSubstr("'many'"), HasSubstr("from 1 to")));
  EXPECT_THAT(complaint({"--max-connections", "0"}), HasSubstr("from 1 to"));
  EXPECT_THAT(complaint({"--balance", "fair"}),
              AllOf(HasSubstr("'fair'"), HasSubstr("round_robin|least_connections")));
  EXPECT_THAT(complaint({"--buffer", "1"}), AllOf(HasSubstr("--buffer"), HasSubstr("512")));
  EXPECT_THAT(complaint({"--listen", "127.0.0.1"}),
              AllOf(HasSubstr("--listen"), HasSubstr("'127.0.0.1'"), HasSubstr("127.0.0.1:8080")));
  EXPECT_THAT(complaint({"--upstream", "300.0.0.1:80"}), HasSubstr("300.0.0.1:80"));
  EXPECT_THAT(complaint({"--metrics", "unix:/x"}), HasSubstr("--metrics"));
  EXPECT_THAT(complaint({"--nonsense"}), AllOf(HasSubstr("--nonsense"), HasSubstr("--help")));
  EXPECT_THAT(complaint({"stray"}), HasSubstr("stray"));
}

TEST(Options, TwoAddressesAreTheLeast) {
  EXPECT_THROW((void)read({"--upstream", "127.0.0.1:80"}), failure);
  EXPECT_THROW((void)read({"--listen", "127.0.0.1:80"}), failure);
}

TEST_F(ConfigFile, HoldsTheSameFlags) {
  auto const file = write(
      "# A comment.\n"
      "listen = [\"127.0.0.1:1\", \"[::1]:2\"]\n"
      "upstream = \"[::1]:80\"\n"
      "idle-timeout = \"10s\"\n"
      "max-connections = 7\n"
      "runtime = \"asio/thread_pool\"\n");
  auto const told = read({"--config", file});
  EXPECT_THAT(told.listen, ElementsAre("127.0.0.1:1", "[::1]:2"));
  EXPECT_THAT(told.proxy.upstreams, ElementsAre("[::1]:80"));
  EXPECT_EQ(told.proxy.idle_timeout, milliseconds(10'000));
  EXPECT_EQ(told.proxy.most_connections, 7u);
  EXPECT_EQ(told.runtime, "asio/thread_pool");
}

TEST_F(ConfigFile, YieldsToTheLine) {
  auto const file = write("idle-timeout = \"10s\"\nlisten = \"127.0.0.1:1\"\n");
  auto const told = read_with({"--config", file, "--idle-timeout", "1s"});
  EXPECT_EQ(told.proxy.idle_timeout, milliseconds(1'000));
  EXPECT_THAT(told.listen, ElementsAre("127.0.0.1:0"));
}

TEST_F(ConfigFile, AKeyThatIsNoFlagIsSaid) {
  EXPECT_THAT(complaint({"--config", write("idle-timout = \"10s\"\n")}),
              AllOf(HasSubstr("idle-timout"), HasSubstr("names of flags")));
}

TEST_F(ConfigFile, AValueThatWillNotDoIsSaidAsOnTheLine) {
  EXPECT_THAT(complaint({"--config", write("idle-timeout = \"ten\"\n")}),
              AllOf(HasSubstr("--idle-timeout"), HasSubstr("'ten'")));
}

TEST_F(ConfigFile, ThatIsNotThereIsSaid) {
  EXPECT_THAT(complaint({"--config", "/no/such/file"}), HasSubstr("/no/such/file"));
}

}  // namespace
}  // namespace regatta::proxy::command
