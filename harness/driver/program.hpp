// A program that is run to its end and is no contender: git, cmake, Python.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace regatta::driver {

enum class program_output {
  collected,  ///< stdout comes back; stderr is ours.
  ours,       ///< Both go where ours go.
  to_log,     ///< Both are appended to `log`.
  to_stderr,  ///< Both go to our stderr, because our stdout is for results.
};

struct program_to_run {
  std::vector<std::string> command;  ///< The first is looked up in PATH.
  program_output output = program_output::collected;
  std::filesystem::path folder = {};  ///< Where it runs; empty: where we do.
  std::filesystem::path log = {};
  std::vector<std::string> environment = {};  ///< "NAME=value", beside ours.
};

struct ended_program {
  int code = 127;   ///< Its exit code; 127 if it could not be started, or died of a signal.
  std::string out;  ///< What it printed, if that was collected.
};

ended_program run_program(const program_to_run& what);

}  // namespace regatta::driver
