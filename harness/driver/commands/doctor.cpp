// regatta doctor: is this machine fit to measure?
#include "harness/machine/doctor.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <memory>

#include "harness/driver/commands/common.hpp"

namespace regatta::driver {
namespace {

exit_code doctor(bool as_json) {
  const auto checks = machine::examine();
  if (as_json) {
    fmt::print("{}\n", machine::to_json(checks).dump(1));
  } else {
    fmt::print("{}", machine::render(checks, ::isatty(STDOUT_FILENO) == 1));
  }
  return machine::worst(checks) == machine::verdict::bad ? exit_code::not_ok : exit_code::ok;
}

}  // namespace

void add_doctor(CLI::App& app, action& chosen) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand(
      "doctor",
      "Is this machine fit to measure? Looks at governor, SMT, load, steal, memory, io_uring, "
      "limits and clocks; says what was seen and how to mend it. Changes nothing.");
  command->add_flag("--json", *as_json, "Answer as JSON, for programs");
  command->footer(std::string("Examples:\n  regatta doctor\n  regatta doctor --json\n\n") +
                  exit_codes_help);
  command->callback([as_json, &chosen] { chosen = [as_json] { return doctor(*as_json); }; });
}

}  // namespace regatta::driver
