#include "harness/driver/report/charts.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace regatta::driver {
namespace {

namespace fs = std::filesystem;

struct ended_program {
  int code = 127;   ///< Its exit code; 127 if it could not be started.
  std::string out;  ///< What it printed, if that was wanted.
};

/// Runs a program to its end. Its stdout is collected, or is ours.
ended_program run_program(const std::vector<std::string>& command, bool collect) {
  std::vector<char*> argv;
  // Safe because execvp does not write to its arguments.
  for (const std::string& part : command) argv.push_back(const_cast<char*>(part.c_str()));
  argv.push_back(nullptr);
  std::array<int, 2> ends = {-1, -1};
  if (collect && ::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGPIPE, SIG_DFL);
    ::signal(SIGXFSZ, SIG_DFL);
    if (collect) ::dup2(ends[1], STDOUT_FILENO);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  ended_program ended;
  if (collect) {
    ::close(ends[1]);
    std::array<char, 4096> chunk;
    for (ssize_t got = 0; (got = ::read(ends[0], chunk.data(), chunk.size())) > 0;) {
      ended.out.append(chunk.data(), static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child > 0 && WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  return ended;
}

/// REGATTA_SCRIPTS, else beside an installed regatta, else in the tree that it was built from.
std::optional<fs::path> find_scripts() {
  std::vector<fs::path> places;
  if (const char* wanted = std::getenv("REGATTA_SCRIPTS"); wanted != nullptr) {
    places = {wanted};
  } else {
    std::error_code ignored;
    const fs::path bin = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    places = {bin.parent_path() / "share" / "regatta" / "scripts", REGATTA_SOURCE_SCRIPTS};
  }
  for (const fs::path& folder : places) {
    std::error_code ignored;
    if (fs::exists(folder / "report.py", ignored)) return folder;
  }
  return std::nullopt;
}

}  // namespace

std::string draw_charts(const fs::path& run) {
  const auto scripts = find_scripts();
  if (!scripts) {
    return "no charts: scripts/report.py was not found; expected it in the source tree, or where "
           "REGATTA_SCRIPTS says";
  }
  // The python3 in PATH need not be the one that has the packages: the script looks at several.
  ended_program python = run_program({(*scripts / "find_python").string()}, true);
  python.out.erase(python.out.find_last_not_of(" \n") + 1);
  if (python.code != 0 || python.out.empty()) {
    return "no charts: they want a python3 with matplotlib and jinja2; install with: apt-get "
           "install python3-matplotlib python3-jinja2";
  }
  const ended_program drawn =
      run_program({python.out, (*scripts / "report.py").string(), run.string()}, false);
  if (drawn.code == 0) return "";
  return fmt::format("no charts: scripts/report.py ended with exit code {}", drawn.code);
}

}  // namespace regatta::driver
