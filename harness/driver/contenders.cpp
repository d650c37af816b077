#include "harness/driver/contenders.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "harness/driver/exit_code.hpp"
#include "harness/driver/names.hpp"

namespace regatta::driver {
namespace {

namespace fs = std::filesystem;

/// An installed manifest names its programs from where it lies itself: the whole may be moved.
void resolve(std::vector<std::string>& command, const fs::path& folder) {
  for (std::string& part : command) {
    if (!part.starts_with("./") && !part.starts_with("../")) continue;
    part = fs::absolute(folder / part).lexically_normal().string();
  }
}

std::vector<fs::path> manifests_in(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  if (error) {
    throw usage_error(fmt::format(
        "cannot read the folder of contenders {}: {}; expected the one that the build leaves, for "
        "example --contenders build/release/contenders",
        folder.string(), error.message()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

using small_programs = std::map<std::string, std::vector<std::string>>;

contender_program read_program(const nlohmann::json& object, const fs::path& folder) {
  contender_program found;
  found.variant = object.value("variant", "");
  found.command = object.value("command", std::vector<std::string>{});
  found.skipped = object.value("skipped", "");
  found.laws = object.value("laws", std::vector<std::string>{});
  resolve(found.command, folder);
  resolve(found.laws, folder);
  for (auto [what, command] : object.value("small_programs", small_programs{})) {
    resolve(command, folder);
    if (!command.empty()) found.small_programs.emplace(what, std::move(command));
  }
  if (!found.skipped.empty()) return found;
  if (found.command.empty()) {
    found.skipped = "its manifest names neither a command nor a reason";
  } else if (const fs::path program = found.command.front();
             program.is_absolute() && !fs::exists(program)) {
    found.skipped = fmt::format("it has not been built: there is no {}", program.string());
  }
  return found;
}

scenarios::subject subject_named(const std::string& name) {
  using enum scenarios::subject;
  for (const scenarios::subject one : {machine, path}) {
    if (name == name_of(one)) return one;
  }
  return runtime;
}

contender read_manifest(const fs::path& file) {
  std::ifstream in(file);
  try {
    const auto object = nlohmann::json::parse(in);
    contender found;
    found.name = object.at("name").get<std::string>();
    found.kind = object.value("kind", "");
    found.measured = object.value("measured", true);
    found.subject = subject_named(object.value("subject", "runtime"));
    for (const auto& program : object.value("programs", nlohmann::json::array())) {
      found.programs.push_back(read_program(program, file.parent_path()));
    }
    // One with a single program may do without the list.
    if (found.programs.empty()) found.programs.push_back(read_program(object, file.parent_path()));
    return found;
  } catch (const nlohmann::json::exception& error) {
    throw usage_error(
        fmt::format(R"(cannot read the manifest {}: {}; expected {{"name":"…","command":["…"]}})",
                    file.string(), error.what()));
  }
}

bool names_a_path(const std::string& wanted) {
  if (wanted.starts_with("/") || wanted.starts_with("./") || wanted.starts_with("../")) return true;
  return wanted.find_first_of("*?[") == std::string::npos && fs::is_regular_file(wanted);
}

contender contender_at(const std::string& path) {
  if (!fs::exists(path)) {
    throw usage_error(
        fmt::format("there is no program {}; expected the path of a contender, for "
                    "example --contender ./my-runtime",
                    path));
  }
  if (fs::is_directory(path) || ::access(path.c_str(), X_OK) != 0) {
    throw usage_error(
        fmt::format("{} is not executable; expected a program that speaks the "
                    "protocol, for example after: chmod +x {}",
                    path, path));
  }
  return {
      .name = fs::path(path).filename().string(),
      .kind = "",
      .programs = {
          {.variant = "", .command = {fs::absolute(path).string()}, .skipped = "", .laws = {}}}};
}

chosen_contender& entry_for(std::vector<chosen_contender>& chosen, const contender& who) {
  for (chosen_contender& c : chosen) {
    if (c.who.name == who.name) return c;
  }
  chosen.push_back({who, false, {}});
  return chosen.back();
}

void choose_by_glob(std::vector<chosen_contender>& chosen, const std::vector<contender>& known,
                    const std::string& wanted) {
  const std::size_t slash = wanted.find('/');
  const std::string glob = wanted.substr(0, slash);
  bool found = false;
  for (const contender& who : known) {
    if (!matches_glob(glob, who.name)) continue;
    found = true;
    chosen_contender& entry = entry_for(chosen, who);
    if (slash == std::string::npos) {
      entry.default_variant = true;
    } else {
      entry.variant_globs.push_back(wanted.substr(slash + 1));
    }
  }
  if (found) return;
  std::vector<std::string> names;
  for (const contender& who : known) names.push_back(who.name);
  throw usage_error(fmt::format("there is no contender '{}'{}", wanted, suggestion(glob, names)));
}

}  // namespace

std::vector<contender> read_manifests(const fs::path& folders) {
  std::vector<contender> found;
  std::istringstream in(folders.string());
  for (std::string folder; std::getline(in, folder, ':');) {
    if (folder.empty()) continue;
    for (const fs::path& file : manifests_in(folder)) {
      contender one = read_manifest(file);
      const bool is_known = std::any_of(found.begin(), found.end(),
                                        [&](const contender& c) { return c.name == one.name; });
      if (!is_known) found.push_back(std::move(one));
    }
  }
  return found;
}

fs::path contenders_folder(const std::string& option) {
  if (!option.empty()) return option;
  if (const char* set = std::getenv("REGATTA_CONTENDERS"); set != nullptr && *set != '\0') {
    return set;
  }
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const fs::path prefix = self.parent_path().parent_path();
  // Beside the command of a build, else where an installation keeps them.
  if (fs::is_directory(prefix / "contenders", error)) return prefix / "contenders";
  const fs::path installed = prefix / "share" / "regatta" / "contenders";
  return fs::is_directory(installed, error) ? installed : prefix / "contenders";
}

std::vector<chosen_contender> choose_contenders(const std::vector<contender>& known,
                                                const std::vector<std::string>& wanted) {
  std::vector<chosen_contender> chosen;
  if (wanted.empty()) {
    for (const contender& who : known) {
      chosen.push_back({who, true, {}});
      // One way alone says nothing: they are compared with each other.
      if (who.subject == scenarios::subject::path) chosen.back().variant_globs = {"*"};
    }
  }
  for (const std::string& name : wanted) {
    if (names_a_path(name)) {
      entry_for(chosen, contender_at(name)).default_variant = true;
    } else {
      choose_by_glob(chosen, known, name);
    }
  }
  return chosen;
}

}  // namespace regatta::driver
