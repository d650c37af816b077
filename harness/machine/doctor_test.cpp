#include "harness/machine/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <functional>

namespace regatta::machine {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Probes of a machine without a fault.
probes sound() {
  probes p;
  p.open_files_soft = 20'000;
  p.open_files_hard = 20'000;
  p.clock_read_ns = 25;
  p.clock_step_ns = 20;
  p.sleep_overshoot_ns = 60'000;
  p.io_uring_error = 0;
  p.free_disk_bytes = std::uint64_t{1} << 40;
  p.allowed_cpus = 4;
  p.noise.steal_since_boot = 0.0;
  p.noise.steal_now = 0.0;
  p.noise.busy_others = 0.0;
  p.build.compiler = "g++ 12.2.0";
  p.build.build_type = "Release";
  return p;
}

check find(std::vector<check> const& checks, std::string const& name) {
  for (check const& c : checks) {
    if (c.name == name) return c;
  }
  ADD_FAILURE() << "there is no check " << name;
  return {};
}

check with_files(std::string const& name, std::map<std::string, std::string> files) {
  return find(examine(made_up_machine(std::move(files)), sound()), name);
}

check with_probes(std::string const& name, std::function<void(probes&)> const& change) {
  auto p = sound();
  change(p);
  return find(examine(made_up_machine({}), p), name);
}

TEST(Doctor, AMachineThatShowsNothingButIsSoundIsFit) {
  auto const checks = examine(made_up_machine({}), sound());
  for (check const& c : checks) {
    EXPECT_EQ(c.verdict, verdict::ok) << c.name << ": " << c.seen;
    EXPECT_FALSE(c.seen.empty());
  }
  EXPECT_EQ(worst(checks), verdict::ok);
}

TEST(Doctor, EveryCheckThatIsNotOkSaysHowToMendIt) {
  auto p = probes();  // nothing works
  p.noise.busy_others = 1.0;
  p.noise.lost = 1.0;
  p.clock_step_ns = 4'000'000;
  p.io_uring_error = EPERM;
  p.free_disk_bytes = 0;
  p.build.assertions = true;
  for (check const& c : examine(made_up_machine({}), p)) {
    EXPECT_TRUE(c.verdict == verdict::ok || !c.mend.empty()) << c.name;
  }
}

TEST(Doctor, EveryCheckSaysWhatItWouldSpoil) {
  for (check const& c : examine(made_up_machine({}), sound()))
    EXPECT_FALSE(c.why.empty()) << c.name;
}

TEST(Doctor, SeesWorkThatIsUnevenAndTasksThatWait) {
  EXPECT_EQ(with_probes("pace", [](probes& p) { p.noise.uneven_work = 0.051; }).verdict,
            verdict::warn);
  EXPECT_EQ(with_probes("pace", [](probes& p) { p.noise.uneven_work = 0.05; }).verdict,
            verdict::ok);
  auto const waiting = [](std::string const& what, std::string const& share) {
    return with_files("pressure", {{"/proc/pressure/" + what,
                                    "some avg10=" + share +
                                        " avg60=9.00 avg300=9.00 total=9\n"
                                        "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"}});
  };
  EXPECT_EQ(waiting("memory", "0.90").verdict, verdict::ok);
  EXPECT_EQ(waiting("memory", "1.10").verdict, verdict::warn);
  EXPECT_THAT(waiting("memory", "1.10").seen, HasSubstr("1.1 % for memory"));
  EXPECT_EQ(waiting("io", "19.00").verdict, verdict::ok);
  EXPECT_EQ(waiting("io", "21.00").verdict, verdict::warn);
  EXPECT_EQ(with_files("pressure", {{"/proc/pressure/io", ""}}).verdict, verdict::ok);
}

TEST(Doctor, SeesMemoryThatLiesOnDisk) {
  auto const swapped = [](std::string const& free) {
    return with_files("swap",
                      {{"/proc/meminfo", "SwapTotal: 1000000 kB\nSwapFree: " + free + " kB\n"}});
  };
  EXPECT_EQ(swapped("900000").verdict, verdict::ok);
  EXPECT_EQ(swapped("500000").verdict, verdict::warn);
  EXPECT_THAT(swapped("500000").mend, HasSubstr("swapoff"));
}

TEST(Doctor, SaysWhatLabelARunWouldHave) {
  EXPECT_EQ(render(noise_label{.label = "quiet", .reasons = {}}, false),
            "A run that began now would be labelled quiet.\n");
  EXPECT_EQ(render(noise_label{.label = "noisy", .reasons = {"Others."}}, false),
            "A run that began now would be labelled noisy.\n  Others.\n");
}

TEST(Doctor, SeesAGovernorThatSavesPower) {
  std::string const path = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
  EXPECT_EQ(with_files("governor", {{path, "powersave\n"}}).verdict, verdict::warn);
  EXPECT_EQ(with_files("governor", {{path, "performance\n"}}).verdict, verdict::ok);
}

TEST(Doctor, SeesTurboAndSharedCores) {
  EXPECT_EQ(with_files("turbo", {{"/sys/devices/system/cpu/cpufreq/boost", "1\n"}}).verdict,
            verdict::warn);
  EXPECT_EQ(with_files("smt", {{"/sys/devices/system/cpu/smt/active", "1\n"}}).verdict,
            verdict::warn);
}

TEST(Doctor, SeesWhoElseIsOnTheMachine) {
  EXPECT_EQ(with_probes("load", [](probes& p) { p.noise.busy_others = 0.4; }).verdict,
            verdict::warn);
  EXPECT_EQ(with_probes("steal", [](probes& p) { p.noise.steal_since_boot = 0.03; }).verdict,
            verdict::warn);
  EXPECT_EQ(with_probes("jitter", [](probes& p) { p.noise.longest_gap_ns = 3e7; }).verdict,
            verdict::warn);
}

TEST(Doctor, ACpuQuotaIsBadForItStopsAllThreads) {
  auto const seen = with_files("confinement", {{"/proc/self/cgroup", "0::/\n"},
                                               {"/sys/fs/cgroup/cpu.max", "200000 100000\n"},
                                               {"/.dockerenv", ""}});
  EXPECT_EQ(seen.verdict, verdict::bad);
  EXPECT_THAT(seen.seen, HasSubstr("2.0 of 4 CPUs"));
  EXPECT_EQ(with_files("confinement", {{"/.dockerenv", ""}}).verdict, verdict::ok);
}

TEST(Doctor, SeesSmallMemoryAndSmallDisks) {
  EXPECT_EQ(with_files("memory", {{"/proc/meminfo", "MemAvailable: 300000 kB\n"}}).verdict,
            verdict::bad);
  EXPECT_EQ(with_files("memory", {{"/proc/meminfo", "MemAvailable: 1500000 kB\n"}}).verdict,
            verdict::warn);
  EXPECT_EQ(with_probes("disk", [](probes& p) { p.free_disk_bytes = 1'000'000; }).verdict,
            verdict::bad);
}

TEST(Doctor, SeesHugePagesThatComeUnasked) {
  std::string const path = "/sys/kernel/mm/transparent_hugepage/enabled";
  EXPECT_EQ(with_files("huge pages", {{path, "[always] madvise never\n"}}).verdict, verdict::warn);
  EXPECT_EQ(with_files("huge pages", {{path, "always [madvise] never\n"}}).verdict, verdict::ok);
}

TEST(Doctor, SeesSlowAndCoarseClocks) {
  EXPECT_EQ(with_probes("clock", [](probes& p) { p.clock_read_ns = 900; }).verdict, verdict::warn);
  EXPECT_EQ(with_probes("clock", [](probes& p) { p.clock_step_ns = 4'000'000; }).verdict,
            verdict::bad);
  EXPECT_EQ(with_probes("timers", [](probes& p) { p.sleep_overshoot_ns = 3e6; }).verdict,
            verdict::warn);
}

TEST(Doctor, SeesAFixedLayoutPollingAndMissingMitigations) {
  EXPECT_EQ(with_files("aslr", {{"/proc/sys/kernel/randomize_va_space", "0\n"}}).verdict,
            verdict::warn);
  EXPECT_EQ(with_files("halt polling",
                       {{"/sys/devices/system/cpu/cpuidle/current_driver", "haltpoll\n"},
                        {"/sys/module/haltpoll/parameters/guest_halt_poll_ns", "200000\n"}})
                .verdict,
            verdict::warn);
  EXPECT_EQ(with_files("mitigations", {{"/proc/cmdline", "quiet mitigations=off\n"}}).verdict,
            verdict::warn);
}

TEST(Doctor, TellsWhoForbidsIoUring) {
  auto const filtered = with_probes("io_uring", [](probes& p) { p.io_uring_error = EPERM; });
  EXPECT_EQ(filtered.verdict, verdict::warn);
  EXPECT_THAT(filtered.mend, HasSubstr("seccomp"));
  auto p = sound();
  p.io_uring_error = EPERM;
  auto const disabled = find(
      examine(made_up_machine({{"/proc/sys/kernel/io_uring_disabled", "2\n"}}), p), "io_uring");
  EXPECT_THAT(disabled.mend, HasSubstr("sysctl"));
}

TEST(Doctor, SeesLimitsOnSockets) {
  EXPECT_EQ(with_probes("open files", [](probes& p) { p.open_files_soft = 1'024; }).verdict,
            verdict::warn);
  EXPECT_EQ(
      with_probes("open files", [](probes& p) { p.open_files_soft = p.open_files_hard = 1'024; })
          .verdict,
      verdict::bad);
  std::string const range = "/proc/sys/net/ipv4/ip_local_port_range";
  std::string const sockets = "/proc/net/sockstat";
  EXPECT_EQ(with_files("ports", {{range, "32768\t60999\n"}}).verdict, verdict::ok);
  EXPECT_EQ(with_files("ports", {{range, "60000\t60999\n"}}).verdict, verdict::warn);
  EXPECT_EQ(with_files("ports", {{range, "32768\t60999\n"}, {sockets, "TCP: inuse 1 tw 20000\n"}})
                .verdict,
            verdict::bad);
  EXPECT_EQ(with_files("backlog", {{"/proc/sys/net/core/somaxconn", "128\n"}}).verdict,
            verdict::warn);
  std::string const table = "/proc/sys/net/netfilter/nf_conntrack_";
  EXPECT_EQ(
      with_files("conntrack", {{table + "max", "1000\n"}, {table + "count", "900\n"}}).verdict,
      verdict::bad);
}

TEST(Doctor, SeesBatteriesDebuggersAndDebugBuilds) {
  EXPECT_EQ(with_files("power", {{"/sys/class/power_supply/BAT0/status", "Discharging\n"}}).verdict,
            verdict::warn);
  EXPECT_EQ(with_files("debugger", {{"/proc/self/status", "TracerPid:\t77\n"}}).verdict,
            verdict::bad);
  EXPECT_EQ(with_probes("build", [](probes& p) { p.build.sanitized = true; }).verdict,
            verdict::bad);
}

TEST(Doctor, RendersALineForEachCheckAndWhatToMend) {
  auto const checks = std::vector<check>{{"load", verdict::warn, "Busy.", "wait", "Costs time."},
                                         {"aslr", verdict::ok, "Full.", "", "Luck."}};
  auto const plain = render(checks, false);
  EXPECT_THAT(plain, HasSubstr("warn load          Busy.\n"));
  EXPECT_THAT(plain, HasSubstr("Costs time.\n                   → wait\n"));
  EXPECT_THAT(plain, Not(HasSubstr("Luck.")));
  EXPECT_THAT(plain, HasSubstr("1 ok, 1 to note, 0 to mend"));
  EXPECT_THAT(plain, Not(HasSubstr("\x1b[")));
  EXPECT_THAT(render(checks, true), HasSubstr("\x1b[33m"));
  EXPECT_EQ(to_json(checks)[0].dump(),
            R"({"name":"load","verdict":"warn","seen":"Busy.","why":"Costs time.","mend":"wait"})");
}

TEST(Doctor, ExaminesThisMachine) { EXPECT_GE(examine().size(), 20u); }

}  // namespace
}  // namespace regatta::machine
