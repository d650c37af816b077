// How the files of a machine are read: on this machine, or on one that a test made up.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "harness/machine/file.hpp"
#include "harness/machine/text.hpp"

namespace regatta::machine {

// The content of the file at an absolute path, or nothing if there is none to be read.
using reader = std::function<std::optional<std::string>(std::string const& path)>;

inline reader this_machine() { return read_file; }

// A machine that consists of the given files and no others.
inline reader made_up_machine(std::map<std::string, std::string> files) {
  return [files = std::move(files)](std::string const& path) -> std::optional<std::string> {
    auto const found = files.find(path);
    if (found == files.end()) return std::nullopt;
    return found->second;
  };
}

// The whole file, trimmed.
inline std::optional<std::string> line_at(reader const& read, std::string const& path) {
  auto const content = read(path);
  if (!content) return std::nullopt;
  return std::string(text::trimmed(*content));
}

inline std::optional<std::uint64_t> number_at(reader const& read, std::string const& path) {
  auto const content = read(path);
  if (!content) return std::nullopt;
  return text::number(*content);
}

}  // namespace regatta::machine
