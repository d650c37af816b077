#include "proxy/command/quantities.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace regatta::proxy::command {
namespace {

struct unit {
  std::string_view name;
  u64 size;
};

struct number_with_unit {
  u64 number;
  std::string_view unit;
};

std::optional<number_with_unit> split(std::string_view text) noexcept {
  u64 number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  return number_with_unit{number, text.substr(static_cast<std::size_t>(end - text.data()))};
}

template <std::size_t Count>
std::optional<u64> in_units(std::string_view text, std::array<unit, Count> const& units,
                            u64 most) noexcept {
  auto const read = split(text);
  if (!read) return std::nullopt;
  for (auto const& [name, size] : units) {
    if (name != read->unit) continue;
    if (read->number > most / size) return std::nullopt;
    return read->number * size;
  }
  return std::nullopt;
}

// Largest first.
constexpr std::array<unit, 4> duration_units{
    {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr u64 hundred_years_ms = 100ull * 366 * 24 * 3'600'000;

constexpr u64 kilo = 1024;
constexpr std::array<unit, 11> byte_units{{{"", 1},
                                           {"B", 1},
                                           {"K", kilo},
                                           {"KB", kilo},
                                           {"KiB", kilo},
                                           {"M", kilo* kilo},
                                           {"MB", kilo* kilo},
                                           {"MiB", kilo* kilo},
                                           {"G", kilo* kilo* kilo},
                                           {"GB", kilo* kilo* kilo},
                                           {"GiB", kilo* kilo* kilo}}};

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept {
  if (text == "0") return std::chrono::milliseconds(0);
  auto const read = in_units(text, duration_units, hundred_years_ms);
  if (!read) return std::nullopt;
  return std::chrono::milliseconds(*read);
}

std::string duration_text(std::chrono::milliseconds length) {
  if (length.count() == 0) return "0";
  auto const count = static_cast<u64>(length.count());
  for (auto const& [name, size] : duration_units) {
    if (count % size == 0) return std::to_string(count / size).append(name);
  }
  return std::to_string(count) + "ms";
}

std::optional<u64> parse_bytes(std::string_view text) noexcept {
  return in_units(text, byte_units, std::numeric_limits<u64>::max());
}

}  // namespace regatta::proxy::command
