// Machines that were made up, the odd ones among them: the fingerprint must know what it does not
// know, and never fail.
#include <gtest/gtest.h>

#include "harness/machine/build.hpp"
#include "harness/machine/confinement.hpp"
#include "harness/machine/fingerprint.hpp"
#include "harness/machine/noise_label.hpp"
#include "harness/machine/processor.hpp"

namespace regatta::machine {
namespace {

using json = nlohmann::ordered_json;

constexpr char two_cores_with_smt[] =
    "processor\t: 0\nmodel name\t: A CPU @ 3.0GHz\ncpu MHz\t\t: 2999.9\nphysical id\t: 0\n"
    "core id\t\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\n\n"
    "processor\t: 1\nphysical id\t: 0\ncore id\t\t: 0\n\n"
    "processor\t: 2\nphysical id\t: 0\ncore id\t\t: 1\n\n"
    "processor\t: 3\nphysical id\t: 0\ncore id\t\t: 1\n";

TEST(Processor, CountsCoresThreadsAndSockets) {
  auto const p = processor_of(made_up_machine({{"/proc/cpuinfo", two_cores_with_smt}}));
  EXPECT_EQ(p.model, "A CPU @ 3.0GHz");
  EXPECT_EQ(p.logical, 4u);
  EXPECT_EQ(p.cores, 2u);
  EXPECT_EQ(p.sockets, 1u);
  EXPECT_EQ(p.smt, true);
  EXPECT_TRUE(p.under_hypervisor);
  EXPECT_FALSE(p.governor.has_value());
  EXPECT_FALSE(p.turbo.has_value());
}

TEST(Processor, CoresOfTheSameNumberOnTwoSocketsAreTwo) {
  auto const p =
      processor_of(made_up_machine({{"/proc/cpuinfo",
                                     "processor: 0\nphysical id: 0\ncore id: 0\n\nprocessor: "
                                     "1\nphysical id: 1\ncore id: 0\n"}}));
  EXPECT_EQ(p.cores, 2u);
  EXPECT_EQ(p.sockets, 2u);
  EXPECT_EQ(p.smt, false);
}

TEST(Processor, AnArmBoardHasNoModelNameAndNoCoreIds) {
  auto const p = processor_of(made_up_machine(
      {{"/proc/cpuinfo",
        "processor\t: 0\nBogoMIPS\t: 108.00\nCPU implementer\t: 0x41\n\nprocessor\t: 1\n\n"
        "Model\t\t: Raspberry Pi 4\n"}}));
  EXPECT_EQ(p.model, "Raspberry Pi 4");
  EXPECT_EQ(p.logical, 2u);
  EXPECT_FALSE(p.cores.has_value());
}

TEST(Processor, TurboIsReadFromEitherDriver) {
  std::string const cpu = "/sys/devices/system/cpu/";
  EXPECT_EQ(processor_of(made_up_machine({{cpu + "intel_pstate/no_turbo", "1\n"}})).turbo, false);
  EXPECT_EQ(processor_of(made_up_machine({{cpu + "intel_pstate/no_turbo", "0\n"}})).turbo, true);
  EXPECT_EQ(processor_of(made_up_machine({{cpu + "cpufreq/boost", "1\n"}})).turbo, true);
}

TEST(Processor, CachesHaveSizesAndSharers) {
  std::string const index = "/sys/devices/system/cpu/cpu0/cache/index0/";
  auto const p = processor_of(made_up_machine({{index + "level", "3\n"},
                                               {index + "type", "Unified\n"},
                                               {index + "size", "32M\n"},
                                               {index + "shared_cpu_list", "0-7,16-23\n"}}));
  ASSERT_EQ(p.caches.size(), 1u);
  EXPECT_EQ(p.caches[0].bytes, 32u << 20);
  EXPECT_EQ(p.caches[0].shared_by, 16u);
}

TEST(Cgroup, TheStrictestLimitOnTheWayUpCounts) {
  auto const limits = cgroup_limits_of(
      made_up_machine({{"/proc/self/cgroup", "0::/user.slice/job\n"},
                       {"/sys/fs/cgroup/user.slice/job/cpu.max", "max 100000\n"},
                       {"/sys/fs/cgroup/user.slice/cpu.max", "150000 100000\n"},
                       {"/sys/fs/cgroup/user.slice/job/memory.max", "2147483648\n"},
                       {"/sys/fs/cgroup/user.slice/memory.max", "max\n"}}));
  EXPECT_EQ(limits.version, 2);
  EXPECT_EQ(limits.cpus, 1.5);
  EXPECT_EQ(limits.memory_bytes, std::uint64_t{1} << 31);
}

TEST(Cgroup, AContainerSeesItsLimitsAtTheRoot) {
  auto const limits =
      cgroup_limits_of(made_up_machine({{"/proc/self/cgroup", "0::/not/visible/here\n"},
                                        {"/sys/fs/cgroup/cpu.max", "50000 100000\n"}}));
  EXPECT_EQ(limits.cpus, 0.5);
}

TEST(Cgroup, VersionOneKnowsNoLimitAsMinusOneAndAsAHugeNumber) {
  std::map<std::string, std::string> files{
      {"/proc/self/cgroup", "4:memory:/a\n2:cpu,cpuacct:/a\n0::/\n"},
      {"/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n"},
      {"/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"},
      {"/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n"}};
  auto limits = cgroup_limits_of(made_up_machine(files));
  EXPECT_EQ(limits.version, 1);
  EXPECT_FALSE(limits.cpus.has_value());
  EXPECT_FALSE(limits.memory_bytes.has_value());
  files["/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us"] = "200000\n";
  files["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "1073741824\n";
  limits = cgroup_limits_of(made_up_machine(files));
  EXPECT_EQ(limits.cpus, 2.0);
  EXPECT_EQ(limits.memory_bytes, std::uint64_t{1} << 30);
}

TEST(Cgroup, GarbageIsNoLimit) {
  for (auto const* garbage : {"", ":::", "no colons at all", "0::", "\n\n"}) {
    auto const limits = cgroup_limits_of(made_up_machine({{"/proc/self/cgroup", garbage}}));
    EXPECT_FALSE(limits.cpus.has_value());
  }
}

TEST(Confinement, ContainersAreKnownByTheFilesTheyLeave) {
  EXPECT_EQ(container_of(made_up_machine({{"/.dockerenv", ""}})), "docker");
  EXPECT_EQ(container_of(made_up_machine({{"/run/.containerenv", ""}})), "podman");
  EXPECT_EQ(container_of(made_up_machine({{"/run/systemd/container", "lxc\n"}})), "lxc");
  EXPECT_FALSE(container_of(made_up_machine({})).has_value());
}

TEST(Confinement, HypervisorsAreKnownByTheirSignatureOrTheFirmware) {
  auto const nothing = made_up_machine({});
  EXPECT_EQ(hypervisor_of(nothing, "KVMKVMKVM"), "KVM");
  EXPECT_EQ(hypervisor_of(nothing, "Microsoft Hv"), "Hyper-V");
  EXPECT_EQ(hypervisor_of(nothing, "SomethingNew"), "SomethingNew");
  EXPECT_FALSE(hypervisor_of(nothing, "").has_value());
  EXPECT_EQ(hypervisor_of(made_up_machine({{"/sys/class/dmi/id/sys_vendor", "QEMU\n"}}), ""),
            "QEMU");
  EXPECT_FALSE(hypervisor_of(made_up_machine({{"/sys/class/dmi/id/sys_vendor", "LENOVO\n"}}), "")
                   .has_value());
}

TEST(CpuTicks, SumAllKindsButTheGuestsThatAreCountedAlready) {
  auto const ticks = parse_cpu_ticks("cpu  10 20 30 400 50 6 7 8 99 99\ncpu0 1 1 1 1 1\n").value();
  EXPECT_EQ(ticks.total, 10u + 20 + 30 + 400 + 50 + 6 + 7 + 8);
  EXPECT_EQ(ticks.idle, 450u);
  EXPECT_EQ(ticks.steal, 8u);
  EXPECT_EQ(parse_cpu_ticks("cpu 1 2 3 4\n")->steal, 0u);  // kernels before 2.6.11
  EXPECT_FALSE(parse_cpu_ticks("").has_value());
  EXPECT_FALSE(parse_cpu_ticks("cpu  a b c d\n").has_value());
}

TEST(NoiseLabel, NamesWhoTakesTheTime) {
  EXPECT_EQ(label_of({}).label, "quiet");
  EXPECT_TRUE(label_of({}).reasons.empty());
  EXPECT_EQ(label_of({.busy_others = 0.3}).label, "noisy");
  EXPECT_EQ(label_of({.lost = 0.05}).label, "noisy");
  EXPECT_EQ(label_of({.longest_gap_ns = 2e7}).label, "noisy");
  EXPECT_EQ(label_of({.involuntary_switches_per_second = 200}).label, "noisy");
  EXPECT_EQ(label_of({.uneven_work = 0.06}).label, "noisy");
  EXPECT_EQ(label_of({.uneven_work = 0.05}).label, "quiet");
  EXPECT_EQ(label_of({.steal_since_boot = 0.02}).label, "shared");
  auto const both = label_of({.steal_now = 0.1, .busy_others = 0.5});
  EXPECT_EQ(both.label, "shared");
  EXPECT_EQ(both.reasons.size(), 2u);
}

TEST(NoiseProbe, UnevenWorkIsWhatTheSlowestTenthTookBeyondTheMiddle) {
  std::vector<double> times(18, 100.0);
  EXPECT_EQ(uneven_share(times), 0.0);
  times.push_back(130.0);
  EXPECT_EQ(uneven_share(times), 0.0);  // one of nineteen is luck
  times.push_back(120.0);
  EXPECT_NEAR(uneven_share(times), 0.2, 1e-12);
  EXPECT_EQ(uneven_share({}), 0.0);
}

TEST(NoiseProbe, SeesThisMachine) {
  auto const seen = observe_noise(this_machine(), std::chrono::milliseconds(30));
  EXPECT_GE(seen.lost, 0.0);
  EXPECT_LE(seen.lost, 1.0);
  EXPECT_GT(seen.longest_gap_ns, 0.0);
}

TEST(NoiseProbe, WithoutProcOnlyTheClockSpeaks) {
  auto const seen = observe_noise(made_up_machine({}), std::chrono::milliseconds(1));
  EXPECT_FALSE(seen.steal_now.has_value());
  EXPECT_FALSE(seen.busy_others.has_value());
}

TEST(Fingerprint, OfAMachineWithoutFilesIsNullThroughout) {
  auto const document = fingerprint_of(made_up_machine({}), "");
  EXPECT_TRUE(document["cpu"]["model"].is_null());
  EXPECT_TRUE(document["kernel"]["command_line"].is_null());
  EXPECT_TRUE(document["kernel"]["mitigations"].is_null());
  EXPECT_TRUE(document["memory"]["total_bytes"].is_null());
  EXPECT_TRUE(document["network"]["port_range"].is_null());
  EXPECT_TRUE(document["load"]["average"].is_null());
  EXPECT_FALSE(document["hypervisor"]["present"].get<bool>());
}

TEST(Fingerprint, OfAMachineWhoseFilesAreGarbageDoesNotFail) {
  for (std::string const garbage : {"", "\n", "garbage", ":", "-1", "\xff\xfe", "[", "] ["}) {
    reader const read = [&](std::string const&) { return std::optional(garbage); };
    EXPECT_FALSE(
        fingerprint_of(read, garbage).dump(-1, ' ', false, json::error_handler_t::replace).empty());
  }
}

TEST(Fingerprint, KeepsOfTheCommandLineOnlyWhatChangesTimings) {
  auto const document = fingerprint_of(
      made_up_machine(
          {{"/proc/cmdline",
            "root=UUID=1234 mitigations=off password=x isolcpus=2-3 -- --nohz secret\n"}}),
      "");
  EXPECT_EQ(document["kernel"]["command_line"].dump(), R"(["mitigations=off","isolcpus=2-3"])");
}

TEST(Fingerprint, ReadsLoadAndSockets) {
  auto const now = weather(made_up_machine(
      {{"/proc/loadavg", "0.14 1.50 0.08 2/95 8160\n"},
       {"/proc/net/sockstat", "sockets: used 13\nTCP: inuse 1 orphan 0 tw 77 alloc 1 mem 211\n"},
       {"/proc/stat", "cpu  50 0 0 40 0 0 0 10 0 0\n"}}));
  EXPECT_EQ(now["average"].dump(), "[0.14,1.5,0.08]");
  EXPECT_EQ(now["running"], 2);
  EXPECT_EQ(now["time_wait"], 77);
  EXPECT_EQ(now["steal_since_boot"], 0.1);
  EXPECT_GT(now["cpu_ticks"]["total"], 0);
}

TEST(Fingerprint, OfThisMachineNamesItsBuildAndNoHost) {
  auto const document = fingerprint();
  EXPECT_EQ(document["version"], 1);
  EXPECT_FALSE(document["build"]["compiler"].get<std::string>().empty());
  EXPECT_TRUE(document["limits"]["open_files"]["soft"].is_number());
  EXPECT_FALSE(document["cpu"]["allowed"].empty());
  EXPECT_FALSE(document.contains("hostname"));
}

TEST(Build, KnowsItsCompilerAndLibraries) {
  auto const b = this_build();
  EXPECT_NE(b.compiler, "unknown");
  EXPECT_TRUE(b.libraries.contains("glibc"));
  EXPECT_TRUE(b.libraries.contains("fmt"));
}

}  // namespace
}  // namespace regatta::machine
