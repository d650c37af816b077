#include "harness/stats/quantities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace regatta::stats {
namespace {

struct unit {
  double size;
  std::string_view name;
};

constexpr std::array<unit, 4> time_units{{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}, {1.0, "ns"}}};
constexpr std::array<unit, 4> byte_units{
    {{1024.0 * 1024 * 1024, "GiB"}, {1024.0 * 1024, "MiB"}, {1024.0, "KiB"}, {1.0, "B"}}};

// The unit in which the value has one to three digits before the point. A value that rounds up to
// the next unit (999.6 ns) belongs there.
template <class Units>
unit const& unit_for(Units const& units, double value) {
  for (unit const& u : units) {
    if (std::abs(value) >= u.size * 0.9995) return u;
  }
  return units.back();
}

// Decimals that leave three significant digits of a value of this size.
int decimals_for(double value) {
  double const size = std::abs(value);
  if (size >= 99.95) return 0;
  if (size >= 9.995) return 1;
  if (size >= 0.9995 || size == 0.0) return 2;
  return std::min(2 - static_cast<int>(std::floor(std::log10(size))), 6);
}

}  // namespace

std::string duration_text(double ns) {
  unit const& u = unit_for(time_units, ns);
  double const value = ns / u.size;
  // Nobody needs the picosecond.
  return fmt::format("{:.{}f} {}", value, std::min(decimals_for(value), 2), u.name);
}

std::string bytes_text(double bytes) {
  unit const& u = unit_for(byte_units, bytes);
  double const value = bytes / u.size;
  return fmt::format("{:.{}f} {}", value, u.size == 1.0 ? 0 : decimals_for(value), u.name);
}

std::string number_text(double value) {
  if (value == 0.0) return "0";
  return fmt::format("{:.{}f}", value, decimals_for(value));
}

std::string percent_text(double share) {
  double const percent = share * 100.0;
  return fmt::format("{:.{}f} %", percent, std::abs(percent) < 9.95 ? 1 : 0);
}

std::string ratio_text(nlohmann::ordered_json const& ratio) {
  double const median = ratio.at("median");
  // A ratio near 1 needs its third decimal no more than one near 40 its second.
  int const decimals = std::min(decimals_for(median), 2);
  return fmt::format("{:.{}f} [{:.{}f}, {:.{}f}]", median, decimals, ratio.at("low").get<double>(),
                     decimals, ratio.at("high").get<double>(), decimals);
}

std::string overhead_text(nlohmann::ordered_json const& ratio) {
  auto const percent = [&](char const* key) { return 100.0 * (ratio.at(key).get<double>() - 1.0); };
  double const median = percent("median");
  int const decimals = std::abs(median) < 9.95 ? 1 : 0;
  return fmt::format("{:+.{}f} % [{:.{}f}, {:.{}f}]", median, decimals, percent("low"), decimals,
                     percent("high"), decimals);
}

std::string amount_text(double value, std::string_view unit) {
  return unit == "B" ? bytes_text(value) : duration_text(value);
}

std::string interval_text(nlohmann::ordered_json const& estimate, std::string_view unit) {
  double const median = estimate.at("median");
  stats::unit const& u = unit == "B" ? unit_for(byte_units, median) : unit_for(time_units, median);
  int const decimals = std::min(decimals_for(median / u.size), 2);
  return fmt::format("{:.{}f} {} [{:.{}f}, {:.{}f}]", median / u.size, decimals, u.name,
                     estimate.at("low").get<double>() / u.size, decimals,
                     estimate.at("high").get<double>() / u.size, decimals);
}

std::size_t columns_of(std::string_view utf8) {
  std::size_t columns = 0;
  for (char const c : utf8) {
    // Each character has one byte that is no continuation byte (10xxxxxx).
    if ((static_cast<unsigned char>(c) & 0xC0u) != 0x80u) ++columns;
  }
  return columns;
}

std::string left(std::string_view text, std::size_t columns) {
  std::string padded(text);
  for (std::size_t i = columns_of(text); i < columns; ++i) padded += ' ';
  return padded;
}

std::string right(std::string_view text, std::size_t columns) {
  std::string padded;
  for (std::size_t i = columns_of(text); i < columns; ++i) padded += ' ';
  return padded.append(text);
}

std::string wrapped(std::string const& text, std::size_t columns) {
  std::string result;
  std::size_t used = 0;
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t const end = std::min(text.find(' ', begin), text.size());
    std::string const word = text.substr(begin, end - begin);
    if (used != 0 && used + 1 + columns_of(word) > columns) {
      result += '\n';
      used = 0;
    }
    if (used != 0) {
      result += ' ';
      ++used;
    }
    result += word;
    used += columns_of(word);
    begin = end + 1;
  }
  return result + '\n';
}

}  // namespace regatta::stats
