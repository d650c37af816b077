#include "harness/machine/process_counters.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "harness/machine/file.hpp"
#include "harness/machine/text.hpp"

namespace regatta::machine {
namespace {

std::optional<std::uint64_t> status_bytes(char const* name) {
  auto const status = read_file("/proc/self/status");
  if (!status) return std::nullopt;
  return text::bytes_of(*status, name);
}

std::optional<std::uint64_t> cpu_ns_of_thread(std::string const& folder) {
  // schedstat counts nanoseconds; kernels built without it leave only the coarse ticks of stat.
  if (auto const schedstat = read_file(folder + "/schedstat")) {
    if (auto const ns = text::cpu_ns_of_schedstat(*schedstat)) return ns;
  }
  auto const stat = read_file(folder + "/stat");
  if (!stat) return std::nullopt;
  return text::cpu_ns_of_stat(*stat, static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

// Without the newline that the kernel puts after it.
std::string name_of_thread(std::string const& folder) {
  auto name = read_file(folder + "/comm").value_or("");
  if (name.ends_with('\n')) name.pop_back();
  return name;
}

struct close_directory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

}  // namespace

std::uint64_t process_cpu_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

context_switches process_context_switches() noexcept {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {static_cast<std::uint64_t>(usage.ru_nvcsw), static_cast<std::uint64_t>(usage.ru_nivcsw)};
}

std::optional<std::uint64_t> peak_rss_bytes() { return status_bytes("VmHWM"); }
std::optional<std::uint64_t> rss_bytes() { return status_bytes("VmRSS"); }

bool reset_peak_rss() {
  int const file = ::open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  bool const done = ::write(file, "5", 1) == 1;  // 5: "reset the peak resident set size", proc(5)
  ::close(file);
  return done;
}

thread_cpu_times cpu_time_of_threads(std::string_view but_not_of) {
  thread_cpu_times times;
  std::string const tasks = "/proc/self/task";
  std::unique_ptr<DIR, close_directory> const directory(::opendir(tasks.c_str()));
  if (!directory) return times;
  while (dirent const* entry = ::readdir(directory.get())) {
    auto const tid = text::number(entry->d_name);
    if (!tid) continue;  // "." and ".."
    if (!but_not_of.empty() && name_of_thread(tasks + "/" + entry->d_name) == but_not_of) continue;
    // A thread may end while we look; then it has no time to tell.
    if (auto const ns = cpu_ns_of_thread(tasks + "/" + entry->d_name)) {
      times[static_cast<pid_t>(*tid)] = *ns;
    }
  }
  return times;
}

unsigned threads_used(thread_cpu_times const& earlier, thread_cpu_times const& later,
                      double least_share) {
  auto const spent = [&](pid_t tid, std::uint64_t ns) {
    auto const before = earlier.find(tid);
    if (before == earlier.end()) return ns;
    return ns > before->second ? ns - before->second : 0;
  };
  std::uint64_t total = 0;
  for (auto const& [tid, ns] : later) total += spent(tid, ns);
  unsigned count = 0;
  for (auto const& [tid, ns] : later) {
    auto const own = spent(tid, ns);
    if (own != 0 && static_cast<double>(own) >= least_share * static_cast<double>(total)) ++count;
  }
  return count;
}

}  // namespace regatta::machine
