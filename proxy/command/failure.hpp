// Why the program does not do what it was asked: a sentence for people, and an exit code.
#pragma once

#include <stdexcept>
#include <string>

namespace regatta::proxy::command {

enum class exit_code : int {
  stopped = 0,   // As asked, and every connection ended by itself.
  failed = 1,    // It could not start, or could not go on.
  usage = 2,     // What it was told makes no sense.
  deadline = 3,  // As asked, but connections were reset when the deadline had come.
};

class failure : public std::runtime_error {
 public:
  explicit failure(std::string const& sentence, exit_code code = exit_code::failed)
      : std::runtime_error(sentence), code_(code) {}
  exit_code code() const noexcept { return code_; }

 private:
  exit_code code_;
};

}  // namespace regatta::proxy::command
