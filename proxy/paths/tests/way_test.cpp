#include "proxy/paths/way.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <stdexcept>

#include "proxy/paths/configuration.hpp"
#include "proxy/paths/passage.hpp"
#include "proxy/paths/processors.hpp"
#include "proxy/paths/programs.hpp"
#include "proxy/paths/tests/fake_program.hpp"
#include "runtimes/interface/unsupported.hpp"

namespace regatta::paths {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

TEST(Programs, AreFoundInTheFoldersOfTheSystemToo) {
  set_variable const nowhere("PATH", "/nowhere");
  EXPECT_TRUE(find_program("ldconfig", "REGATTA_TEST_PROGRAM").has_value());
  EXPECT_EQ(find_program("no_such_proxy", "REGATTA_TEST_PROGRAM"), std::nullopt);
}

TEST(Programs, AreThoseThatTheEnvironmentNamesAndNoOthers) {
  fake_programs const programs;
  auto const fake = programs.make("fake", "exit 0");
  {
    set_variable const named("REGATTA_TEST_PROGRAM", fake);
    EXPECT_EQ(find_program("sh", "REGATTA_TEST_PROGRAM"), fake);
  }
  set_variable const gone("REGATTA_TEST_PROGRAM", fake + "_gone");
  EXPECT_EQ(find_program("sh", "REGATTA_TEST_PROGRAM"), std::nullopt);
}

TEST(Programs, TellTheRuntimesThatTheyHave) {
  EXPECT_THAT(runtimes_in("asio/io_context\nwork_stealing\nlibuv is missing: apt-get …\n"),
              ElementsAre("asio/io_context", "work_stealing"));
}

TEST(Programs, HaveTheStreamModuleBuiltInOrAsAFileOrNotAtAll) {
  fake_programs const folder;
  auto const file = folder.make("ngx_stream_module.so", "");
  EXPECT_EQ(stream_module_of("configure arguments: --with-stream --with-http", {}), "");
  EXPECT_EQ(stream_module_of("configure arguments: --with-stream=dynamic", {folder.folder()}),
            file);
  EXPECT_EQ(stream_module_of("--with-stream=dynamic", {"/nowhere"}), std::nullopt);
  EXPECT_EQ(stream_module_of("--with-stream_ssl_module", {folder.folder()}), std::nullopt);
}

TEST(Programs, HaveAVersionSomewhereInWhatTheySay) {
  EXPECT_EQ(version_in("nginx version: nginx/1.22.1"), "1.22.1");
  EXPECT_EQ(version_in("HAProxy version 2.6.12-1+deb12u4 2026/10/17"), "2.6.12-1+deb12u4");
  EXPECT_EQ(version_in("nothing"), "unknown");
}

relay_wishes const wishes{
    .port = 4711, .upstream = "127.0.0.1:4712", .threads = 3, .descriptors = 2'000};

TEST(Configuration, TellsNginxWhatItNeeds) {
  auto const text = nginx_configuration(wishes, "/lib/ngx_stream_module.so", true);
  for (char const* line :
       {"load_module /lib/ngx_stream_module.so;", "user root;", "worker_processes 3;",
        "worker_connections 2000;", "listen 127.0.0.1:4711 backlog=4096 reuseport;",
        "proxy_pass 127.0.0.1:4712;", "daemon off;", "access_log off;", "tcp_nodelay on;"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  auto const other = nginx_configuration(wishes, "", false);
  EXPECT_THAT(other, Not(HasSubstr("load_module")));
  EXPECT_THAT(other, Not(HasSubstr("user ")));
}

TEST(Configuration, TellsHaproxyWhatItNeeds) {
  auto const text = haproxy_configuration(wishes);
  for (char const* line :
       {"nbthread 3", "maxconn 950", "maxpipes 16", "mode tcp", "option splice-auto",
        "bind 127.0.0.1:4711", "server upstream 127.0.0.1:4712", "no log"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Places, AreDividedBetweenProxyAndOthers) {
  EXPECT_TRUE(divide({3}, 1).are_shared());
  auto const two = divide({0, 1}, 1);
  EXPECT_THAT(two.proxy, ElementsAre(1));
  EXPECT_THAT(two.others, ElementsAre(0));
  EXPECT_EQ(two.describe(), "on processor 1, clients and server on 0");
  // One is always left for clients and server.
  EXPECT_THAT(divide({0, 1, 4, 5}, 9).others, ElementsAre(0));
  EXPECT_THAT(divide({0, 1, 4, 5}, 2).proxy, ElementsAre(4, 5));
}

TEST(Ways, BeginWithTheDirectOneAndHoldThoseThatAreNotInstalled) {
  EXPECT_EQ(all_ways().front().name, "direct");
  EXPECT_NO_THROW(way_named("nginx"));
  EXPECT_NO_THROW(way_named("work_stealing"));
  EXPECT_THROW(way_named("carrier_pigeon"), std::out_of_range);
}

TEST(Ways, SayWhatToInstall) {
  set_variable const nginx("REGATTA_NGINX", "/nowhere/nginx");
  set_variable const haproxy("REGATTA_HAPROXY", "/nowhere/haproxy");
  EXPECT_THAT([] { expect_installed(way_named("nginx")); },
              ThrowsMessage<runtime_unsupported>(
                  "nginx is not installed; apt-get install nginx libnginx-mod-stream"));
  EXPECT_THAT(
      [] { expect_installed(way_named("haproxy")); },
      ThrowsMessage<runtime_unsupported>("HAProxy is not installed; apt-get install haproxy"));
  EXPECT_NO_THROW(expect_installed(way_named("direct")));
}

TEST(Ways, SayThatNginxHasNoStreamModule) {
  fake_programs const programs;
  set_variable const nginx("REGATTA_NGINX",
                           programs.make("nginx", "echo 'configure arguments: --with-http' >&2"));
  EXPECT_THAT([] { expect_installed(way_named("nginx")); },
              ThrowsMessage<runtime_unsupported>(HasSubstr("apt-get install libnginx-mod-stream")));
}

struct Proxies : ::testing::Test {
  running_proxy start(std::string const& script, std::chrono::milliseconds limit = 5s) {
    set_variable const fake("REGATTA_PROXY", programs.make("regatta-proxy", script));
    return start_proxy(way_named("work_stealing"),
                       {.upstream = endpoint::loopback(4712), .time_to_begin = limit});
  }
  fake_programs programs;
};

TEST_F(Proxies, AreThereWhenTheySayThatTheyAreReady) {
  auto const started = start("echo listening on 127.0.0.1:4711; echo ready; exec sleep 60");
  EXPECT_EQ(started.entrance.text(), "127.0.0.1:4711");
}

TEST_F(Proxies, AreToldWhatToDo) {
  auto const note = (programs.folder() / "note").string();
  start("echo \"$@\" > " + note + "; echo listening on 127.0.0.1:4711; echo ready; exec sleep 60");
  std::string told;
  std::ifstream in(note);
  std::getline(in, told);
  for (char const* words : {"--listen 127.0.0.1:0", "--upstream 127.0.0.1:4712", "--threads 1",
                            "--runtime work_stealing"}) {
    EXPECT_THAT(told, HasSubstr(words));
  }
}

TEST_F(Proxies, ThatNeverGetReadyAreGivenUp) {
  EXPECT_THAT([&] { start("echo listening on 127.0.0.1:4711; exec sleep 60", 300ms); },
              ThrowsMessage<std::runtime_error>(HasSubstr("is not ready in time")));
}

TEST_F(Proxies, ThatEndAtOnceAreQuoted) {
  EXPECT_THAT([&] { start("echo 'no such runtime' >&2; exit 2"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("(exit code 2): no such runtime")));
}

TEST_F(Proxies, ThatAreReadyAndSayNotWhereAreNoProxies) {
  EXPECT_THAT([&] { start("echo ready; exec sleep 60"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("and not where it listens")));
}

// It says that it listens where the server does, so that clients reach the server without it.
TEST_F(Proxies, ThatDieInTheMiddleAreTheReason) {
  set_variable const fake(
      "REGATTA_PROXY", programs.make("regatta-proxy",
                                     "echo 'about to die' >&2; echo listening on $4; echo ready\n"
                                     "exec sleep 60"));
  passage way({.variant = "work_stealing"}, load::service::echo);
  load::generator clients(way.plan());
  EXPECT_NO_THROW(way.expect_all_right(clients.run(10)));
  auto const cpu_ns = way.proxy_cpu_ns();
  ASSERT_TRUE(cpu_ns.has_value());
  ASSERT_EQ(::kill(way.proxy_pid(), SIGKILL), 0);
  for (bool is_found_out = false; !is_found_out;) {
    try {
      way.expect_all_right(clients.run(10));
    } catch (std::runtime_error const& why) {
      EXPECT_THAT(why.what(), HasSubstr("has died (killed by signal 9): about to die"));
      is_found_out = true;
    }
  }
}

TEST(Passage, NeedsDescriptorsForBothEndsOfEachConnection) {
  EXPECT_NO_THROW(require_descriptors_for(1));
  EXPECT_THAT([] { require_descriptors_for(10'000'000); },
              ThrowsMessage<runtime_unsupported>(HasSubstr("the limit is")));
}

TEST(Passage, HasNoProxyOnTheDirectWay) {
  passage way({.variant = "direct"}, load::service::echo);
  EXPECT_FALSE(way.proxy_cpu_ns().has_value());
  EXPECT_THROW(way.proxy_private_bytes(), runtime_unsupported);
}

// Those that are installed here, as they are.
struct Installed : ::testing::TestWithParam<char const*> {};

TEST_P(Installed, CarriesRequestsAndIsReadFromOutside) {
  try {
    expect_installed(way_named(GetParam()));
  } catch (runtime_unsupported const& why) {
    GTEST_SKIP() << why.what();
  }
  pid_t proxy = 0;
  {
    passage way({.variant = GetParam()}, load::service::echo);
    proxy = way.proxy_pid();
    auto plan = way.plan();
    plan.connections = 10;
    load::generator clients(plan);
    auto const seen = clients.run(2'000);
    EXPECT_NO_THROW(way.expect_all_right(seen));
    EXPECT_EQ(seen.completed, 2'000u);
    EXPECT_GE(way.server().accepted(), 10u);
    EXPECT_GT(way.proxy_cpu_ns(), 1'000'000u);
    EXPECT_GT(way.proxy_private_bytes(), 100'000u);
  }
  EXPECT_EQ(::kill(-proxy, 0), -1) << "something of it is left";
}
INSTANTIATE_TEST_SUITE_P(Ways, Installed,
                         ::testing::Values("nginx", "haproxy", "tokio", "work_stealing"));

}  // namespace
}  // namespace regatta::paths
