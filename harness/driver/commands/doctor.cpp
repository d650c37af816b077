// regatta doctor: is this machine fit to measure?
#include <fmt/core.h>

#include <memory>

#include "harness/driver/commands/common.hpp"

namespace regatta::driver {

void add_doctor(CLI::App& app, action& chosen) {
  CLI::App* command = app.add_subcommand("doctor", "Is this machine fit to measure?");
  command->callback([&chosen] {
    chosen = []() -> exit_code { throw cannot_measure("the doctor is not in yet"); };
  });
}

}  // namespace regatta::driver
