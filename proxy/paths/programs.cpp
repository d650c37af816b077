#include "proxy/paths/programs.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <regex>
#include <sstream>

namespace regatta::paths {
namespace {

namespace fs = std::filesystem;

bool is_program(fs::path const& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

// What the variable says: nothing if it is not set; "" if it names no program.
std::optional<std::string> named_by(char const* variable) {
  char const* const named = std::getenv(variable);
  if (named == nullptr || *named == '\0') return std::nullopt;
  return is_program(named) ? named : "";
}

std::optional<std::string> first_in(std::vector<fs::path> const& folders, std::string const& name) {
  for (auto const& folder : folders) {
    if (is_program(folder / name)) return (folder / name).lexically_normal().string();
  }
  return std::nullopt;
}

std::vector<std::string> parts(std::string const& text, char border) {
  std::istringstream in(text);
  std::vector<std::string> found;
  for (std::string part; std::getline(in, part, border);) {
    if (!part.empty()) found.push_back(part);
  }
  return found;
}

}  // namespace

std::optional<std::string> find_program(std::string const& name, char const* variable) {
  if (auto const named = named_by(variable)) {
    return named->empty() ? std::nullopt : named;
  }
  std::vector<fs::path> folders;
  char const* const path = std::getenv("PATH");
  for (auto const& folder : parts(path == nullptr ? "" : path, ':')) folders.emplace_back(folder);
  for (char const* system : {"/usr/sbin", "/usr/local/sbin", "/sbin"}) folders.emplace_back(system);
  return first_in(folders, name);
}

std::optional<std::string> find_our_program(std::string const& name, char const* variable,
                                            std::vector<std::string> const& folders) {
  if (auto const named = named_by(variable)) {
    return named->empty() ? std::nullopt : named;
  }
  std::error_code error;
  fs::path const here = fs::read_symlink("/proc/self/exe", error).parent_path();
  std::vector<fs::path> all{here};
  for (auto const& folder : folders) all.push_back(here / folder);
  return first_in(all, name);
}

std::vector<std::string> runtimes_in(std::string const& list) {
  std::vector<std::string> names;
  for (auto const& line : parts(list, '\n')) {
    // A line with more than a name says why one is missing.
    if (line.find(' ') == line.npos) names.push_back(line);
  }
  return names;
}

std::optional<std::string> stream_module_of(std::string const& answer,
                                            std::vector<std::string> const& folders) {
  bool is_built_in = false;
  bool is_a_file = false;
  std::vector<fs::path> where;
  std::istringstream words(answer);
  for (std::string word; words >> word;) {
    is_built_in = is_built_in || word == "--with-stream";
    is_a_file = is_a_file || word == "--with-stream=dynamic";
    if (word.starts_with("--modules-path=")) where.emplace_back(word.substr(15));
  }
  if (is_built_in) return "";
  where.insert(where.end(), folders.begin(), folders.end());
  if (!is_a_file) return std::nullopt;
  for (auto const& folder : where) {
    auto const file = folder / "ngx_stream_module.so";
    std::error_code error;
    if (fs::is_regular_file(file, error)) return file.string();
  }
  return std::nullopt;
}

std::string version_in(std::string const& text) {
  static std::regex const version(R"([0-9]+\.[0-9]+[-+.0-9A-Za-z]*)");
  std::smatch found;
  return std::regex_search(text, found, version) ? found.str() : "unknown";
}

}  // namespace regatta::paths
