#include "harness/driver/ab/repository.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "harness/driver/contenders.hpp"
#include "harness/driver/content_hash.hpp"
#include "harness/driver/exit_code.hpp"
#include "harness/driver/names.hpp"
#include "harness/driver/program.hpp"

namespace regatta::driver {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

constexpr std::size_t lines_of_log_shown = 15;

std::string without_end_of_line(std::string text) {
  text.erase(text.find_last_not_of("\r\n") + 1);
  return text;
}

/// A commit may hold any bytes; what is no UTF-8 is replaced.
std::string valid_text(const std::string& text) {
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace))
      .get<std::string>();
}

/// What else than the commit decides what comes out of a build: the compilers and their flags.
std::string toolchain() {
  content_hash seen;
  for (const char* name : {"CC", "CXX", "CFLAGS", "CXXFLAGS"}) {
    const char* value = std::getenv(name);
    seen.add(fmt::format("{}={}\n", name, value == nullptr ? "" : value));
  }
  // With arguments, as "ccache g++", if CXX has some.
  const ended_program version =
      run_program({.command = {"sh", "-c", "${CXX:-c++} --version 2>/dev/null"}});
  seen.add(version.out);
  return fmt::format("{:08x}", seen.value() & 0xffff'ffffu);
}

/// Two builds of one folder wait for each other.
class folder_lock {
 public:
  explicit folder_lock(const fs::path& folder)
      : file_(::open((folder / "lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666)) {
    if (file_ >= 0 && ::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
    if (file_ >= 0 && errno == EWOULDBLOCK) {
      fmt::print(stderr, "somebody else builds in {}: waiting for them\n", folder.string());
      int locked = -1;
      do {
        locked = ::flock(file_, LOCK_EX);
      } while (locked != 0 && errno == EINTR);
      if (locked == 0) return;
    }
    const std::string why = std::strerror(errno);
    if (file_ >= 0) ::close(file_);
    throw cannot_measure(fmt::format("cannot lock {}: {}; expected a place to build in",
                                     (folder / "lock").string(), why));
  }
  ~folder_lock() { ::close(file_); }
  folder_lock(const folder_lock&) = delete;
  folder_lock& operator=(const folder_lock&) = delete;

 private:
  int file_;
};

json lines_of(const std::string& text) {
  json lines = json::array();
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::string end_of(const fs::path& log) {
  std::ifstream in(log);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  const std::size_t first = lines.size() - std::min(lines.size(), lines_of_log_shown);
  std::string text;
  for (std::size_t i = first; i < lines.size(); ++i) text += "\n  " + lines[i];
  return text;
}

/// One step of a build: shown where somebody watches, else into a log.
void do_step(const commit& what, const fs::path& folder, const std::string& doing,
             std::vector<std::string> command, std::vector<std::string> environment = {}) {
  const bool watched = ::isatty(STDERR_FILENO) == 1;
  const fs::path log = folder / "build.log";
  fmt::print(stderr, "{} {}{}\n", doing, what.sha.substr(0, 12),
             watched ? "" : ", see " + log.string());
  const std::string tool = command.front();
  const ended_program ended =
      run_program({.command = std::move(command),
                   .output = watched ? program_output::to_stderr : program_output::to_log,
                   .log = log,
                   .environment = std::move(environment)});
  if (ended.code == 0) return;
  throw cannot_measure(fmt::format(
      "{} {} failed: {} ended with exit code {}; expected a commit that builds on this machine{}",
      doing, what.sha.substr(0, 12), tool, ended.code, watched ? "" : end_of(log)));
}

/// The ninja target that makes the program of a manifest.
std::string target_of(const contender& who, const contender_program& program,
                      const fs::path& build) {
  const fs::path file = program.command.front();
  if (file.parent_path() == build / "bin") return file.filename().string();
  return "contender_" + who.name;
}

std::vector<std::string> targets_of(const fs::path& build, const std::vector<std::string>& wanted,
                                    const commit& what) {
  const std::vector<contender> known = read_manifests(build / "contenders");
  std::set<std::string> targets;
  for (const std::string& one : wanted) {
    const std::string glob = one.substr(0, one.find('/'));
    for (const contender& who : known) {
      if (!matches_glob(glob, who.name)) continue;
      for (const contender_program& program : who.programs) {
        if (!program.command.empty()) targets.insert(target_of(who, program, build));
      }
    }
  }
  if (!targets.empty()) return {targets.begin(), targets.end()};
  std::vector<std::string> names;
  for (const contender& who : known) names.push_back(who.name);
  throw usage_error(fmt::format("commit {} has no contender {} that can be built here{}",
                                what.sha.substr(0, 12), joined(wanted),
                                suggestion(wanted.front(), names)));
}

}  // namespace

const std::vector<std::string> runtimes_in_the_tree = {"work_stealing", "single_threaded",
                                                       "lightweight"};

std::optional<repository> repository::around_us() {
  const ended_program git =
      run_program({.command = {"sh", "-c", "exec git rev-parse --show-toplevel 2>/dev/null"}});
  if (git.code != 0) return std::nullopt;
  return repository(without_end_of_line(git.out));
}

std::optional<std::string> repository::git(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command = {"git", "-C", top_.string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  ended_program ended = run_program({.command = std::move(command)});
  if (ended.code != 0) return std::nullopt;
  return valid_text(without_end_of_line(std::move(ended.out)));
}

std::optional<commit> repository::find(const std::string& ref) const {
  const auto sha = git({"rev-parse", "--verify", "--quiet", "--end-of-options", ref + "^{commit}"});
  if (!sha || sha->empty()) return std::nullopt;
  return commit{*sha, git({"log", "-1", "--format=%s", *sha}).value_or("")};
}

json repository::changes(const commit& base, const commit& head) const {
  const std::string range = base.sha + ".." + head.sha;
  return {{"commits", lines_of(git({"log", "--oneline", "--no-decorate", range}).value_or(""))},
          {"files", lines_of(git({"diff", "--name-only", base.sha, head.sha}).value_or(""))}};
}

bool repository::is_dirty() const {
  return !git({"status", "--porcelain", "--untracked-files=no"}).value_or("").empty();
}

void repository::check_out(const commit& what, const fs::path& into) const {
  if (fs::exists(into / "CMakeLists.txt")) return;
  const fs::path archive = into.parent_path() / "source.tar";
  const fs::path fresh = into.parent_path() / "source.fresh";
  fs::remove_all(fresh);
  fs::create_directories(fresh);
  // An archive and no worktree: a worktree would leave its trace in the user's repository.
  do_step(
      what, into.parent_path(), "taking the sources of",
      {"git", "-C", top_.string(), "archive", "--format=tar", "-o", archive.string(), what.sha});
  do_step(what, into.parent_path(), "unpacking",
          {"tar", "-xf", archive.string(), "-C", fresh.string()});
  fs::remove(archive);
  if (!fs::exists(fresh / "CMakeLists.txt")) {
    throw usage_error(fmt::format("commit {} is no tree of Regatta: it has no CMakeLists.txt",
                                  what.sha.substr(0, 12)));
  }
  // What scripts/install unpacked for this tree serves that one too.
  std::error_code ignored;
  if (fs::exists(top_ / "build" / "deps")) {
    fs::create_directories(fresh / "build", ignored);
    fs::create_directory_symlink(top_ / "build" / "deps", fresh / "build" / "deps", ignored);
  }
  fs::rename(fresh, into);
}

fs::path repository::build(const commit& what, const std::vector<std::string>& wanted) const {
  const fs::path folder = top_ / "build" / "ab" / (what.sha + "-" + toolchain());
  const fs::path source = folder / "source";
  const fs::path build = folder / "build";
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw cannot_measure(fmt::format("cannot make the folder {}: {}; expected a place to build in",
                                     folder.string(), error.message()));
  }
  const folder_lock alone(folder);
  check_out(what, source);
  // Programs that name the folder they were built in would differ where nothing else does.
  const fs::path relocatable = folder / "relocatable.cmake";
  std::ofstream(relocatable)
      << "add_compile_options(\"-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.\"\n"
         "                    \"-ffile-prefix-map=${PROJECT_BINARY_DIR}=build\")\n";
  // Each time: it costs little, and notices what else changed around it.
  do_step(what, folder, "configuring",
          {"cmake", "-G", "Ninja", "-S", source.string(), "-B", build.string(),
           "-DCMAKE_BUILD_TYPE=Release", "-DREGATTA_TESTS=OFF", "-DREGATTA_COMMAND=OFF",
           "-DCMAKE_PROJECT_INCLUDE=" + relocatable.string()});
  std::vector<std::string> command = {"ninja", "-C", build.string()};
  for (std::string& target : targets_of(build, wanted, what)) command.push_back(std::move(target));
  do_step(what, folder, "building", std::move(command),
          {"CCACHE_BASEDIR=" + folder.string(), "CCACHE_NOHASHDIR=1"});
  return build / "contenders";
}

}  // namespace regatta::driver
