#include "harness/driver/process.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "harness/driver/clock.hpp"

namespace regatta::driver {
namespace {

/// A descriptor that closes itself.
class owned_fd {
 public:
  owned_fd() = default;
  explicit owned_fd(int fd) : fd_(fd) {}
  owned_fd(owned_fd&& other) noexcept : fd_(other.release()) {}
  owned_fd& operator=(owned_fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~owned_fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

struct pipe_ends {
  owned_fd source;
  owned_fd target;
};

std::optional<pipe_ends> open_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  return pipe_ends{owned_fd(ends[0]), owned_fd(ends[1])};
}

/// Everything that the child needs between fork and exec, made beforehand: nothing may allocate
/// there.
struct launch {
  std::vector<char*> argv;
  int input;
  int output;
  int log;
  int failure;
  pid_t parent;
};

[[noreturn]] void report_and_exit(const launch& l) {
  const int error = errno;
  (void)!::write(l.failure, &error, sizeof error);
  ::_exit(127);
}

/// Runs in the child. Only async-signal-safe calls.
[[noreturn]] void become_contender(const launch& l) {
  ::setpgid(0, 0);
  // A contender never outlives its driver, however that ends.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != l.parent) ::_exit(127);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  ::signal(SIGXFSZ, SIG_DFL);
  const rlimit no_core = {0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  // If the machine runs out of memory, the kernel is to choose the contender and not the driver.
  if (const int oom = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); oom >= 0) {
    (void)!::write(oom, "1000", 4);
  }
  if (::dup2(l.input, STDIN_FILENO) < 0 || ::dup2(l.output, STDOUT_FILENO) < 0 ||
      ::dup2(l.log, STDERR_FILENO) < 0) {
    report_and_exit(l);
  }
  ::execvp(l.argv[0], l.argv.data());
  report_and_exit(l);
}

std::string cannot_start(const std::string& program, int error) {
  return fmt::format("cannot start {}: {}", program, std::strerror(error));
}

}  // namespace

bool ending::exited_with(int code) const {
  return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == code;
}

bool ending::was_killed() const {
  return WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL;
}

std::string ending::describe() const {
  if (WIFEXITED(wait_status)) return fmt::format("exit code {}", WEXITSTATUS(wait_status));
  const int signal = WTERMSIG(wait_status);
  const char* name = ::sigabbrev_np(signal);
  return fmt::format("killed by SIG{} ({})", name == nullptr ? "?" : name, ::strsignal(signal));
}

child_process::started child_process::start(const process_options& options) {
  const std::string& program = options.command.at(0);
  auto input = open_pipe();
  auto output = open_pipe();
  auto failure = open_pipe();
  if (!input || !output || !failure) return {nullptr, cannot_start(program, errno)};
  const std::string log_path = options.log.empty() ? "/dev/null" : options.log.string();
  owned_fd log(::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (log.get() < 0) {
    return {nullptr, fmt::format("cannot write the log {}: {}", log_path, std::strerror(errno))};
  }

  launch l{{},        input->source.get(),   output->target.get(),
           log.get(), failure->target.get(), ::getpid()};
  for (const std::string& argument : options.command) {
    // Safe because execvp does not write to its arguments.
    l.argv.push_back(const_cast<char*>(argument.c_str()));
  }
  l.argv.push_back(nullptr);

  const pid_t pid = ::fork();
  if (pid < 0) return {nullptr, cannot_start(program, errno)};
  if (pid == 0) become_contender(l);

  // Both sides set the group, so that it exists whoever runs first.
  ::setpgid(pid, pid);
  failure->target = owned_fd();
  int error = 0;
  if (::read(failure->source.get(), &error, sizeof error) > 0) {
    ::waitpid(pid, nullptr, 0);
    return {nullptr, cannot_start(program, error)};
  }
  ::fcntl(output->source.get(), F_SETFL, O_NONBLOCK);
  return {std::unique_ptr<child_process>(
              new child_process(pid, input->target.release(), output->source.release())),
          ""};
}

child_process::~child_process() {
  kill();
  close_input();
  ::close(output_);
}

void child_process::close_input() {
  if (input_ >= 0) ::close(std::exchange(input_, -1));
}

ending child_process::reap() {
  // The group dies before its leader is reaped: afterwards its number could be somebody else's.
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ending_ = ending{status};
  return *ending_;
}

std::optional<ending> child_process::ended() {
  if (ending_) return ending_;
  siginfo_t info = {};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid == 0) {
    return std::nullopt;
  }
  return reap();
}

std::optional<ending> child_process::ended_within(std::uint64_t wait_ns) {
  const std::uint64_t deadline = now_ns() + wait_ns;
  for (;;) {
    if (auto how = ended()) return how;
    if (now_ns() >= deadline) return std::nullopt;
    ::poll(nullptr, 0, 1);
  }
}

ending child_process::kill() { return ending_ ? *ending_ : reap(); }

std::uint64_t child_process::resident_bytes() const {
  std::ifstream statm(fmt::format("/proc/{}/statm", pid_));
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  statm >> total >> resident;
  return statm ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

io_backends child_process::backends() const {
  io_backends seen;
  std::error_code error;
  const std::filesystem::directory_iterator descriptors(fmt::format("/proc/{}/fd", pid_), error);
  if (error) return seen;
  for (const auto& descriptor : descriptors) {
    // One that has been closed meanwhile has no target.
    const std::string target = std::filesystem::read_symlink(descriptor.path(), error).string();
    seen.epoll = seen.epoll || target == "anon_inode:[eventpoll]";
    seen.io_uring = seen.io_uring || target == "anon_inode:[io_uring]";
  }
  return seen;
}

std::uint64_t child_process::cpu_ns() const {
  std::ifstream stat(fmt::format("/proc/{}/stat", pid_));
  std::string text;
  std::getline(stat, text);
  // The name may hold blanks and brackets; what follows the last bracket is regular.
  const std::size_t bracket = text.rfind(')');
  if (bracket == std::string::npos) return 0;
  std::istringstream rest(text.substr(bracket + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  rest >> user >> system;
  if (!rest) return 0;
  return (user + system) * (ns_per_s / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

}  // namespace regatta::driver
