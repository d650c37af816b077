#include "harness/driver/small_program.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "harness/driver/clock.hpp"
#include "harness/driver/process.hpp"
#include "harness/protocol/line_io.hpp"
#include "harness/protocol/message.hpp"

namespace regatta::driver {
namespace {

namespace fs = std::filesystem;

// What runtimes/interface/small_program.hpp exits with, as test programs do that skip.
constexpr int exit_unsupported = 77;

constexpr std::uint64_t ldd_limit_ns = 10 * ns_per_s;

// Of what a program prints no more than this is kept.
constexpr std::size_t most_output = 64 * 1024;

/// A descriptor that closes itself.
class descriptor {
 public:
  explicit descriptor(int number = -1) : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

failure system_failure(std::string_view what) {
  return {outcome::failed, fmt::format("{}: {}", what, std::strerror(errno))};
}

/// Why there is nothing to start, if there is nothing.
std::optional<failure> why_absent(const std::vector<std::string>& command) {
  if (command.empty()) return failure{outcome::unsupported, "it has no such small program"};
  const fs::path program = command.front();
  if (!program.is_absolute() || fs::exists(program)) return std::nullopt;
  return failure{outcome::skipped,
                 fmt::format("it has not been built: there is no {}", program.string())};
}

/// A process that has run to its end.
struct ended_process {
  ending how;
  life lived;
  std::string printed;
  std::string complaint;  ///< What it wrote to stderr.
};

/// Attributes and descriptors of a process to be: a group of its own, signals as a shell gives
/// them.
class spawn_setup {
 public:
  spawn_setup(int output, int complaints) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, complaints, STDERR_FILENO);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGXFSZ}) ::sigaddset(&signals, signal);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  ~spawn_setup() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  spawn_setup(const spawn_setup&) = delete;
  spawn_setup& operator=(const spawn_setup&) = delete;

