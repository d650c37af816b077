#include "harness/machine/fingerprint.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>

#include <array>
#include <string_view>

#include "harness/machine/confinement.hpp"
#include "harness/machine/processor.hpp"

namespace regatta::machine {
namespace {

using json = nlohmann::ordered_json;

template <class T>
json json_of(std::optional<T> const& value) {
  return value ? json(*value) : json();
}

json cpu_of(processor const& p) {
  json cpu{{"model", json_of(p.model)},           {"mhz", json_of(p.mhz)},
           {"logical", json_of(p.logical)},       {"cores", json_of(p.cores)},
           {"sockets", json_of(p.sockets)},       {"smt", json_of(p.smt)},
           {"governor", json_of(p.governor)},     {"frequency_driver", json_of(p.frequency_driver)},
           {"turbo", json_of(p.turbo)},           {"isolated", json_of(p.isolated)},
           {"numa_nodes", json_of(p.numa_nodes)}, {"caches", json::array()}};
  for (cache const& c : p.caches) {
    cpu["caches"].push_back(
        {{"level", c.level}, {"type", c.type}, {"bytes", c.bytes}, {"shared_by", c.shared_by}});
  }
  return cpu;
}

// Parameters of the kernel's command line that change what is measured. The rest may name disks,
// hosts and secrets, and does not belong into a published result.
json command_line_of(reader const& read) {
  constexpr std::array<std::string_view, 28> telling{
      "mitigations",  "isolcpus",    "nohz",         "rcu",
      "idle",         "intel_idle.", "processor.",   "cpuidle",
      "haltpoll",     "tsc",         "clocksource",  "transparent_hugepage",
      "nosmt",        "preempt",     "threadirqs",   "hugepage",
      "nmi_watchdog", "nowatchdog",  "intel_pstate", "amd_pstate",
      "cpufreq",      "numa",        "skew_tick",    "audit",
      "psi",          "sched_",      "maxcpus",      "spectre"};
  auto const content = read("/proc/cmdline");
  if (!content) return json();
  json parameters = json::array();
  for (std::string_view const word : text::words(*content)) {
    if (word == "--") break;  // what follows is for the first process, not for the kernel
    for (std::string_view const name : telling) {
      if (!word.starts_with(name)) continue;
      parameters.push_back(word);
      break;
    }
  }
  return parameters;
}

json mitigations_of(reader const& read) {
  json list = json::object();
  for (auto const* name : {"gather_data_sampling", "indirect_target_selection", "itlb_multihit",
                           "l1tf", "mds", "meltdown", "mmio_stale_data", "reg_file_data_sampling",
                           "retbleed", "spec_rstack_overflow", "spec_store_bypass", "spectre_v1",
                           "spectre_v2", "srbds", "tsa", "tsx_async_abort", "vmscape"}) {
    auto const state =
        line_at(read, std::string("/sys/devices/system/cpu/vulnerabilities/") + name);
    if (state) list[name] = *state;
  }
  return list.empty() ? json() : list;
}

json chosen_at(reader const& read, std::string const& path) {
  auto const content = read(path);
  return content ? json_of(text::chosen(*content)) : json();
}

json kernel_of(reader const& read) {
  return {
      {"release", json_of(line_at(read, "/proc/sys/kernel/osrelease"))},
      {"command_line", command_line_of(read)},
      {"mitigations", mitigations_of(read)},
      {"clocksource",
       json_of(line_at(read, "/sys/devices/system/clocksource/clocksource0/current_clocksource"))},
      {"aslr", json_of(number_at(read, "/proc/sys/kernel/randomize_va_space"))},
      {"timer_slack_ns", json_of(number_at(read, "/proc/self/timerslack_ns"))},
      {"transparent_huge_pages", chosen_at(read, "/sys/kernel/mm/transparent_hugepage/enabled")},
      {"io_uring_disabled", json_of(number_at(read, "/proc/sys/kernel/io_uring_disabled"))},
      {"idle_driver", json_of(line_at(read, "/sys/devices/system/cpu/cpuidle/current_driver"))},
      {"idle_governor", json_of(line_at(read, "/sys/devices/system/cpu/cpuidle/current_governor"))},
      {"haltpoll_ns",
       json_of(number_at(read, "/sys/module/haltpoll/parameters/guest_halt_poll_ns"))}};
}

json memory_of(reader const& read) {
  auto const meminfo = read("/proc/meminfo").value_or("");
  return {{"total_bytes", json_of(text::bytes_of(meminfo, "MemTotal"))},
          {"available_bytes", json_of(text::bytes_of(meminfo, "MemAvailable"))},
          {"swap_bytes", json_of(text::bytes_of(meminfo, "SwapTotal"))}};
}

json port_range_of(reader const& read) {
  auto const content = read("/proc/sys/net/ipv4/ip_local_port_range");
  if (!content) return json();
  auto const words = text::words(*content);
  if (words.size() != 2) return json();
  return json::array({json_of(text::number(words[0])), json_of(text::number(words[1]))});
}

// "TCP: inuse 1 orphan 0 tw 7 alloc 1 mem 211"
std::optional<std::uint64_t> time_wait_of(reader const& read) {
  auto const sockstat = read("/proc/net/sockstat");
  if (!sockstat) return std::nullopt;
  auto const tcp = text::value_of(*sockstat, "TCP");
  if (!tcp) return std::nullopt;
  auto const words = text::words(*tcp);
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    if (words[i] == "tw") return text::number(words[i + 1]);
  }
  return std::nullopt;
}

json network_of(reader const& read) {
  std::string const ipv4 = "/proc/sys/net/ipv4/";
  std::string const conntrack = "/proc/sys/net/netfilter/nf_conntrack_";
  return {{"somaxconn", json_of(number_at(read, "/proc/sys/net/core/somaxconn"))},
          {"port_range", port_range_of(read)},
          {"tcp_max_syn_backlog", json_of(number_at(read, ipv4 + "tcp_max_syn_backlog"))},
          {"tcp_tw_reuse", json_of(number_at(read, ipv4 + "tcp_tw_reuse"))},
          {"tcp_congestion_control", json_of(line_at(read, ipv4 + "tcp_congestion_control"))},
          {"conntrack_max", json_of(number_at(read, conntrack + "max"))}};
}

json cgroup_of(reader const& read) {
  auto const limits = cgroup_limits_of(read);
  return {{"version", json_of(limits.version)},
          {"cpus", json_of(limits.cpus)},
          {"memory_bytes", json_of(limits.memory_bytes)}};
}

json limit_of(decltype(RLIMIT_NOFILE) resource) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) return json();
  auto const value = [](rlim_t bound) {
    return bound == RLIM_INFINITY ? json("unlimited") : json(static_cast<std::uint64_t>(bound));
  };
  return {{"soft", value(limit.rlim_cur)}, {"hard", value(limit.rlim_max)}};
}

