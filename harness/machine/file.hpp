// Reads a small file whole, the way /proc and /sys want to be read.
#pragma once

#include <optional>
#include <string>

namespace regatta::machine {

// Nothing if the file is missing or may not be read. At most 4 MiB.
std::optional<std::string> read_file(std::string const& path);

}  // namespace regatta::machine
