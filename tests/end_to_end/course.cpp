#include "tests/end_to_end/course.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace regatta::end_to_end {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void redirect(const fs::path& file, int to) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  ::dup2(fd, to);
  ::close(fd);
}

}  // namespace

const std::vector<std::string> two_cells = {"--scenario", "yield",    "--scenario", "skynet",
                                            "--set",      "tasks=2",  "--set",      "yields=2",
                                            "--set",      "leaves=8", "--set",      "fan_out=2"};

course::course() {
  std::string pattern = (fs::path(::testing::TempDir()) / "regatta-XXXXXX").string();
  folder_ = ::mkdtemp(pattern.data());
  fs::create_directory(folder_ / "contenders");
}

course::~course() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void course::enter(const std::string& name, const std::vector<std::string>& flags) {
  std::vector<std::string> command = {FAKE_CONTENDER, "--name", name};
  command.insert(command.end(), flags.begin(), flags.end());
  const json manifest = {{"name", name}, {"command", command}, {"kind", "fake"}};
  std::ofstream(folder_ / "contenders" / (name + ".json")) << manifest.dump();
}

void course::enter_with_laws(const std::string& name, const std::vector<std::string>& laws) {
  const json manifest = {{"name", name}, {"command", {FAKE_CONTENDER}}, {"laws", laws}};
  std::ofstream(folder_ / "contenders" / (name + ".json")) << manifest.dump();
}

void course::enter_skipped(const std::string& name, const std::string& why) {
  const json manifest = {{"name", name}, {"skipped", why}};
  std::ofstream(folder_ / "contenders" / (name + ".json")) << manifest.dump();
}

void course::enter_manifest(const std::string& name, const json& manifest) {
  std::ofstream(folder_ / "contenders" / (name + ".json")) << manifest.dump();
}

pid_t course::start(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command = {REGATTA};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& part : command) argv.push_back(part.data());
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child != 0) return child;
  (void)!::chdir(folder_.c_str());
  ::setenv("REGATTA_CONTENDERS", (folder_ / "contenders").c_str(), 1);
  for (const auto& [name, value] : environment_) ::setenv(name.c_str(), value.c_str(), 1);
  redirect(folder_ / "out", STDOUT_FILENO);
  redirect(folder_ / "err", STDERR_FILENO);
  if (prepare_) prepare_();
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

told course::collect(pid_t regatta) const {
  int status = 0;
  ::waitpid(regatta, &status, 0);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {code, content_of(folder_ / "out"), content_of(folder_ / "err")};
}

told course::regatta(const std::vector<std::string>& arguments) const {
  return collect(start(arguments));
}

told course::measure(const std::vector<std::string>& more, const std::string& time_limit) const {
  std::vector<std::string> arguments = {
      "run", "--out", run_folder().string(), "--target-time", "1", "--time-limit", time_limit};
  arguments.insert(arguments.end(), two_cells.begin(), two_cells.end());
  arguments.insert(arguments.end(), more.begin(), more.end());
  return regatta(arguments);
}

std::vector<json> course::samples() const {
  std::ifstream in(run_folder() / "samples.jsonl");
  std::vector<json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

json course::line_of(const std::string& row, const std::string& scenario) const {
  json found;
  for (const json& line : samples()) {
    if (line.at("row") != row || line.at("scenario") != scenario) continue;
    EXPECT_TRUE(found.is_null()) << "two lines of " << row << " in " << scenario;
    found = line;
  }
  return found;
}

json course::read_json(const std::string& file) const {
  return json::parse(content_of(run_folder() / file));
}

void course::wait_for_samples(std::size_t lines) const {
  for (int patience = 0; patience < 20'000; ++patience) {
    const std::string text = content_of(run_folder() / "samples.jsonl");
    if (static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) >= lines) return;
    ::usleep(1000);
  }
  FAIL() << "the run took no " << lines << " samples in 20 s: " << content_of(folder_ / "err");
}

std::vector<pid_t> processes_with(const std::string& text) {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (content_of(entry.path() / "cmdline").find(text) != std::string::npos) {
      found.push_back(static_cast<pid_t>(std::stol(name)));
    }
  }
  return found;
}

}  // namespace regatta::end_to_end
