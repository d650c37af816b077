#include "proxy/command/program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "proxy/command/attendant.hpp"
#include "proxy/command/doors.hpp"
#include "proxy/command/log.hpp"
#include "proxy/command/report.hpp"
#include "proxy/command/runtimes.hpp"
#include "proxy/command/signals.hpp"
#include "runtimes/interface/descriptors.hpp"
#include "runtimes/interface/unsupported.hpp"

namespace regatta::proxy::command {
namespace {

// Executes the program that has the runtime: beside this one, or where `cmake --install` puts it.
[[noreturn]] void become(std::string_view program, char* const* line) {
  std::error_code ignored;
  auto const here = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  for (auto const& folder : {here, here / "../libexec/regatta"}) {
    auto const path = folder / program;
    if (std::filesystem::exists(path, ignored)) ::execv(path.c_str(), line);
  }
  throw failure(fmt::format("the program {} cannot be executed: {}; expected it beside this one",
                            program, std::strerror(errno)));
}

std::unique_ptr<host> make(known_runtime const& chosen, options const& told) {
  try {
    return chosen.make(told.threads, told.proxy);
  } catch (runtime_unsupported const& refused) {
    throw failure(fmt::format("--runtime: {} cannot run here: {}", chosen.name, refused.what()));
  }
}

doors open_doors(options const& told) {
  doors all;
  for (auto const& address : told.listen) all.push_back(door::open(address, told.backlog));
  return all;
}

void adopt(host& serving, doors const& open) {
  std::vector<int> descriptors;
  for (auto const& each : open) descriptors.push_back(each.duplicate());
  serving.adopt(descriptors);
}

void announce(doors const& open) {
  for (auto const& each : open) fmt::print("listening on {}\n", each.where().text());
  fmt::print("ready\n");
  std::fflush(stdout);
}

}  // namespace

exit_code run(options const& told, char* const* line) {
  if (told.lists_runtimes) {
    fmt::print("{}", list_of_runtimes());
    return exit_code::stopped;
  }
  auto const& chosen = find_runtime(told.runtime);
  if (!chosen.program.empty()) become(chosen.program, line);
  signals asked;  // Before there is any other thread.
  raise_descriptor_limit();
  log events(told.log, told.level);
  auto const serving = make(chosen, told);
  auto open = open_doors(told);
  adopt(*serving, open);
  attendant const looks_after({.serving = *serving,
                               .open = open,
                               .events = events,
                               .asked = asked,
                               .report_every = told.report_every});
  announce(open);
  bool const all_ended = serving->serve();
  fmt::print("{}\n", counts_line(serving->counts()));
  return all_ended ? exit_code::stopped : exit_code::deadline;
}

}  // namespace regatta::proxy::command
