#include "proxy/paths/child.hpp"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <stdexcept>
#include <utility>

namespace regatta::paths {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t most_words = 600;

// The children that live, for the handler of signals that end us. Relaxed everywhere: only the
// numbers matter, and a handler runs on one of our own threads.
std::array<std::atomic<pid_t>, 16> living{};
static_assert(std::atomic<pid_t>::is_always_lock_free, "a signal handler reads them");

// Kills a group and reaps all of it; answers how its leader ended. What the leader had started
// comes to us when it is gone, because we are their reaper. Only async-signal-safe calls.
int end_group(pid_t leader) noexcept {
  ::kill(-leader, SIGKILL);
  int status = 0;
  while (::waitpid(leader, &status, 0) < 0 && errno == EINTR) {
  }
  while (::waitpid(-leader, nullptr, 0) > 0 || errno == EINTR) {
  }
  return status;
}

// Only async-signal-safe calls.
void end_with_children(int signal) {
  for (auto& each : living) {
    pid_t const pid = each.exchange(0, std::memory_order_relaxed);
    if (pid > 0) end_group(pid);
  }
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void kill_children_when_we_are_told_to_end() {
  static bool const once = [] {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (int const signal : {SIGTERM, SIGINT, SIGHUP}) ::signal(signal, &end_with_children);
    return true;
  }();
  static_cast<void>(once);
}

void enter(pid_t pid) {
  for (auto& each : living) {
    pid_t none = 0;
    if (each.compare_exchange_strong(none, pid, std::memory_order_relaxed)) return;
  }
}

void strike_out(pid_t pid) noexcept {
  for (auto& each : living) {
    pid_t own = pid;
    each.compare_exchange_strong(own, 0, std::memory_order_relaxed);
  }
}

// All that the child needs between fork and exec, made beforehand: nothing may allocate there.
struct launch {
  std::vector<char*> argv;
  cpu_set_t processors;
  bool is_pinned = false;
  int signal_at_our_death = SIGKILL;
  int input = -1, output = -1, errors = -1, failure = -1;
  pid_t parent = -1;
};

[[noreturn]] void become(launch const& l) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, l.signal_at_our_death);
  if (::getppid() != l.parent) ::_exit(127);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int const signal : {SIGPIPE, SIGTERM, SIGINT, SIGHUP}) ::signal(signal, SIG_DFL);
  bool const is_set_up =
      (!l.is_pinned || ::sched_setaffinity(0, sizeof l.processors, &l.processors) == 0) &&
      ::dup2(l.input, STDIN_FILENO) >= 0 && ::dup2(l.output, STDOUT_FILENO) >= 0 &&
      ::dup2(l.errors, STDERR_FILENO) >= 0;
  if (is_set_up) ::execvp(l.argv[0], l.argv.data());
  int const error = errno;
  (void)!::write(l.failure, &error, sizeof error);
  ::_exit(127);
}

class closed_at_end {
 public:
  explicit closed_at_end(int number) : number_(number) {}
  ~closed_at_end() { close(); }
  closed_at_end(closed_at_end const&) = delete;
  closed_at_end& operator=(closed_at_end const&) = delete;
  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_;
};

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
  return ends;
}

}  // namespace

child::child(child_options const& options) : name_(options.command.at(0)) {
  kill_children_when_we_are_told_to_end();
  auto const [output_source, output_target] = make_pipe();
  closed_at_end from_child(output_source);
  closed_at_end to_us(output_target);
  auto const [failure_source, failure_target] = make_pipe();
  closed_at_end failed(failure_source);
  closed_at_end fails(failure_target);
  closed_at_end nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  closed_at_end words(::memfd_create("stderr", MFD_CLOEXEC));
  if (words.get() < 0) throw std::runtime_error("cannot keep what a program says on stderr");

  launch l;
  for (auto const& argument : options.command) {
    // Safe because execvp() does not write to its arguments.
    l.argv.push_back(const_cast<char*>(argument.c_str()));
  }
  l.argv.push_back(nullptr);
  CPU_ZERO(&l.processors);
  for (int const each : options.processors) CPU_SET(each, &l.processors);
  l.is_pinned = !options.processors.empty();
  l.signal_at_our_death = options.signal_at_our_death;
  l.input = nothing.get();
  l.output = to_us.get();
  l.errors = words.get();
  l.failure = fails.get();
  l.parent = ::getpid();

  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("cannot start " + name_ + ": " + ::strerror(errno));
  if (pid_ == 0) become(l);
  // Both sides set the group, so that it exists whoever runs first.
  ::setpgid(pid_, pid_);
  enter(pid_);
  fails.close();
  int error = 0;
  if (::read(failed.get(), &error, sizeof error) > 0) {
    kill_and_reap();
    throw std::runtime_error("cannot start " + name_ + ": " + ::strerror(error));
  }
  output_ = from_child.release();
  errors_ = words.release();
}

