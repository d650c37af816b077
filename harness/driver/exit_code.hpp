// What the command tells the shell, the same for every subcommand.
#pragma once

#include <stdexcept>
#include <string>

namespace regatta::driver {

enum class exit_code : int {
  ok = 0,
  not_ok = 1,             ///< Some cell, law or line was not as it should be.
  usage = 2,              ///< The command line or what it names makes no sense.
  could_not_measure = 3,  ///< Nothing to measure with, or no place to keep the samples.
  interrupted = 130,      ///< Ctrl-C: what was done is kept.
};

inline constexpr const char* exit_codes_help =
    "Exit codes: 0 all is well · 1 something was not ok (wrong answer, crash, …) · 2 usage error · "
    "3 could not measure · 130 interrupted";

/// Of the commands that compare.
inline constexpr const char* verdict_codes_help =
    "Exit codes: 0 nothing is worse · 1 something is worse · 2 usage error · 3 could not measure, "
    "with what to do about it · 130 interrupted";

/// Ends the command with one sentence: what was wrong, what was expected, an example.
class ends_command : public std::runtime_error {
 public:
  ends_command(exit_code code, const std::string& sentence)
      : std::runtime_error(sentence), code_(code) {}
  exit_code code() const { return code_; }

 private:
  exit_code code_;
};

inline ends_command usage_error(const std::string& sentence) {
  return {exit_code::usage, sentence};
}
inline ends_command cannot_measure(const std::string& sentence) {
  return {exit_code::could_not_measure, sentence};
}

}  // namespace regatta::driver
