// What the program is told, by flags and by a file.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "proxy/command/log.hpp"
#include "proxy/settings.hpp"

namespace regatta::proxy::command {

struct options {
  std::vector<std::string> listen;
  settings proxy;
  std::string runtime = "work_stealing";
  u32 threads = 0;  // 0: as many as the runtime would choose.
  u32 backlog = 4096;
  std::string metrics;                             // Empty: none.
  std::chrono::milliseconds report_every{10'000};  // 0: never.
  std::string log = "-";                           // "-": stderr.
  log_level level = log_level::info;
  std::string handover;  // Empty: none.
  bool lists_runtimes = false;
};

// Reads the line, and the file that it names. nullopt: it asked for help or for the version, which
// has been printed. Throws failure with exit_code::usage, or exit_code::failed where the file
// cannot be read.
std::optional<options> read_options(int argc, char const* const* argv);

}  // namespace regatta::proxy::command
