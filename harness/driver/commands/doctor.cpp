// regatta doctor: is this machine fit to measure?
#include "harness/machine/doctor.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/driver/commands/common.hpp"

namespace regatta::driver {
namespace {

exit_code doctor(bool as_json) {
  const auto probed = machine::probe_this_machine();
  const auto checks = machine::examine(machine::this_machine(), probed);
  const auto label = machine::label_of(probed.noise);
  if (as_json) {
    const nlohmann::ordered_json document{
        {"label", label.label}, {"reasons", label.reasons}, {"checks", machine::to_json(checks)}};
    fmt::print("{}\n", document.dump(1));
  } else {
    const bool color = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
    fmt::print("{}{}", machine::render(checks, color), machine::render(label, color));
  }
  return machine::worst(checks) == machine::verdict::bad ? exit_code::not_ok : exit_code::ok;
}

}  // namespace

void add_doctor(CLI::App& app, action& chosen) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand(
      "doctor",
      "Is this machine fit to measure? Looks at governor, SMT, load, steal, memory, io_uring, "
      "limits and clocks; says what was seen, what it would spoil and how to mend it, and whether "
      "a "
      "run would be labelled quiet, noisy or shared. Changes nothing.");
  command->add_flag("--json", *as_json, "Answer as JSON, for programs");
  command->footer(std::string("Examples:\n  regatta doctor\n  regatta doctor --json\n\n") +
                  exit_codes_help);
  command->callback([as_json, &chosen] { chosen = [as_json] { return doctor(*as_json); }; });
}

}  // namespace regatta::driver