  /// The process, or an errno below 0.
  pid_t spawn(const std::vector<std::string>& command) const {
    std::vector<char*> arguments;
    for (const std::string& argument : command) {
      // Safe because nobody writes to the arguments.
      arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    pid_t pid = 0;
    const int error =
        ::posix_spawnp(&pid, arguments[0], &actions_, &attributes_, arguments.data(), environ);
    return error == 0 ? pid : -error;
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::uint64_t ns_of(const timeval& t) {
  return static_cast<std::uint64_t>(t.tv_sec) * ns_per_s +
         static_cast<std::uint64_t>(t.tv_usec) * 1'000;
}

/// Takes what has been printed so far; false at its end.
bool take_output(int source, std::string& target) {
  std::array<char, 4096> bytes;
  const ssize_t size = ::read(source, bytes.data(), bytes.size());
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (target.size() < most_output) target.append(bytes.data(), static_cast<std::size_t>(size));
  return size > 0;
}

/// Reads until the process has ended, or the time is up: true if it has ended.
bool read_to_the_end(int process, int output, std::uint64_t deadline_ns, std::string& printed) {
  std::array<pollfd, 2> waits = {{{process, POLLIN, 0}, {output, POLLIN, 0}}};
  for (;;) {
    const std::uint64_t now = now_ns();
    if (now >= deadline_ns) return false;
    const std::uint64_t left_ms =
        std::min<std::uint64_t>((deadline_ns - now) / ns_per_ms + 1, 1'000);
    ::poll(waits.data(), waits.size(), static_cast<int>(left_ms));
    if (waits[0].revents != 0) return true;
    if (waits[1].revents != 0 && !take_output(output, printed)) waits[1].fd = -1;
  }
}

std::string text_of(int file) {
  std::string text(most_output, '\0');
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

/// Starts a program with nothing on its stdin and waits for its end. A failure only where it could
/// not be started or did not end in time: it is killed then, with all that it started.
answer_or<ended_process> run_to_the_end(const std::vector<std::string>& command,
                                        std::uint64_t limit_ns) {
  const descriptor complaints(::memfd_create("stderr", MFD_CLOEXEC));
  std::array<int, 2> ends{};
  if (complaints.get() < 0 || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return system_failure("cannot make a pipe");
  }
  const descriptor output(ends[0]);
  descriptor output_of_child(ends[1]);
  ::fcntl(output.get(), F_SETFL, O_NONBLOCK);
  const spawn_setup setup(output_of_child.get(), complaints.get());

  const std::uint64_t began = now_ns();
  const pid_t pid = setup.spawn(command);
  if (pid < 0) {
    return failure{outcome::failed,
                   fmt::format("cannot start {}: {}", command.front(), std::strerror(-pid))};
  }
  output_of_child = descriptor();
  // Its wrapper came with glibc 2.36.
  const descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  ended_process done;
  const bool in_time = process.get() >= 0 &&
                       read_to_the_end(process.get(), output.get(), began + limit_ns, done.printed);
  done.lived.wall_ns = now_ns() - began;
  // What it may have left behind; or itself, if its time is up.
  ::kill(-pid, SIGKILL);
  rusage used = {};
  while (::wait4(pid, &done.how.wait_status, 0, &used) < 0 && errno == EINTR) {
  }
  if (process.get() < 0) {
    return failure{outcome::skipped,
                   "the kernel does not tell when a process ends (pidfd_open, since Linux 5.3)"};
  }
  if (!in_time) {
    return failure{outcome::timeout,
                   fmt::format("it had not ended after {}", say_duration(limit_ns))};
  }
  while (done.printed.size() < most_output && take_output(output.get(), done.printed)) {
    if (pollfd wait = {output.get(), POLLIN, 0}; ::poll(&wait, 1, 0) <= 0) break;
  }
  done.complaint = text_of(complaints.get());
  done.lived.cpu_ns = ns_of(used.ru_utime) + ns_of(used.ru_stime);
  return done;
}

std::string with_complaint(std::string reason, const std::string& complaint) {
  if (complaint.empty()) return reason;
  return reason + ": " + protocol::excerpt(complaint, 200);
}

failure judge_end(const ending& how, const std::string& complaint) {
  if (how.exited_with(0)) return {outcome::ok, ""};
  if (how.exited_with(exit_unsupported)) {
    return {outcome::unsupported,
            complaint.empty() ? "its small program says that it cannot" : complaint};
  }
  const bool exited = WIFEXITED(how.wait_status);
  return {exited ? outcome::failed : outcome::crashed,
          with_complaint(fmt::format("it ended with {}", how.describe()), complaint)};
}

failure judge_task(const ended_process& done) {
  if (failure wrong = judge_end(done.how, done.complaint); wrong.what != outcome::ok) return wrong;
  if (done.printed == "42\n") return {outcome::ok, ""};
  return {outcome::wrong_answer, fmt::format("it printed '{}'; expected '42' and a newline",
                                             protocol::excerpt(done.printed))};
}

}  // namespace

answer_or<std::vector<life>> run_small_task(const std::vector<std::string>& command,
                                            std::uint64_t times, std::uint64_t limit_ns) {
  if (auto absent = why_absent(command)) return *absent;
  std::vector<life> lives;
  for (std::uint64_t i = 0; i < times; ++i) {
    const auto done = run_to_the_end(command, limit_ns);
    if (!done) return done.why;
    if (failure wrong = judge_task(*done); wrong.what != outcome::ok) return wrong;
    lives.push_back(done->lived);
  }
  return lives;
}

namespace {

constexpr std::size_t echoed_bytes = 16 * 1024;

std::string some_bytes(std::uint32_t seed) {
  std::string bytes(echoed_bytes, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>((seed + i * 131 + i / 256) & 0xff);
  }
  return bytes;
}

/// A client's connection, every call of which ends by the deadline.
class client {
 public:
  /// Nothing if there is no connection; errno says why.
  static std::optional<client> connect(std::uint16_t port, std::uint64_t deadline_ns) {
    client made(descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), deadline_ns);
    if (made.socket_.get() < 0) return std::nullopt;
    // Closed with a reset, so that no port stays in TIME_WAIT.
    const linger reset = {1, 0};
    ::setsockopt(made.socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    made.limit_next(SO_SNDTIMEO);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // Safe because that is how addresses of all families are passed.
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(made.socket_.get(), generic, sizeof address) != 0) return std::nullopt;
    return made;
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      limit_next(SO_SNDTIMEO);
      const ssize_t size = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }

  /// As many bytes as were asked for, fewer where the peer has finished or the time is up.
  std::string receive(std::size_t count) {
    std::string bytes;
    while (bytes.size() < count) {
      limit_next(SO_RCVTIMEO);
      std::array<char, 4096> some;
      const ssize_t size =
          ::recv(socket_.get(), some.data(), std::min(some.size(), count - bytes.size()), 0);
      if (size <= 0) break;
      bytes.append(some.data(), static_cast<std::size_t>(size));
    }
    return bytes;
  }

  /// Says that no more comes; true if the peer then ends the connection as well.
  bool finish() {
    ::shutdown(socket_.get(), SHUT_WR);
    limit_next(SO_RCVTIMEO);
    char unexpected = 0;
    const ssize_t size = ::recv(socket_.get(), &unexpected, 1, 0);
    return size == 0 || (size < 0 && errno == ECONNRESET);
  }

 private:
  client(descriptor socket, std::uint64_t deadline_ns)
      : socket_(std::move(socket)), deadline_ns_(deadline_ns) {}

  void limit_next(int direction) {
    const std::uint64_t now = now_ns();
    // 0 would mean no limit.
    const std::uint64_t left_ns = now < deadline_ns_ ? deadline_ns_ - now : ns_per_ms;
    timeval left = {};
    left.tv_sec = static_cast<time_t>(left_ns / ns_per_s);
    left.tv_usec = static_cast<suseconds_t>(left_ns % ns_per_s / 1'000 + 1);
    if (left.tv_usec >= 1'000'000) left.tv_usec = 999'999;
    ::setsockopt(socket_.get(), SOL_SOCKET, direction, &left, sizeof left);
  }

  descriptor socket_;
  std::uint64_t deadline_ns_;
};

/// The first line that it prints; nothing if none comes in time.
std::optional<std::string> first_line(const child_process& child, std::uint64_t deadline_ns) {
  protocol::line_reader reader(child.output());
  for (;;) {
    const auto got = reader.next();
    if (got.status == protocol::line_status::line) return got.text;
    if (got.status != protocol::line_status::waiting) return std::nullopt;
    const std::uint64_t now = now_ns();
    if (now >= deadline_ns) return std::nullopt;
    pollfd wait = {child.output(), POLLIN, 0};
    ::poll(&wait, 1,
           static_cast<int>(std::min<std::uint64_t>((deadline_ns - now) / ns_per_ms + 1, 1'000)));
  }
}

std::uint16_t port_in(const std::string& line) {
  std::uint16_t port = 0;
  const char* end = line.data() + line.size();
  const auto read = std::from_chars(line.data(), end, port);
  return read.ec == std::errc() && read.ptr == end ? port : 0;
}

/// Two connections at once; the one that came second is served first.
failure try_to_echo(std::uint16_t port, std::uint64_t deadline_ns) {
  auto first = client::connect(port, deadline_ns);
  auto second = client::connect(port, deadline_ns);
  if (!first || !second) return system_failure(fmt::format("cannot connect to port {}", port));
  std::uint32_t seed = 1;
  for (client* one : {&*second, &*first}) {
    const std::string sent = some_bytes(seed++);
    if (!one->send(sent)) return system_failure("cannot send to it");
    const std::string back = one->receive(sent.size());
    if (back != sent) {
      return {outcome::wrong_answer,
              back.size() < sent.size()
                  ? fmt::format("it sent back {} of {} bytes", back.size(), sent.size())
                  : "it sent back other bytes than it was sent"};
    }
  }
  if (!first->finish() || !second->finish()) {
    return {outcome::failed, "it does not end a connection whose client has finished"};
  }
  return {outcome::ok, ""};
}

}  // namespace

failure prove_small_echo(const std::vector<std::string>& command, std::uint64_t limit_ns) {
  if (auto absent = why_absent(command)) return *absent;
  const std::uint64_t deadline_ns = now_ns() + limit_ns;
  const descriptor complaints(::memfd_create("stderr", MFD_CLOEXEC));
  const fs::path log = fmt::format("/proc/self/fd/{}", complaints.get());
  const auto started = child_process::start({command, log});
  if (!started.child) return {outcome::failed, started.error};
  child_process& child = *started.child;

  const auto line = first_line(child, deadline_ns);
  if (!line) {
    if (const auto how = child.ended_within(ns_per_s)) {
      failure wrong = judge_end(*how, text_of(complaints.get()));
      if (wrong.what != outcome::ok) return wrong;
      return {outcome::failed, "it ended before it had printed its port"};
    }
    return {outcome::timeout, fmt::format("it printed no port within {}", say_duration(limit_ns))};
  }
  const std::uint16_t port = port_in(*line);
  if (port == 0) {
    return {outcome::failed,
            fmt::format("it printed '{}'; expected its port", protocol::excerpt(*line))};
  }
  if (failure wrong = try_to_echo(port, deadline_ns); wrong.what != outcome::ok) return wrong;

  child.close_input();
  const std::uint64_t now = now_ns();
  const auto how = child.ended_within(now < deadline_ns ? deadline_ns - now : 0);
  if (!how) return {outcome::timeout, "it goes on after its stdin has ended"};
  return judge_end(*how, text_of(complaints.get()));
}

loaded_libraries parse_ldd(const std::string& printed) {
  loaded_libraries libraries;
  std::istringstream lines(printed);
  for (std::string line; std::getline(lines, line);) {
    // "	libm.so.6 => /lib/libm.so.6 (0x…)", "	/lib64/ld-linux.so.2 (0x…)", "
    // linux-vdso.so.1 (0x…)"
    std::istringstream words(line);
    std::string name;
    std::string arrow;
    words >> name >> arrow;
    std::string path = name;
    if (arrow == "=>") std::getline(words >> std::ws, path);
    if (const std::size_t address = path.rfind(" (0x"); address != path.npos) path.erase(address);
    if (path == "not found") libraries.missing.push_back(name);
    if (path.starts_with('/')) libraries.found.emplace_back(path);
  }
  return libraries;
}

answer_or<program_size> size_of_program(const fs::path& program) {
  std::error_code error;
  program_size size;
  size.program_bytes = fs::file_size(program, error);
  if (error) {
    return failure{outcome::skipped, fmt::format("cannot see how large {} is: {}", program.string(),
                                                 error.message())};
  }
  // Its sentences are translated otherwise.
  const auto asked =
      run_to_the_end({"env", "LC_ALL=C", "ldd", fs::absolute(program).string()}, ldd_limit_ns);
  if (!asked) return asked.why;
  const bool is_static = asked->complaint.find("not a dynamic executable") != std::string::npos ||
                         asked->printed.find("not a dynamic executable") != std::string::npos;
  if (is_static) return size;
  if (!asked->how.exited_with(0)) {
    return failure{outcome::skipped,
                   with_complaint("ldd cannot tell which libraries it loads", asked->complaint)};
  }
  const loaded_libraries libraries = parse_ldd(asked->printed);
  if (!libraries.missing.empty()) {
    return failure{outcome::failed,
                   fmt::format("it needs {}, which is not found", libraries.missing.front())};
  }
  std::set<fs::path> counted;
  for (const fs::path& path : libraries.found) {
    const fs::path real = fs::canonical(path, error);
    if (error || !counted.insert(real).second) continue;
    size.library_bytes += fs::file_size(real, error);
    size.libraries.push_back(real);
  }
  return size;
}

}  // namespace regatta::driver
