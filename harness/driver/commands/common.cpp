#include "harness/driver/commands/common.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <random>
#include <string_view>
#include <utility>

#include "harness/driver/clock.hpp"

namespace regatta::driver {
namespace {

using unit = std::pair<std::string_view, std::uint64_t>;

/// A number and one of `units`; nothing if the text is something else or too great.
std::optional<std::uint64_t> parse_with_unit(const std::string& text,
                                             const std::vector<unit>& units) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || !(number >= 0)) return std::nullopt;
  const std::string_view rest(stopped, static_cast<std::size_t>(end - stopped));
  for (const auto& [name, size] : units) {
    if (name != rest) continue;
    const double value = number * static_cast<double>(size);
    if (value > 9e18) return std::nullopt;
    return static_cast<std::uint64_t>(value);
  }
  return std::nullopt;
}

bool is_path(const std::string& name) {
  return name.find('/') != std::string::npos && name[0] != '*';
}

std::uint64_t parse_threads(const std::string& text) {
  std::uint64_t threads = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, threads);
  if (error == std::errc{} && stopped == end && threads > 0) return threads;
  throw usage_error(fmt::format(
      "threads cannot be '{}'; expected a whole number from 1 on, for example --set threads=1,2",
      text));
}

}  // namespace

std::uint64_t parse_duration(const std::string& option, const std::string& text,
                             std::uint64_t unit_ns) {
  const auto value = parse_with_unit(
      text,
      {{"", unit_ns}, {"us", 1'000}, {"ms", ns_per_ms}, {"s", ns_per_s}, {"min", 60 * ns_per_s}});
  if (value && *value > 0) return *value;
  throw usage_error(
      fmt::format("{} {} is no duration; expected a number above 0 with a unit, for "
                  "example {} 500ms or {} 30s",
                  option, text, option, option));
}

std::uint64_t parse_bytes(const std::string& option, const std::string& text) {
  constexpr std::uint64_t k = 1024;
  const auto value = parse_with_unit(
      text, {{"", 1}, {"k", k}, {"K", k}, {"M", k * k}, {"G", k * k * k}, {"T", k * k * k * k}});
  if (value && *value > 0) return *value;
  throw usage_error(fmt::format(
      "{} {} is no amount of memory; expected a number above 0 with a unit, for example {} 2G",
      option, text, option));
}

std::vector<chosen_contender> wanted_contenders(const std::string& folder_option,
                                                const std::vector<std::string>& wanted) {
  const bool only_paths = !wanted.empty() && std::all_of(wanted.begin(), wanted.end(), is_path);
  std::error_code ignored;
  const auto folder = contenders_folder(folder_option);
  // Whoever brings a contender of their own need not have built ours.
  const bool optional = only_paths && folder_option.empty();
  if (optional && !std::filesystem::is_directory(folder, ignored)) {
    return choose_contenders({}, wanted);
  }
  return choose_contenders(read_manifests(folder), wanted);
}

std::vector<std::uint64_t> take_threads(std::vector<setting>& settings) {
  std::vector<std::uint64_t> threads;
  std::erase_if(settings, [&](const setting& s) {
    if (s.key != "threads") return false;
    for (const std::string& text : s.values) threads.push_back(parse_threads(text));
    return true;
  });
  return threads;
}

std::uint64_t any_seed() {
  // Small enough to be typed again.
  return std::random_device{}() % 1'000'000;
}

void add_set_option(CLI::App& command, std::vector<std::string>& settings) {
  command
      .add_option("--set", settings,
                  "Set a scenario parameter, or threads; several values make a grid; repeatable")
      ->type_name("KEY=V1,V2")
      ->allow_extra_args(false);
}

void add_contenders_option(CLI::App& command, std::string& folder) {
  command
      .add_option(
          "--contenders", folder,
          "Folder of contender manifests, or several: a:b [REGATTA_CONTENDERS, or the one of this "
          "build]")
      ->type_name("DIR");
}

}  // namespace regatta::driver
