// A program that a path runs: started on processors of its own, heard until it is ready, and never
// outliving us, however we end.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "runtimes/interface/types.hpp"

namespace regatta::paths {

struct child_options {
  std::vector<std::string> command;
  std::vector<int> processors;  // Where it may run; empty: wherever we may.
  // What it gets when our process dies. SIGKILL, but where the program has children of its own,
  // which only it can end.
  int signal_at_our_death = SIGKILL;
};

// One process, and whatever it starts, which is a process group. From one thread, and that of
// main(): a child dies with the thread that made it.
class child {
 public:
  // Throws std::runtime_error if it cannot be executed.
  explicit child(child_options const& options);
  // Kills the group, and reaps the process.
  ~child();
  child(child const&) = delete;
  child& operator=(child const&) = delete;

  pid_t pid() const noexcept { return pid_; }

  // The next line that it prints on stdout. Throws std::runtime_error if it ends before, or if none
  // has come by then: what it was, and its last words.
  std::string next_line(std::chrono::steady_clock::time_point deadline);

  // Whether it lives.
  bool is_alive();
  // Throws std::runtime_error if it does not: how it ended, and its last words.
  void expect_alive();
  // Waits for its end. Its exit code, 128 + the signal that killed it, or nothing if it goes on.
  std::optional<int> wait(std::chrono::steady_clock::time_point deadline);

  // The end of what it has printed on stderr, as one line; and all that it printed on stdout after
  // what next_line() took.
  std::string last_words() const;
  std::string rest_of_output();

 private:
  [[noreturn]] void complain(std::string const& what) const;
  std::string describe_end() const;
  void kill_and_reap() noexcept;

  std::string name_;
  pid_t pid_ = -1;
  int output_ = -1;
  int errors_ = -1;  // A file in memory, that nobody can fill and make the child wait.
  std::string heard_;
  std::optional<int> wait_status_;
};

// What a program prints on stdout and stderr until it ends; nothing if it cannot be started, fails,
// or goes on for too long. For questions such as `nginx -V`.
std::optional<std::string> output_of(std::vector<std::string> const& command,
                                     std::chrono::milliseconds limit = std::chrono::seconds(5));

}  // namespace regatta::paths
