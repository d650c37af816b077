#include "harness/machine/probes.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "harness/machine/confinement.hpp"

namespace regatta::machine {
namespace {

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

// The least of several attempts: whatever interferes only ever adds.
double clock_read_ns() {
  constexpr int attempts = 5;
  constexpr int readings = 2'000;
  double least = 1e9;
  for (int attempt = 0; attempt != attempts; ++attempt) {
    auto const begin = now_ns();
    for (int i = 0; i != readings; ++i) static_cast<void>(now_ns());
    least = std::min(least, static_cast<double>(now_ns() - begin) / readings);
  }
  return least;
}

std::uint64_t clock_step_ns() {
  std::uint64_t least = UINT64_MAX;
  for (int i = 0; i != 1'000; ++i) {
    auto const before = now_ns();
    auto after = now_ns();
    while (after == before) after = now_ns();
    least = std::min(least, after - before);
  }
  return least;
}

double sleep_overshoot_ns() {
  std::array<double, 11> late{};
  for (double& value : late) {
    constexpr long wanted_ns = 1'000'000;
    timespec const wanted{0, wanted_ns};
    auto const begin = now_ns();
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &wanted, nullptr);
    value = static_cast<double>(now_ns() - begin) - wanted_ns;
  }
  std::sort(late.begin(), late.end());
  return late[late.size() / 2];
}

// Asks for a ring of one entry, as a seccomp filter may forbid what the kernel's setting allows.
// The parameter block is 120 zero bytes: what io_uring_setup(2) calls the default.
std::optional<int> io_uring_error() {
#ifdef SYS_io_uring_setup
  std::array<char, 120> parameters{};
  long const ring = ::syscall(SYS_io_uring_setup, 1, parameters.data());
  if (ring < 0) return errno;
  ::close(static_cast<int>(ring));
  return 0;
#else
  return std::nullopt;
#endif
}

std::optional<std::uint64_t> free_bytes(std::filesystem::path folder) {
  std::error_code error;
  folder = std::filesystem::absolute(folder, error);
  // A folder that does not exist yet will be made on its parent's disk.
  while (!error && !std::filesystem::exists(folder, error) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  auto const space = std::filesystem::space(folder, error);
  if (error) return std::nullopt;
  return space.available;
}

std::size_t allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 0;
  return static_cast<std::size_t>(CPU_COUNT(&set));
}

}  // namespace

probes probe_this_machine(std::filesystem::path const& results) {
  probes p;
  p.noise = observe_noise();
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    p.open_files_soft = files.rlim_cur;
    p.open_files_hard = files.rlim_max;
  }
  p.clock_read_ns = clock_read_ns();
  p.clock_step_ns = clock_step_ns();
  p.sleep_overshoot_ns = sleep_overshoot_ns();
  p.io_uring_error = io_uring_error();
  p.free_disk_bytes = free_bytes(results);
  p.allowed_cpus = allowed_cpus();
  p.hypervisor_signature = hypervisor_signature();
  p.build = this_build();
  return p;
}

}  // namespace regatta::machine
