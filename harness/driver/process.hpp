// A contender's process: started with pipes in a process group of its own, watched through /proc,
// killed with everything that it started, and never left behind as a zombie.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace regatta::driver {

/// How a process ended.
struct ending {
  int wait_status = 0;

  bool exited_with(int code) const;
  /// Killed by SIGKILL, which the driver did not send: nearly always the kernel short of memory.
  bool was_killed() const;
  /// "exit code 3", "killed by SIGSEGV (Segmentation fault)".
  std::string describe() const;
};

/// Which of the kernel's interfaces for waiting on many descriptors a process has open.
struct io_backends {
  bool epoll = false;
  bool io_uring = false;
};

struct process_options {
  std::vector<std::string> command;  ///< The program and its arguments; looked up in PATH.
  std::filesystem::path log;         ///< Where stderr is appended; empty: nowhere.
};

class child_process {
 public:
  struct started {
    std::unique_ptr<child_process> child;
    std::string error;  ///< A sentence, if `child` is null.
  };
  static started start(const process_options& options);

  /// Kills what is left.
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  pid_t pid() const { return pid_; }
  int input() const { return input_; }    ///< Write here what the child reads on stdin.
  int output() const { return output_; }  ///< Read here what it prints; non-blocking.
  void close_input();

  /// How it ended, if it has; reaps it and kills what it left behind in its group.
  std::optional<ending> ended();
  /// Waits at most so long for the end.
  std::optional<ending> ended_within(std::uint64_t wait_ns);
  /// SIGKILL to the whole group, then reaps. Harmless if all is over.
  ending kill();

  /// Resident memory now; 0 if the kernel does not say.
  std::uint64_t resident_bytes() const;
  /// The kernel's I/O back-ends that it holds open now, as its descriptors show.
  io_backends backends() const;
  /// CPU time of all its threads so far, to the kernel's tick (10 ms); 0 if the kernel does not
  /// say.
  std::uint64_t cpu_ns() const;

 private:
  child_process(pid_t pid, int input, int output) : pid_(pid), input_(input), output_(output) {}
  ending reap();

  pid_t pid_;
  int input_;
  int output_;
  std::optional<ending> ending_;
};

}  // namespace regatta::driver