child::~child() {
  kill_and_reap();
  if (output_ >= 0) ::close(output_);
  if (errors_ >= 0) ::close(errors_);
}

void child::kill_and_reap() noexcept {
  if (wait_status_) return;
  // The group also where the process has ended: what it has started may live. Before we have
  // reaped, its number is nobody else's.
  strike_out(pid_);
  wait_status_ = end_group(pid_);
}

std::optional<int> child::wait(clock::time_point deadline) {
  while (!wait_status_) {
    siginfo_t info{};
    int const seen = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    if (seen == 0 && info.si_pid != 0) {
      kill_and_reap();
      break;
    }
    if (clock::now() >= deadline) return std::nullopt;
    ::poll(nullptr, 0, 1);
  }
  if (WIFEXITED(*wait_status_)) return WEXITSTATUS(*wait_status_);
  return 128 + WTERMSIG(*wait_status_);
}

bool child::is_alive() { return !wait(clock::now()).has_value(); }

void child::expect_alive() {
  if (!is_alive()) complain("has died");
}

std::string child::describe_end() const {
  if (!wait_status_) return "";
  if (WIFEXITED(*wait_status_)) return fmt::format(" (exit code {})", WEXITSTATUS(*wait_status_));
  return fmt::format(" (killed by signal {})", WTERMSIG(*wait_status_));
}

void child::complain(std::string const& what) const {
  auto const words = last_words();
  throw std::runtime_error(fmt::format("{} {}{}{}{}", name_, what, describe_end(),
                                       words.empty() ? ", and has said nothing" : ": ", words));
}

std::string child::next_line(clock::time_point deadline) {
  for (;;) {
    auto const end = heard_.find('\n');
    if (end != heard_.npos) {
      auto line = heard_.substr(0, end);
      heard_.erase(0, end + 1);
      return line;
    }
    auto const left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count();
    if (left <= 0) complain("is not ready in time");
    pollfd waits{.fd = output_, .events = POLLIN, .revents = 0};
    if (::poll(&waits, 1, static_cast<int>(std::min<long long>(left, 1'000))) <= 0) continue;
    std::array<char, 1024> piece;
    auto const got = ::read(output_, piece.data(), piece.size());
    if (got > 0) {
      heard_.append(piece.data(), static_cast<std::size_t>(got));
    } else if (got == 0) {
      wait(clock::now() + std::chrono::milliseconds(200));
      complain("has ended before it was ready");
    }
  }
}

std::string child::last_words() const {
  auto const size = ::lseek(errors_, 0, SEEK_END);
  if (size <= 0) return "";
  auto const count = std::min<std::size_t>(static_cast<std::size_t>(size), most_words);
  std::string text(count, '\0');
  auto const got = ::pread(errors_, text.data(), count, size - static_cast<off_t>(count));
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  std::ranges::replace(text, '\n', ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string child::rest_of_output() {
  std::array<char, 4096> piece;
  for (ssize_t got; (got = ::read(output_, piece.data(), piece.size())) > 0;) {
    heard_.append(piece.data(), static_cast<std::size_t>(got));
  }
  return std::exchange(heard_, {});
}

std::optional<std::string> output_of(std::vector<std::string> const& command,
                                     std::chrono::milliseconds limit) {
  try {
    child asked({.command = command, .processors = {}});
    if (asked.wait(clock::now() + limit) != 0) return std::nullopt;
    return asked.rest_of_output() + asked.last_words();
  } catch (std::runtime_error const&) {
    return std::nullopt;
  }
}

}  // namespace regatta::paths
