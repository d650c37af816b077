#include "harness/driver/report/charts.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace regatta::driver {
namespace {

namespace fs = std::filesystem;

/// Runs a program to its end. Its exit code, or 127 if it could not be started.
int run_program(const std::vector<std::string>& command, bool quiet) {
  std::vector<char*> argv;
  // Safe because execvp does not write to its arguments.
  for (const std::string& part : command) argv.push_back(const_cast<char*>(part.c_str()));
  argv.push_back(nullptr);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGPIPE, SIG_DFL);
    ::signal(SIGXFSZ, SIG_DFL);
    if (quiet) {
      const int nowhere = ::open("/dev/null", O_RDWR);
      ::dup2(nowhere, STDOUT_FILENO);
      ::dup2(nowhere, STDERR_FILENO);
    }
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

std::optional<fs::path> find_scripts() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& folder :
       {self.parent_path() / "share" / "regatta" / "scripts", fs::path(REGATTA_SCRIPTS)}) {
    if (fs::exists(folder / "report.py", error)) return folder;
  }
  return std::nullopt;
}

/// A Python that has what the script imports. Distributions put their packages into their own
/// interpreter, which need not be the first in PATH.
std::optional<std::string> find_python() {
  std::vector<std::string> candidates;
  if (const char* wanted = std::getenv("REGATTA_PYTHON"); wanted != nullptr) {
    candidates.emplace_back(wanted);
  }
  candidates.insert(candidates.end(), {"python3", "/usr/bin/python3"});
  for (const std::string& python : candidates) {
    if (run_program({python, "-c", "import matplotlib, jinja2"}, true) == 0) return python;
  }
  return std::nullopt;
}

}  // namespace

std::string draw_charts(const fs::path& run) {
  const auto scripts = find_scripts();
  if (!scripts) {
    return fmt::format("no charts: scripts/report.py was not found in {}", REGATTA_SCRIPTS);
  }
  const auto python = find_python();
  if (!python) {
    return "no charts: they want a python3 with matplotlib and jinja2; install with: apt-get "
           "install python3-matplotlib python3-jinja2";
  }
  const int code = run_program({*python, (*scripts / "report.py").string(), run.string()}, false);
  return code == 0 ? "" : fmt::format("no charts: scripts/report.py ended with exit code {}", code);
}

}  // namespace regatta::driver
