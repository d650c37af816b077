// Runs a command that checks a runtime's laws, and says how it ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/driver/interrupt.hpp"

namespace regatta::driver {

struct laws_run {
  bool obeyed = false;
  std::string how;                      ///< How it ended, or why it could not be run.
  std::vector<std::string> last_lines;  ///< Of what it printed.
};

/// Whether there is something to run: a manifest names its laws before they are built.
bool laws_are_built(const std::vector<std::string>& command);

/// Runs it to its end, for `limit_ns` at most. `filter` limits a GoogleTest program to these tests.
laws_run run_laws(const std::vector<std::string>& command, const std::string& filter,
                  std::uint64_t limit_ns, const interrupt& stop);

/// How many tests a GoogleTest program says to have passed; nothing where it does not say so.
std::optional<std::uint64_t> tests_passed(const laws_run& run);

/// What a law came out as. Nothing unless the program itself said so: one that did not start, died
/// or ran into its limit has shown nothing about the law.
struct law_answer {
  std::optional<bool> passed;
  std::string why;  ///< Why nothing is known, or how the program ended.
};

law_answer answer_of(const laws_run& run);

}  // namespace regatta::driver
