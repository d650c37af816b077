#include "harness/driver/process.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <fstream>

#include "harness/driver/clock.hpp"
#include "harness/protocol/line_io.hpp"

namespace regatta::driver {
namespace {

child_process::started shell(const std::string& script) {
  return child_process::start({{"/bin/sh", "-c", script}, {}});
}

std::string first_line(const child_process& child) {
  protocol::line_reader reader(child.output());
  for (;;) {
    auto got = reader.next();
    if (got.status != protocol::line_status::waiting) return got.text;
    ::usleep(1000);
  }
}

TEST(Process, ListensAndSpeaks) {
  auto cat = shell("read line; echo \"heard $line\"");
  ASSERT_TRUE(cat.child) << cat.error;
  protocol::write_line(cat.child->input(), "hello");
  EXPECT_EQ(first_line(*cat.child), "heard hello");
  const auto how = cat.child->ended_within(5 * ns_per_s);
  ASSERT_TRUE(how);
  EXPECT_TRUE(how->exited_with(0));
}

TEST(Process, SaysHowItEnded) {
  auto code = shell("exit 3");
  EXPECT_EQ(code.child->ended_within(5 * ns_per_s)->describe(), "exit code 3");
  auto signal = shell("kill -SEGV $$");
  EXPECT_EQ(signal.child->ended_within(5 * ns_per_s)->describe(),
            "killed by SIGSEGV (Segmentation fault)");
}

TEST(Process, ShowsTheBackEndsThatItHoldsOpen) {
  auto without = shell("read line");
  EXPECT_FALSE(without.child->backends().epoll);
  EXPECT_FALSE(without.child->backends().io_uring);
  const int epoll = ::epoll_create1(0);  // Inherited by whoever starts now.
  auto with = shell("echo ready; read line");
  EXPECT_EQ(first_line(*with.child), "ready");
  EXPECT_TRUE(with.child->backends().epoll);
  EXPECT_FALSE(with.child->backends().io_uring);
  ::close(epoll);
}

TEST(Process, AProgramThatIsNotThereIsASentence) {
  const auto none = child_process::start({{"/no/such/program"}, {}});
  EXPECT_FALSE(none.child);
  EXPECT_EQ(none.error, "cannot start /no/such/program: No such file or directory");
}

bool is_alive(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number;
  std::string name;
  std::string state;
  stat >> number >> name >> state;
  return stat && state != "Z";
}

TEST(Process, KillingItKillsWhatItStarted) {
  auto parent = shell("sleep 1000 & echo $!; wait");
  const auto grandchild = static_cast<pid_t>(std::stol(first_line(*parent.child)));
  ASSERT_TRUE(is_alive(grandchild));
  parent.child->kill();
  for (int i = 0; i < 2000 && is_alive(grandchild); ++i) ::usleep(1000);
  EXPECT_FALSE(is_alive(grandchild));
}

TEST(Process, WhatItLeavesBehindDiesWithIt) {
  auto parent = shell("sleep 1000 >/dev/null & echo $!");
  const auto grandchild = static_cast<pid_t>(std::stol(first_line(*parent.child)));
  ASSERT_TRUE(parent.child->ended_within(5 * ns_per_s));
  for (int i = 0; i < 2000 && is_alive(grandchild); ++i) ::usleep(1000);
  EXPECT_FALSE(is_alive(grandchild));
}

TEST(Process, LeavesNoZombie) {
  pid_t pid = 0;
  {
    auto child = shell("sleep 1000");
    pid = child.child->pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(Process, ItsMemoryAndTimeCanBeSeen) {
  auto busy = shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done; read line");
  EXPECT_EQ(first_line(*busy.child), "done");
  EXPECT_GT(busy.child->resident_bytes(), 100'000u);
  EXPECT_GT(busy.child->cpu_ns(), 0u);
}

}  // namespace
}  // namespace regatta::driver