json limits() {
  return {{"open_files", limit_of(RLIMIT_NOFILE)},
          {"processes", limit_of(RLIMIT_NPROC)},
          {"locked_memory_bytes", limit_of(RLIMIT_MEMLOCK)},
          {"stack_bytes", limit_of(RLIMIT_STACK)},
          {"address_space_bytes", limit_of(RLIMIT_AS)}};
}

// The CPUs that this process may run on, which may be fewer than there are.
json allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return json();
  json list = json::array();
  for (int cpu = 0; cpu != CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) list.push_back(cpu);
  }
  return list;
}

std::string date_now() {
  std::time_t const now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

json build_document() {
  build const b = this_build();
  return {{"compiler", b.compiler},     {"flags", b.flags},         {"type", b.build_type},
          {"assertions", b.assertions}, {"sanitized", b.sanitized}, {"allocator", b.allocator},
          {"libraries", b.libraries}};
}

json noise_document(noise_observation const& seen, noise_label const& label) {
  return {{"reasons", label.reasons},
          {"steal_since_boot", json_of(seen.steal_since_boot)},
          {"steal", json_of(seen.steal_now)},
          {"busy_others", json_of(seen.busy_others)},
          {"lost", seen.lost},
          {"longest_gap_ns", seen.longest_gap_ns},
          {"involuntary_switches_per_second", seen.involuntary_switches_per_second},
          {"uneven_work", seen.uneven_work}};
}

}  // namespace

nlohmann::ordered_json weather(reader const& read) {
  json now{{"average", nullptr},
           {"running", nullptr},
           {"steal_since_boot", nullptr},
           {"cpu_ticks", nullptr},
           {"available_bytes", nullptr},
           {"time_wait", json_of(time_wait_of(read))},
           {"conntrack", json_of(number_at(read, "/proc/sys/net/netfilter/nf_conntrack_count"))}};
  if (auto const loadavg = read("/proc/loadavg")) {
    auto const words = text::words(*loadavg);
    if (words.size() >= 4) {
      json average = json::array();
      for (std::size_t i = 0; i != 3; ++i) {
        // Parsed as JSON, for it must not depend on the locale's decimal point.
        auto const value = json::parse(words[i], nullptr, false);
        average.push_back(value.is_number() ? value : json());
      }
      now["average"] = average;
      now["running"] = json_of(text::number(words[3]));
    }
  }
  if (auto const stat = read("/proc/stat")) {
    if (auto const ticks = parse_cpu_ticks(*stat); ticks && ticks->total != 0) {
      now["steal_since_boot"] =
          static_cast<double>(ticks->steal) / static_cast<double>(ticks->total);
      now["cpu_ticks"] = {{"total", ticks->total}, {"idle", ticks->idle}, {"steal", ticks->steal}};
    }
  }
  if (auto const meminfo = read("/proc/meminfo")) {
    now["available_bytes"] = json_of(text::bytes_of(*meminfo, "MemAvailable"));
  }
  return now;
}

nlohmann::ordered_json fingerprint_of(reader const& read, std::string const& signature) {
  auto const p = processor_of(read);
  return {{"cpu", cpu_of(p)},
          {"hypervisor",
           {{"present", p.under_hypervisor || !signature.empty()},
            {"name", json_of(hypervisor_of(read, signature))},
            {"container", json_of(container_of(read))}}},
          {"kernel", kernel_of(read)},
          {"memory", memory_of(read)},
          {"network", network_of(read)},
          {"cgroup", cgroup_of(read)},
          {"load", weather(read)}};
}

nlohmann::ordered_json fingerprint() {
  auto const seen = observe_noise();
  auto const label = label_of(seen);
  auto const b = this_build();
  utsname name{};
  ::uname(&name);
  json document{{"version", 1},
                {"date", date_now()},
                {"label", label.label},
                {"noise", noise_document(seen, label)},
                {"architecture", name.machine}};
  document.update(fingerprint_of(this_machine(), hypervisor_signature()));
  document["cpu"]["allowed"] = allowed_cpus();
  document["limits"] = limits();
  document["build"] = build_document();
  document["git"] = {{"commit", json_of(b.git_commit)}, {"dirty", json_of(b.git_dirty)}};
  return document;
}

}  // namespace regatta::machine
