#include "harness/machine/noise_label.hpp"

#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdio>

#include "harness/machine/process_counters.hpp"

namespace regatta::machine {
namespace {

// The criteria. The kernel counts steal and load in ticks of 10 ms, so that a probe of 250 ms on
// two CPUs sees 2 % or nothing: the bounds for "now" are no finer than that.
constexpr double steal_since_boot_at_most = 0.001;
constexpr double steal_now_at_most = 0.01;
constexpr double busy_others_at_most = 0.05;
constexpr double lost_at_most = 0.01;
constexpr double longest_gap_ns_at_most = 5e6;
// The kernel's own threads put a busy one aside a few times a second.
constexpr double involuntary_switches_per_second_at_most = 40.0;
constexpr double uneven_work_at_most = 0.05;
// A gap in the readings that no cache miss and no interrupt explains: somebody else had the CPU.
constexpr std::uint64_t gap_ns = 20'000;

std::uint64_t clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t own_involuntary_switches() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return static_cast<std::uint64_t>(usage.ru_nivcsw);
}

std::optional<cpu_ticks> ticks_now(reader const& read) {
  auto const stat = read("/proc/stat");
  if (!stat) return std::nullopt;
  return parse_cpu_ticks(*stat);
}

// The times of equal pieces of work of about a millisecond, in ns. Each step waits for the one
// before it, and none needs memory.
std::vector<double> times_of_equal_work() {
  constexpr int pieces = 40;
  std::vector<double> times;
  for (int piece = 0; piece != pieces; ++piece) {
    auto const begin = clock_ns(CLOCK_MONOTONIC);
    std::uint64_t volatile kept = 0;
    std::uint64_t x = begin | 1;
    for (int step = 0; step != 400'000; ++step) x = x * 6364136223846793005u + 1442695040888963407u;
    kept = x;
    static_cast<void>(kept);
    times.push_back(static_cast<double>(clock_ns(CLOCK_MONOTONIC) - begin));
  }
  return times;
}

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string sentence(char const* format, double value) {
  char text[160];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

}  // namespace

std::optional<cpu_ticks> parse_cpu_ticks(std::string_view proc_stat) {
  for (std::string_view const line : text::lines(proc_stat)) {
    auto const fields = text::words(line);
    if (fields.size() < 5 || fields[0] != "cpu") continue;
    cpu_ticks ticks;
    // user nice system idle iowait irq softirq steal; guest time is part of user and not added.
    for (std::size_t i = 1; i != std::min<std::size_t>(fields.size(), 9); ++i) {
      auto const value = text::number(fields[i]);
      if (!value) return std::nullopt;
      ticks.total += *value;
      if (i == 4 || i == 5) ticks.idle += *value;
      if (i == 8) ticks.steal = *value;
    }
    return ticks;
  }
  return std::nullopt;
}

double uneven_share(std::vector<double> times) {
  if (times.empty()) return 0.0;
  std::sort(times.begin(), times.end());
  double const middle = times[times.size() / 2];
  return times[times.size() * 9 / 10] / middle - 1.0;
}

noise_observation observe_noise(reader const& read, std::chrono::milliseconds duration) {
  noise_observation seen;
  auto const ticks_before = ticks_now(read);
  auto const own_before = process_cpu_ns();
  auto const switches_before = own_involuntary_switches();
  auto const begin = clock_ns(CLOCK_MONOTONIC);
  auto const end = begin + static_cast<std::uint64_t>(duration.count()) * 1'000'000;
  std::uint64_t lost = 0;
  std::uint64_t longest = 0;
  auto last = begin;
  while (last < end) {
    auto const now = clock_ns(CLOCK_MONOTONIC);
    auto const gap = now - last;
    longest = std::max(longest, gap);
    if (gap > gap_ns) lost += gap;
    last = now;
  }
  auto const elapsed = last - begin;
  seen.lost = share(lost, elapsed);
  seen.longest_gap_ns = static_cast<double>(longest);
  seen.involuntary_switches_per_second =
      static_cast<double>(own_involuntary_switches() - switches_before) /
      (static_cast<double>(elapsed) / 1e9);

  seen.uneven_work = uneven_share(times_of_equal_work());

  auto const ticks_after = ticks_now(read);
  if (!ticks_before || !ticks_after) return seen;
  seen.steal_since_boot = share(ticks_after->steal, ticks_after->total);
  auto const total = ticks_after->total - ticks_before->total;
  if (ticks_after->total <= ticks_before->total) return seen;
  seen.steal_now = share(ticks_after->steal - ticks_before->steal, total);
  auto const busy = total - std::min(total, ticks_after->idle - ticks_before->idle);
  // All CPUs together had as much time as the ticks say; ours is known to the nanosecond.
  constexpr double ns_per_tick = 1e9 / 100;
  double const own_ticks = static_cast<double>(process_cpu_ns() - own_before) / ns_per_tick;
  seen.busy_others =
      std::max(0.0, (static_cast<double>(busy) - own_ticks - 1.0) / static_cast<double>(total));
  return seen;
}

noise_label label_of(noise_observation const& seen) {
  noise_label result{.label = "quiet", .reasons = {}};
  bool shared = false;
  auto const note = [&](bool exceeded, bool means_shared, std::string reason) {
    if (!exceeded) return;
    shared = shared || means_shared;
    result.label = shared ? "shared" : "noisy";
    result.reasons.push_back(std::move(reason));
  };
  double const steal_since_boot = seen.steal_since_boot.value_or(0.0);
  double const steal_now = seen.steal_now.value_or(0.0);
  double const busy = seen.busy_others.value_or(0.0);
  note(steal_since_boot > steal_since_boot_at_most, true,
       sentence("The hypervisor has taken %.2f %% of the CPU time since the machine started.",
                steal_since_boot * 100));
  note(steal_now > steal_now_at_most, true,
       sentence("The hypervisor takes %.1f %% of the CPU time now.", steal_now * 100));
  note(busy > busy_others_at_most, false,
       sentence("Other processes take %.0f %% of all CPUs now.", busy * 100));
  note(seen.lost > lost_at_most, false,
       sentence("A thread that never waits lost %.1f %% of its time.", seen.lost * 100));
  note(seen.longest_gap_ns > longest_gap_ns_at_most, false,
       sentence("A thread that never waits stood still for %.1f ms.", seen.longest_gap_ns / 1e6));
  note(seen.involuntary_switches_per_second > involuntary_switches_per_second_at_most, false,
       sentence("A thread that never waits was put aside %.0f times a second.",
                seen.involuntary_switches_per_second));
  note(seen.uneven_work > uneven_work_at_most, false,
       sentence("A tenth of equal pieces of work took %.0f %% longer than the middle one.",
                seen.uneven_work * 100));
  return result;
}

}  // namespace regatta::machine
