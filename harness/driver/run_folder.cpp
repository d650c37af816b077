#include "harness/driver/run_folder.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <vector>

#include "harness/driver/exit_code.hpp"

namespace regatta::driver {
namespace {

namespace fs = std::filesystem;

std::string timestamp() {
  const std::time_t now = std::time(nullptr);
  std::tm local = {};
  ::localtime_r(&now, &local);
  return fmt::format("{:04}-{:02}-{:02}T{:02}-{:02}-{:02}", local.tm_year + 1900, local.tm_mon + 1,
                     local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec);
}

fs::path unused_default() {
  const fs::path results = "results";
  const std::string name = timestamp();
  fs::path path = results / name;
  for (int n = 2; fs::exists(path); ++n) path = results / fmt::format("{}-{}", name, n);
  return path;
}

void point_latest_at(const fs::path& run) {
  // A convenience only: a file system without links is no reason to end the run.
  std::error_code ignored;
  const fs::path fresh = run.parent_path() / ".latest";
  fs::remove(fresh, ignored);
  fs::create_directory_symlink(run.filename(), fresh, ignored);
  fs::rename(fresh, run.parent_path() / "latest", ignored);
}

bool holds_a_run(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path / "plan.json", ignored);
}

}  // namespace

std::string text_of(const nlohmann::ordered_json& document) {
  return document.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

fs::path run_folder::log(const std::string& row, const std::string& when) const {
  std::string name = row;
  std::replace(name.begin(), name.end(), '/', '.');
  return path_ / "log" / fmt::format("{}.{}.log", name, when);
}

void run_folder::write(const std::string& name, const std::string& content) const {
  const fs::path target = path_ / name;
  const fs::path fresh = path_ / ("." + name + ".fresh");
  errno = 0;
  {
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out << content;
    out.close();
    std::error_code error;
    if (out) fs::rename(fresh, target, error);
    if (out && !error) return;
  }
  const std::string why = errno == 0 ? "write error" : std::strerror(errno);
  std::error_code ignored;
  fs::remove(fresh, ignored);
  throw cannot_measure(
      fmt::format("cannot write {}: {}; expected a folder that can be written and a disk with room",
                  target.string(), why));
}

nlohmann::ordered_json run_folder::read_json(const std::string& name) const {
  const fs::path file = path_ / name;
  std::ifstream in(file);
  if (!in) {
    throw usage_error(fmt::format(
        "{} holds no {}; expected the folder of a run, for example: regatta report results/latest",
        path_.string(), name));
  }
  auto object = nlohmann::ordered_json::parse(in, nullptr, false);
  if (object.is_discarded()) {
    throw usage_error(fmt::format("{} is corrupt: it is no JSON", file.string()));
  }
  return object;
}

run_folder make_run_folder(const std::string& out) {
  const fs::path path = out.empty() ? unused_default() : fs::path(out);
  if (holds_a_run(path)) {
    throw usage_error(fmt::format(
        "{} already holds a run; expected a new folder, or go on with it: regatta run --resume {}",
        path.string(), path.string()));
  }
  std::error_code error;
  fs::create_directories(path / "log", error);
  if (error) {
    throw cannot_measure(fmt::format(
        "cannot make the folder {}: {}; expected a place that can be written, for example --out "
        "/tmp/run",
        path.string(), error.message()));
  }
  if (out.empty()) point_latest_at(path);
  return run_folder(path);
}

run_folder find_run_folder(const std::string& given) {
  if (!given.empty()) {
    if (holds_a_run(given)) return run_folder(given);
    throw usage_error(fmt::format(
        "{} holds no run; expected a folder with a plan.json, for example results/latest", given));
  }
  std::vector<fs::path> runs;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("results", error)) {
    if (!entry.is_symlink() && holds_a_run(entry.path())) runs.push_back(entry.path());
  }
  if (runs.empty()) {
    throw usage_error("there is no run under results/; take one with: regatta run --quick");
  }
  return run_folder(*std::max_element(runs.begin(), runs.end(), [](const auto& a, const auto& b) {
    return fs::last_write_time(a / "plan.json") < fs::last_write_time(b / "plan.json");
  }));
}

}  // namespace regatta::driver
