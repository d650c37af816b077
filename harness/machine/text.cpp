#include "harness/machine/text.hpp"

#include <charconv>

namespace regatta::machine::text {
namespace {

constexpr std::string_view blanks = " \t\r\n";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes the number that begins `text` off it.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  auto const first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> list;
  while (!text.empty()) {
    auto const end = text.find('\n');
    list.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return list;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> list;
  while (!(text = trimmed(text)).empty()) {
    auto const end = text.find_first_of(blanks);
    list.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end);
  }
  return list;
}

std::optional<std::uint64_t> number(std::string_view text) {
  text = trimmed(text);
  return take_number(text);
}

std::optional<std::string> value_of(std::string_view text, std::string_view name) {
  for (std::string_view line : lines(text)) {
    auto const colon = line.find(':');
    if (colon == std::string_view::npos || trimmed(line.substr(0, colon)) != name) continue;
    return std::string(trimmed(line.substr(colon + 1)));
  }
  return std::nullopt;
}

std::optional<std::uint64_t> bytes_of(std::string_view text, std::string_view name) {
  auto const value = value_of(text, name);
  if (!value) return std::nullopt;
  auto const kib = number(*value);
  if (!kib) return std::nullopt;
  return *kib * 1024;
}

std::optional<std::uint64_t> size_in_bytes(std::string_view text) {
  text = trimmed(text);
  auto const value = take_number(text);
  if (!value) return std::nullopt;
  if (text.starts_with('K')) return *value << 10;
  if (text.starts_with('M')) return *value << 20;
  if (text.starts_with('G')) return *value << 30;
  return value;
}

std::optional<std::string> chosen(std::string_view text) {
  auto const open = text.find('[');
  auto const close = text.find(']', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
  return std::string(text.substr(open + 1, close - open - 1));
}

std::vector<unsigned> cpu_list(std::string_view text) {
  // No machine has more; a longer range is not a list of CPUs.
  constexpr std::uint64_t cpus_at_most = 65'536;
  std::vector<unsigned> list;
  text = trimmed(text);
  while (!text.empty()) {
    auto const first = take_number(text);
    if (!first) return {};
    auto last = first;
    if (text.starts_with('-')) {
      text.remove_prefix(1);
      last = take_number(text);
    }
    if (!last || *last < *first || *last >= cpus_at_most) return {};
    for (auto cpu = *first; cpu <= *last; ++cpu) list.push_back(static_cast<unsigned>(cpu));
    if (text.empty()) break;
    if (!text.starts_with(',')) return {};
    text.remove_prefix(1);
  }
  return list;
}

std::optional<std::uint64_t> cpu_ns_of_schedstat(std::string_view text) { return number(text); }

std::optional<std::uint64_t> cpu_ns_of_stat(std::string_view text, std::uint64_t ticks_per_second) {
  // The name of the thread stands in brackets and may hold any character: count from its end.
  auto const name_end = text.rfind(')');
  if (name_end == std::string_view::npos || ticks_per_second == 0) return std::nullopt;
  auto const fields = words(text.substr(name_end + 1));
  // proc(5) numbers the state as field 3; utime is field 14 and stime field 15.
  if (fields.size() < 13 || !is_digit(fields[11].front())) return std::nullopt;
  auto const user = number(fields[11]);
  auto const system = number(fields[12]);
  if (!user || !system) return std::nullopt;
  return (*user + *system) * (1'000'000'000 / ticks_per_second);
}

}  // namespace regatta::machine::text
