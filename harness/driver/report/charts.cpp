#include "harness/driver/report/charts.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "harness/driver/program.hpp"

namespace regatta::driver {
namespace {

namespace fs = std::filesystem;

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
  ended_program python = run_program({.command = {(*scripts / "find_python").string()}});
  python.out.erase(python.out.find_last_not_of(" \n") + 1);
  if (python.code != 0 || python.out.empty()) {
    return "no charts: they want a python3 with matplotlib and jinja2; install with: apt-get "
           "install python3-matplotlib python3-jinja2";
  }
  const ended_program drawn =
      run_program({.command = {python.out, (*scripts / "report.py").string(), run.string()},
                   .output = program_output::ours});
  if (drawn.code == 0) return "";
  return fmt::format("no charts: scripts/report.py ended with exit code {}", drawn.code);
}

}  // namespace regatta::driver
