// Readers of the small texts that Linux keeps under /proc and /sys.
//
// All of them are pure: text in, answer out, and nothing (std::nullopt, an empty list) where the
// text does not hold what was asked for. Kernels, containers and virtual machines leave out what
// they please, and a missing line is never an error here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace regatta::machine::text {

std::string_view trimmed(std::string_view text);
std::vector<std::string_view> lines(std::string_view text);
std::vector<std::string_view> words(std::string_view text);

// The first run of digits that begins `text` (after blanks): "4096 kB" is 4096, "max" is nothing.
std::optional<std::uint64_t> number(std::string_view text);

// "Threads:   12" under the name "Threads" is "12". Of several such lines, the first.
std::optional<std::string> value_of(std::string_view text, std::string_view name);

// "MemTotal:  24650000 kB" under the name "MemTotal" is 24650000 × 1024.
std::optional<std::uint64_t> bytes_of(std::string_view text, std::string_view name);

// "32K", "2048K", "32M" (the caches under /sys) in bytes.
std::optional<std::uint64_t> size_in_bytes(std::string_view text);

// "always [madvise] never" is "madvise".
std::optional<std::string> chosen(std::string_view text);

// "0-3,8" is {0, 1, 2, 3, 8}. Empty where the text is not such a list.
std::vector<unsigned> cpu_list(std::string_view text);

// The first number of /proc/<pid>/task/<tid>/schedstat: CPU time in ns.
std::optional<std::uint64_t> cpu_ns_of_schedstat(std::string_view text);

// The CPU time (user + system, ns) in /proc/<pid>/task/<tid>/stat, whose second field may itself
// hold blanks and brackets. `ticks_per_second` is sysconf(_SC_CLK_TCK).
std::optional<std::uint64_t> cpu_ns_of_stat(std::string_view text, std::uint64_t ticks_per_second);

}  // namespace regatta::machine::text
