// What the subcommands share: options of the same name, values with units, and the way in which a
// subcommand joins the command line.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "harness/driver/cells.hpp"
#include "harness/driver/contenders.hpp"
#include "harness/driver/exit_code.hpp"

namespace regatta::driver {

/// What the command line asked for, to be done once all of it is understood.
using action = std::function<exit_code()>;

void add_list(CLI::App& app, action& chosen);
void add_doctor(CLI::App& app, action& chosen);
void add_verify(CLI::App& app, action& chosen);
void add_run(CLI::App& app, action& chosen);
void add_report(CLI::App& app, action& chosen);
void add_compare(CLI::App& app, action& chosen);
void add_ab(CLI::App& app, action& chosen);
void add_gate(CLI::App& app, action& chosen);
void add_merge(CLI::App& app, action& chosen);
void add_history(CLI::App& app, action& chosen);
void add_choose(CLI::App& app, action& chosen);
void add_claims(CLI::App& app, action& chosen);

/// "30s", "500ms", "2min"; a bare number counts in `unit_ns`. Throws ends_command.
std::uint64_t parse_duration(const std::string& option, const std::string& text,
                             std::uint64_t unit_ns);

/// "4G", "512M", "100k" (powers of 1024); a bare number counts bytes. Throws ends_command.
std::uint64_t parse_bytes(const std::string& option, const std::string& text);

/// What `wanted` names among the manifests of `folder_option`. The folder is not read if only paths
/// are wanted. Throws ends_command.
std::vector<chosen_contender> wanted_contenders(const std::string& folder_option,
                                                const std::vector<std::string>& wanted);

/// Takes `threads` out of the settings: it belongs to the contenders, the others to scenarios.
/// Throws ends_command for what is no number of threads.
std::vector<std::uint64_t> take_threads(std::vector<setting>& settings);

/// A seed that nobody asked for.
std::uint64_t any_seed();

void add_set_option(CLI::App& command, std::vector<std::string>& settings);
void add_contenders_option(CLI::App& command, std::string& folder);

}  // namespace regatta::driver
