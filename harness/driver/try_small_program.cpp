// Tries a small program as a run does, for a test:
//
//   try_small_program task|echo COMMAND…
//
// Exit status: 0 it does what it is for; 1 it does not, with the reason; 77 it cannot be had here.
#include <fmt/core.h>
#include <signal.h>

#include <string>
#include <string_view>
#include <vector>

#include "harness/driver/clock.hpp"
#include "harness/driver/small_program.hpp"

namespace {

using namespace regatta::driver;

constexpr std::uint64_t limit_ns = 20 * ns_per_s;

int tell(const failure& how) {
  fmt::print("{}: {}\n", name_of(how.what), how.reason);
  if (how.what == outcome::ok) return 0;
  return is_fault(how.what) ? 1 : 77;
}

int try_task(const std::vector<std::string>& command) {
  const auto lives = run_small_task(command, 2, limit_ns);
  if (!lives) return tell(lives.why);
  fmt::print("from start to end: {}\n", say_duration(lives->back().wall_ns));
  return 0;
}

int tell_size(const std::string& program) {
  const auto size = size_of_program(program);
  if (!size) return tell(size.why);
  fmt::print("{} bytes, and {} in {} shared libraries\n", size->program_bytes, size->library_bytes,
             size->libraries.size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  const std::string_view what = argc > 2 ? argv[1] : "";
  if (what != "task" && what != "echo") {
    fmt::print("usage: try_small_program task|echo COMMAND…\n");
    return 2;
  }
  const std::vector<std::string> command(argv + 2, argv + argc);
  const int tried = what == "task" ? try_task(command) : tell(prove_small_echo(command, limit_ns));
  return tried != 0 ? tried : tell_size(command.front());
}
