#include "harness/machine/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "harness/machine/confinement.hpp"
#include "harness/machine/fingerprint.hpp"
#include "harness/machine/processor.hpp"

namespace regatta::machine {
namespace {

using json = nlohmann::ordered_json;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

check ok(std::string name, std::string seen) {
  return {std::move(name), verdict::ok, std::move(seen), {}};
}
check warn(std::string name, std::string seen, std::string mend) {
  return {std::move(name), verdict::warn, std::move(seen), std::move(mend)};
}
check bad(std::string name, std::string seen, std::string mend) {
  return {std::move(name), verdict::bad, std::move(seen), std::move(mend)};
}

std::string percent(double share) { return fmt::format("{:.1f} %", share * 100.0); }

// ---- the processor

check governor(processor const& p) {
  if (!p.governor) {
    return ok("governor", "Not visible; in a virtual machine the host decides on the frequency.");
  }
  if (*p.governor == "performance") return ok("governor", "performance.");
  return warn("governor", fmt::format("{}: the frequency follows the load.", *p.governor),
              "sudo cpupower frequency-set -g performance");
}

check turbo(processor const& p) {
  if (!p.turbo) return ok("turbo", "Not visible.");
  if (!*p.turbo) return ok("turbo", "Off.");
  return warn("turbo", "On: the frequency depends on heat and on what the other cores do.",
              p.frequency_driver.value_or("").starts_with("intel")
                  ? "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo"
                  : "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost");
}

check smt(processor const& p) {
  if (!p.smt) return ok("smt", "Not visible.");
  if (!*p.smt) return ok("smt", "Off: each CPU is a core.");
  return warn("smt", "On: two CPUs share a core, and a second thread adds less than a core.",
              "echo off | sudo tee /sys/devices/system/cpu/smt/control");
}

check cpus(processor const& p, probes const& probed) {
  auto const online = p.logical.value_or(probed.allowed_cpus);
  if (probed.allowed_cpus == 1) {
    return warn("cpus", fmt::format("1 of {} may be used: nothing can run in parallel.", online),
                "run without taskset, or give the container more CPUs");
  }
  if (probed.allowed_cpus < online) {
    return ok("cpus", fmt::format("{} of {} may be used.", probed.allowed_cpus, online));
  }
  return ok("cpus", fmt::format("{}, all may be used.", online));
}

// ---- who else is here

check load(noise_observation const& noise) {
  if (!noise.busy_others) return ok("load", "Not visible: /proc/stat cannot be read.");
  auto const seen = fmt::format("Other processes use {} of all CPUs.", percent(*noise.busy_others));
  if (*noise.busy_others <= 0.05) return ok("load", seen);
  return warn("load", seen, "stop what is running (see top), then measure");
}

check steal(noise_observation const& noise) {
  if (!noise.steal_since_boot) return ok("steal", "Not visible: /proc/stat cannot be read.");
  double const now = noise.steal_now.value_or(0.0);
  auto const seen = fmt::format("The hypervisor took {:.2f} % of the CPU time since boot, {} now.",
                                *noise.steal_since_boot * 100.0, percent(now));
  if (*noise.steal_since_boot <= 0.001 && now <= 0.01) return ok("steal", seen);
  return warn("steal", seen, "use a machine of your own; otherwise take more blocks (--blocks 20)");
}

check jitter(noise_observation const& noise) {
  auto const seen =
      fmt::format("A thread that never waits lost {} of its time; longest gap {:.2f} ms.",
                  percent(noise.lost), noise.longest_gap_ns / 1e6);
  if (noise.lost <= 0.01 && noise.longest_gap_ns <= 5e6) return ok("jitter", seen);
  return warn("jitter", seen, "stop what is running; otherwise take more blocks (--blocks 20)");
}

check pace(noise_observation const& noise) {
  auto const seen =
      fmt::format("A tenth of equal pieces of work took {} longer than the middle one.",
                  percent(noise.uneven_work));
  if (noise.uneven_work <= 0.05) return ok("pace", seen);
  return warn("pace", seen,
              "fix the frequency (see governor and turbo) and stop what shares the core");
}

// The share of the last ten seconds in which some task waited for it, from a file of
// /proc/pressure.
std::optional<double> pressure_of(reader const& read, std::string const& what) {
  auto const content = read("/proc/pressure/" + what);
  if (!content) return std::nullopt;
  // The first line tells of some tasks, the second of all; the first avg10 is that of some.
  for (std::string_view const word : text::words(*content)) {
    if (!word.starts_with("avg10=")) continue;
    // Parsed as JSON, for it must not depend on the locale's decimal point.
    auto const value = json::parse(word.substr(6), nullptr, false);
    if (value.is_number()) return value.get<double>() / 100.0;
  }
  return std::nullopt;
}

check pressure(reader const& read) {
  auto const memory = pressure_of(read, "memory");
  auto const disk = pressure_of(read, "io");
  if (!memory && !disk) return ok("pressure", "Not visible: there is no /proc/pressure.");
  auto const seen = fmt::format("In the last 10 s tasks waited {} for memory, {} for disks.",
                                percent(memory.value_or(0.0)), percent(disk.value_or(0.0)));
  if (memory.value_or(0.0) > 0.01)
    return warn("pressure", seen, "free memory, or stop what fills it");
  if (disk.value_or(0.0) > 0.20) return warn("pressure", seen, "wait until the disks are idle");
  return ok("pressure", seen);
}

check confinement(reader const& read, probes const& probed) {
  auto const container = container_of(read);
  auto const hypervisor = hypervisor_of(read, probed.hypervisor_signature);
  auto const limits = cgroup_limits_of(read);
  if (limits.cpus && *limits.cpus < static_cast<double>(probed.allowed_cpus)) {
    return bad("confinement",
               fmt::format("The control group allows {:.1f} of {} CPUs and stops all threads when "
                           "that is spent.",
                           *limits.cpus, probed.allowed_cpus),
               "lift the CPU quota (docker: no --cpus; pin with --cpuset-cpus instead)");
  }
  if (limits.memory_bytes && *limits.memory_bytes < 1024 * mib) {
    return warn(
        "confinement",
        fmt::format("The control group allows {} MiB of memory.", *limits.memory_bytes / mib),
        "allow 1 GiB or more");
  }
  if (container && hypervisor) {
    return ok("confinement", fmt::format("A container ({}) in a virtual machine ({}), no quota.",
                                         *container, *hypervisor));
  }
  if (container) return ok("confinement", fmt::format("A container ({}), no quota.", *container));
  if (hypervisor) return ok("confinement", fmt::format("A virtual machine ({}).", *hypervisor));
  return ok("confinement", "None: the machine itself.");
}

// ---- memory and disk

check memory(json const& now) {
  json const& available = now.at("available_bytes");
  if (available.is_null()) return ok("memory", "Not visible.");
  auto const free = available.get<std::uint64_t>() / mib;
  auto const seen = fmt::format("{} MiB available.", free);
  if (free < 512) return bad("memory", seen, "free some: large cells would be out of memory");
  if (free < 2048) return warn("memory", seen, "free some: cells of 1,000,000 tasks need 1 GiB");
  return ok("memory", seen);
}

check swap(reader const& read) {
  auto const meminfo = read("/proc/meminfo");
  auto const total = meminfo ? text::bytes_of(*meminfo, "SwapTotal") : std::nullopt;
  auto const free = meminfo ? text::bytes_of(*meminfo, "SwapFree") : std::nullopt;
  if (!total || !free) return ok("swap", "Not visible.");
  auto const used = *total - std::min(*free, *total);
  auto const seen = fmt::format("{} MiB in use.", used / mib);
  // A little lies there on every machine that has run for weeks.
  if (used <= 256 * mib) return ok("swap", seen);
  return warn("swap", seen, "free memory, then: sudo swapoff -a && sudo swapon -a");
}

check huge_pages(reader const& read) {
  auto const content = read("/sys/kernel/mm/transparent_hugepage/enabled");
  auto const mode = content ? text::chosen(*content) : std::nullopt;
  if (!mode) return ok("huge pages", "Not visible.");
  if (*mode != "always") return ok("huge pages", *mode + ".");
  return warn("huge pages", "always: memory per task depends on what the kernel merges when.",
              "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled");
}

check disk(probes const& probed) {
  if (!probed.free_disk_bytes) return ok("disk", "Not visible.");
  auto const free = *probed.free_disk_bytes / mib;
  auto const seen = fmt::format("{} MiB free for results.", free);
  if (free < 100) return bad("disk", seen, "free some, or write elsewhere with --out");
  if (free < 1024) return warn("disk", seen, "free some, or write elsewhere with --out");
  return ok("disk", seen);
}

// ---- the kernel

check clock(reader const& read, probes const& probed) {
  auto const source =
      line_at(read, "/sys/devices/system/clocksource/clocksource0/current_clocksource");
  auto const seen =
      fmt::format("{}: {:.0f} ns a reading, steps of {} ns.", source.value_or("Unknown source"),
                  probed.clock_read_ns, probed.clock_step_ns);
  if (probed.clock_step_ns > 1'000) {
    return bad("clock", seen, "a finer clock is needed (kernel parameter tsc=reliable)");
  }
  // A reading without a system call takes 20 to 60 ns.
  if (probed.clock_read_ns > 200.0) {
    return warn(
        "clock", seen,
        "each reading is a system call; if the TSC is sound: kernel parameter clocksource=tsc");
  }
  return ok("clock", seen);
}

check timers(reader const& read, probes const& probed) {
  auto const slack = number_at(read, "/proc/self/timerslack_ns");
  auto const seen =
      fmt::format("Sleeps of 1 ms end {:.0f} µs late{}.", probed.sleep_overshoot_ns / 1e3,
                  slack ? fmt::format(" (timer slack {} µs)", *slack / 1'000) : std::string());
  if (probed.sleep_overshoot_ns <= 500'000.0) return ok("timers", seen);
  return warn("timers", seen, "stop what is running, or use a kernel with high-resolution timers");
}

check aslr(reader const& read) {
  auto const level = number_at(read, "/proc/sys/kernel/randomize_va_space");
  if (!level) return ok("aslr", "Not visible.");
  if (*level == 2) return ok("aslr", "Full: each block draws a new memory layout.");
  return warn("aslr",
              fmt::format("Level {}: all blocks share one memory layout, and its luck.", *level),
              "echo 2 | sudo tee /proc/sys/kernel/randomize_va_space");
}

check halt_polling(reader const& read) {
  auto const driver = line_at(read, "/sys/devices/system/cpu/cpuidle/current_driver");
  auto const poll_ns = number_at(read, "/sys/module/haltpoll/parameters/guest_halt_poll_ns");
  if (driver && *driver == "haltpoll" && poll_ns && *poll_ns > 0) {
    return warn("halt polling",
                fmt::format("An idle CPU polls for {} µs before it sleeps: wakes look cheaper than "
                            "elsewhere.",
                            *poll_ns / 1'000),
                "echo 0 | sudo tee /sys/module/haltpoll/parameters/guest_halt_poll_ns");
  }
  return ok("halt polling", "Off, or not visible.");
}

check mitigations(reader const& read) {
  auto const document = fingerprint_of(read, "").at("kernel");
  bool switched_off = false;
  if (document.at("command_line").is_array()) {
    for (auto const& parameter : document.at("command_line")) {
      switched_off = switched_off || parameter == "mitigations=off";
    }
  }
  if (switched_off) {
    return warn("mitigations", "Switched off: system calls are cheaper than on most machines.",
                "start without the kernel parameter mitigations=off");
  }
  if (document.at("mitigations").is_null()) return ok("mitigations", "Not visible.");
  int active = 0;
  for (auto const& state : document.at("mitigations")) {
    if (state.get<std::string>().starts_with("Mitigation")) ++active;
  }
  return ok("mitigations", fmt::format("{} active.", active));
}

check io_uring(reader const& read, probes const& probed) {
  auto const setting = number_at(read, "/proc/sys/kernel/io_uring_disabled");
  if (!probed.io_uring_error) return warn("io_uring", "Unknown to this build.", "");
  if (*probed.io_uring_error == 0) return ok("io_uring", "Works.");
  if (setting && *setting != 0) {
    return warn(
        "io_uring",
        fmt::format("Disabled (kernel.io_uring_disabled = {}): its rows are skipped.", *setting),
        "sudo sysctl kernel.io_uring_disabled=0");
  }
  return warn(
      "io_uring",
      fmt::format("Refused ({}): its rows are skipped.", std::strerror(*probed.io_uring_error)),
      "in a container: --security-opt seccomp=unconfined");
}

// ---- sockets

check open_files(probes const& probed) {
  auto const seen =
      fmt::format("{} (up to {} allowed).", probed.open_files_soft, probed.open_files_hard);
  // The proxy at 1,000 connections needs four descriptors for each.
  if (probed.open_files_hard < 4'200) {
    return bad("open files", seen, "raise the hard limit (ulimit -Hn 20000, as root)");
  }
  if (probed.open_files_soft < 4'200) {
    return warn(
        "open files", seen,
        fmt::format("ulimit -n {}", std::min<std::uint64_t>(probed.open_files_hard, 20'000)));
  }
  return ok("open files", seen);
}

check ports(json const& network, json const& now) {
  json const& range = network.at("port_range");
  if (!range.is_array() || range.at(0).is_null() || range.at(1).is_null()) {
    return ok("ports", "Not visible.");
  }
  auto const first = range.at(0).get<std::uint64_t>();
  auto const last = range.at(1).get<std::uint64_t>();
  auto const count = last >= first ? last - first + 1 : 0;
  auto const waiting = now.at("time_wait").is_null() ? 0 : now.at("time_wait").get<std::uint64_t>();
  auto const seen = fmt::format("{} ephemeral ports, {} connections in TIME_WAIT.", count, waiting);
  if (2 * waiting > count) return bad("ports", seen, "wait a minute until they have expired");
  if (10 * waiting > count) return warn("ports", seen, "wait a minute until they have expired");
  if (count < 12'000) {
    return warn("ports", seen, "sudo sysctl net.ipv4.ip_local_port_range='10240 65535'");
  }
  return ok("ports", seen);
}

check backlog(json const& network) {
  if (network.at("somaxconn").is_null()) return ok("backlog", "Not visible.");
  auto const most = network.at("somaxconn").get<std::uint64_t>();
  auto const seen = fmt::format("Up to {} connections may wait to be accepted.", most);
  if (most >= 1'024) return ok("backlog", seen);
  return warn("backlog", seen, "sudo sysctl net.core.somaxconn=4096");
}

check conntrack(json const& network, json const& now) {
  if (network.at("conntrack_max").is_null() || now.at("conntrack").is_null()) {
    return ok("conntrack", "Not in use, or not visible.");
  }
  auto const most = network.at("conntrack_max").get<std::uint64_t>();
  auto const used = now.at("conntrack").get<std::uint64_t>();
  auto const seen = fmt::format("{} of {} entries in use.", used, most);
  if (4 * used > 3 * most) {
    return bad("conntrack", seen, "wait, or: sudo sysctl net.netfilter.nf_conntrack_max=262144");
  }
  if (2 * used > most) {
    return warn("conntrack", seen, "wait, or: sudo sysctl net.netfilter.nf_conntrack_max=262144");
  }
  return ok("conntrack", seen);
}

// ---- the rest

check power(reader const& read) {
  std::string const folder = "/sys/class/power_supply/";
  for (auto const* battery : {"BAT0", "BAT1"}) {
    auto const status = line_at(read, folder + battery + "/status");
    if (status && *status == "Discharging") {
      return warn("power", "On battery: the frequency is kept low.", "plug it in");
    }
  }
  return ok("power", "Not on battery.");
}

check build_check(build const& b) {
  auto const seen = fmt::format(
      "{}, {}{}{}.", b.compiler, b.build_type.empty() ? "unknown build type" : b.build_type,
      b.assertions ? ", with assertions" : "", b.sanitized ? ", with sanitizers" : "");
  if (b.sanitized || b.assertions) {
    return bad("build", seen, "measure with the release build: cmake --preset release");
  }
  return ok("build", seen);
}

check debugger(reader const& read) {
  auto const status = read("/proc/self/status");
  auto const tracer = status ? text::value_of(*status, "TracerPid") : std::nullopt;
  if (!tracer || *tracer == "0") return ok("debugger", "None.");
  return bad("debugger", fmt::format("Process {} traces this one.", *tracer),
             "run without gdb and strace");
}

// What each would spoil, by the name of the check.
std::string_view why_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 27> reasons{{
      {"cpus", "Scaling and stealing show only where threads run in parallel."},
      {"governor", "A cell after a pause starts slow, so that order decides and not the runtime."},
      {"turbo", "The first rows of a run would find a cooler and so faster processor."},
      {"smt", "Two threads that share a core slow each other, by how much depends on placement."},
      {"load", "Time that others take is charged to whichever row runs just then."},
      {"steal", "A hypervisor stops us unseen, in gusts: intervals widen and tails are its own."},
      {"jitter", "Latencies of this size come from the machine, whoever runs."},
      {"pace", "Rows that differ by less than this cannot be told apart in few blocks."},
      {"confinement",
       "A quota stops all threads for tens of milliseconds; small limits fail cells."},
      {"pressure", "What waits for memory or disks stops for milliseconds at any place."},
      {"memory", "Cells of a million tasks would fail, or swap."},
      {"swap", "A page that comes back from disk costs milliseconds, in one row and not the next."},
      {"huge pages", "Memory per task would be the kernel's merging and not the runtime's frames."},
      {"disk", "A run whose samples cannot be written ends."},
      {"clock", "Each reading is inside what is measured, twice for each latency."},
      {"timers", "Timer scenarios would measure the kernel's lateness."},
      {"aslr", "With one layout for all blocks its luck looks like a property of the runtime."},
      {"halt polling", "Parking and waking would look cheaper than on machines without it."},
      {"mitigations", "Runtimes with many system calls would look better than on most machines."},
      {"io_uring", "The rows on io_uring would be missing."},
      {"open files", "Cells with many connections would fail."},
      {"ports", "Connections would be refused in the middle of a cell."},
      {"backlog", "Bursts of connections would be dropped and tried again a second later."},
      {"conntrack", "A full table drops packets, and every flow costs time."},
      {"power", "On battery the frequency is kept low, and changes."},
      {"debugger", "A tracer stops the traced at each signal and system call."},
      {"build", "Assertions and sanitizers cost more than the runtimes differ by."},
  }};
  auto const found = std::find_if(reasons.begin(), reasons.end(),
                                  [&](auto const& reason) { return reason.first == name; });
  return found == reasons.end() ? std::string_view() : found->second;
}

std::string painted(std::string const& text, verdict v, bool color) {
  if (!color) return text;
  char const* const code = v == verdict::ok ? "32" : v == verdict::warn ? "33" : "31";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace

std::string_view to_string(verdict v) {
  switch (v) {
    case verdict::ok:
      return "ok";
    case verdict::warn:
      return "warn";
    case verdict::bad:
      return "bad";
  }
  return "unknown";
}

std::vector<check> examine() { return examine(this_machine(), probe_this_machine()); }

std::vector<check> examine(reader const& read, probes const& probed) {
  auto const p = processor_of(read);
  auto const document = fingerprint_of(read, probed.hypervisor_signature);
  json const& network = document.at("network");
  json const& now = document.at("load");
  std::vector<check> checks{cpus(p, probed),
                            governor(p),
                            turbo(p),
                            smt(p),
                            load(probed.noise),
                            steal(probed.noise),
                            jitter(probed.noise),
                            pace(probed.noise),
                            pressure(read),
                            confinement(read, probed),
                            memory(now),
                            swap(read),
                            huge_pages(read),
                            disk(probed),
                            clock(read, probed),
                            timers(read, probed),
                            aslr(read),
                            halt_polling(read),
                            mitigations(read),
                            io_uring(read, probed),
                            open_files(probed),
                            ports(network, now),
                            backlog(network),
                            conntrack(network, now),
                            power(read),
                            debugger(read),
                            build_check(probed.build)};
  for (check& c : checks) c.why = why_of(c.name);
  return checks;
}

verdict worst(std::vector<check> const& checks) {
  verdict v = verdict::ok;
  for (check const& c : checks) v = std::max(v, c.verdict);
  return v;
}

std::string render(std::vector<check> const& checks, bool color) {
  constexpr int name_width = 14;
  std::string text;
  std::array<int, 3> counts{};
  for (check const& c : checks) {
    ++counts[static_cast<std::size_t>(c.verdict)];
    text += painted(fmt::format("{:<5}", to_string(c.verdict)), c.verdict, color);
    text += fmt::format("{:<{}}{}\n", c.name, name_width, c.seen);
    if (c.verdict != verdict::ok && !c.why.empty()) {
      text += fmt::format("{:>{}}{}\n", "", 5 + name_width, c.why);
    }
    if (!c.mend.empty()) text += fmt::format("{:>{}}→ {}\n", "", 5 + name_width, c.mend);
  }
  text += fmt::format("\n{} ok, {} to note, {} to mend before measuring.\n", counts[0], counts[1],
                      counts[2]);
  return text;
}

std::string render(noise_label const& label, bool color) {
  auto const quiet = label.label == "quiet" ? verdict::ok : verdict::warn;
  std::string text = fmt::format("A run that began now would be labelled {}.\n",
                                 painted(label.label, quiet, color));
  for (std::string const& reason : label.reasons) text += fmt::format("  {}\n", reason);
  return text;
}

nlohmann::ordered_json to_json(std::vector<check> const& checks) {
  json list = json::array();
  for (check const& c : checks) {
    list.push_back({{"name", c.name},
                    {"verdict", to_string(c.verdict)},
                    {"seen", c.seen},
                    {"why", c.why},
                    {"mend", c.mend}});
  }
  return list;
}

}  // namespace regatta::machine
