// The small programs of a contender, measured from outside: how long one takes from its start to
// its end, how large it is, and whether its server really serves. They are what a user of the
// library would write, without a harness, and speak no protocol (runtimes/README.md says what they
// must do).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/driver/outcome.hpp"

namespace regatta::driver {

/// One life of a process.
struct life {
  std::uint64_t wall_ns = 0;  ///< From before it was started until it had ended.
  std::uint64_t cpu_ns = 0;   ///< User and system time.
};

/// Runs the program "task" `times` times, one after the other, each for at most `limit_ns`: it must
/// print "42" and a newline, nothing else, and exit with code 0. What it says on stderr is part of
/// the reason where it fails. `skipped` if it has not been built; `unsupported` if it says so with
/// exit code 77; `wrong_answer`, `timeout`, `crashed`, `failed` as their names say.
answer_or<std::vector<life>> run_small_task(const std::vector<std::string>& command,
                                            std::uint64_t times, std::uint64_t limit_ns);

/// Whether the program "echo" does what it is for, all within `limit_ns`: it prints its port, sends
/// back some KiB on each of two connections that are open at once, ends each when its client has
/// finished, and exits with code 0 when its stdin ends. `ok`, or what was wrong.
failure prove_small_echo(const std::vector<std::string>& command, std::uint64_t limit_ns);

struct program_size {
  std::uint64_t program_bytes = 0;               ///< Its file, as it is.
  std::uint64_t library_bytes = 0;               ///< Of the shared libraries that it loads.
  std::vector<std::filesystem::path> libraries;  ///< Real paths, each once; none if it is static.
};

/// Asks the dynamic loader (ldd) what the program loads, the loader itself included. What the
/// kernel puts into each process (the vDSO) is no file and does not count.
answer_or<program_size> size_of_program(const std::filesystem::path& program);

/// What ldd has printed: the paths that it names. Throws nothing; a library that is missing is in
/// `missing`.
struct loaded_libraries {
  std::vector<std::filesystem::path> found;
  std::vector<std::string> missing;
};
loaded_libraries parse_ldd(const std::string& printed);

}  // namespace regatta::driver
