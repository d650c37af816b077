// Programs that behave as a test wants: shell scripts in a folder of their own.
#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace regatta::paths {

class fake_programs {
 public:
  fake_programs() {
    std::string pattern = (std::filesystem::temp_directory_path() / "regatta_fake_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~fake_programs() { std::filesystem::remove_all(folder_); }
  fake_programs(fake_programs const&) = delete;
  fake_programs& operator=(fake_programs const&) = delete;

  std::string make(std::string const& name, std::string const& script) const {
    auto const path = folder_ / name;
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    ::chmod(path.c_str(), 0755);
    return path.string();
  }
  std::filesystem::path const& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

// A variable of the environment, until the end of a test.
class set_variable {
 public:
  set_variable(char const* name, std::string const& value) : name_(name) {
    if (char const* before = std::getenv(name)) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  ~set_variable() { before_.empty() ? ::unsetenv(name_) : ::setenv(name_, before_.c_str(), 1); }
  set_variable(set_variable const&) = delete;
  set_variable& operator=(set_variable const&) = delete;

 private:
  char const* name_;
  std::string before_;
};

}  // namespace regatta::paths
