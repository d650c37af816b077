#include "harness/driver/program.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace regatta::driver {
namespace {

/// In the child: everything that is to be as the program wants it, then the program.
[[noreturn]] void become(const program_to_run& what, char* const* argv, int pipe_end, int log) {
  // The driver ignores both; whoever it starts should not.
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGXFSZ, SIG_DFL);
  if (pipe_end >= 0) ::dup2(pipe_end, STDOUT_FILENO);
  if (what.output == program_output::to_stderr) ::dup2(STDERR_FILENO, STDOUT_FILENO);
  if (log >= 0) {
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
  }
  if (!what.folder.empty() && ::chdir(what.folder.c_str()) != 0) ::_exit(127);
  for (const std::string& setting : what.environment) {
    const std::size_t equals = setting.find('=');
    ::setenv(setting.substr(0, equals).c_str(), setting.substr(equals + 1).c_str(), 1);
  }
  ::execvp(argv[0], argv);
  ::_exit(127);
}

std::string everything_from(int descriptor) {
  std::string text;
  std::array<char, 4096> chunk;
  for (;;) {
    const ssize_t got = ::read(descriptor, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

ended_program run_program(const program_to_run& what) {
  std::vector<char*> argv;
  // Safe because execvp does not write to its arguments.
  for (const std::string& part : what.command) argv.push_back(const_cast<char*>(part.c_str()));
  argv.push_back(nullptr);
  const bool collect = what.output == program_output::collected;
  std::array<int, 2> ends = {-1, -1};
  if (collect && ::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  const int log = what.output == program_output::to_log
                      ? ::open(what.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)
                      : -1;
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) become(what, argv.data(), ends[1], log);
  if (log >= 0) ::close(log);
  ended_program ended;
  if (collect) {
    ::close(ends[1]);
    ended.out = everything_from(ends[0]);
    ::close(ends[0]);
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child > 0 && WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  return ended;
}

}  // namespace regatta::driver
