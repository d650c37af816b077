// Which proxies there are on this machine, and where.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace regatta::paths {

// An executable: the one that the environment variable names (then nothing else will do), else the
// first of that name in PATH and in the folders for system programs, which PATH may leave out.
std::optional<std::string> find_program(std::string const& name, char const* variable);

// One of ours: the environment variable, else beside this program, else in a folder that is told
// from there.
std::optional<std::string> find_our_program(std::string const& name, char const* variable,
                                            std::vector<std::string> const& folders);

// What `regatta-proxy --list-runtimes` tells: "work_stealing", "asio/io_context", …
std::vector<std::string> runtimes_in(std::string const& list);

// How nginx has its stream module: built in (""), or as a file to load. Nothing: not at all.
// `answer` is what `nginx -V` says.
std::optional<std::string> stream_module_of(
    std::string const& answer, std::vector<std::string> const& folders = {
                                   "/usr/lib/nginx/modules", "/usr/lib64/nginx/modules",
                                   "/usr/share/nginx/modules", "/usr/local/lib/nginx/modules"});

// The first thing in a text that looks like a version: "1.22.1".
std::string version_in(std::string const& text);

}  // namespace regatta::paths
