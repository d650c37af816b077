#include "proxy/command/runtimes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "proxy/command/failure.hpp"

namespace regatta::proxy::command {
namespace {

// Made at the first use: the sources that enter theirs are initialised in no particular order.
std::vector<known_runtime>& entries() {
  static std::vector<known_runtime> all;
  return all;
}

bool is_meant(known_runtime const& one, std::string_view name) noexcept {
  return one.name == name || (one.name.size() > name.size() && one.name.starts_with(name) &&
                              one.name[name.size()] == '/');
}

}  // namespace

registered_runtime::registered_runtime(known_runtime entry) { entries().push_back(entry); }

std::vector<known_runtime> all_runtimes() {
  auto all = entries();
  std::ranges::sort(all, {}, &known_runtime::name);
  return all;
}

known_runtime const& find_runtime(std::string_view name) {
  known_runtime const* found = nullptr;
  for (auto const& each : entries()) {
    if (!is_meant(each, name)) continue;
    if (found == nullptr || each.rank < found->rank) found = &each;
  }
  if (found == nullptr) {
    std::string names;
    for (auto const& each : all_runtimes()) {
      if (each.missing.empty()) names.append(names.empty() ? "" : ", ").append(each.name);
    }
    throw failure(fmt::format("--runtime: there is no '{}'; expected one of {}", name, names),
                  exit_code::usage);
  }
  if (!found->missing.empty()) {
    throw failure(
        fmt::format("--runtime: {} is not in this program: {}", found->name, found->missing));
  }
  return *found;
}

std::string list_of_runtimes() {
  std::string text;
  auto const all = all_runtimes();
  for (auto const& each : all) {
    if (each.missing.empty()) text.append(each.name).append("\n");
  }
  for (auto const& each : all) {
    if (!each.missing.empty()) {
      text += fmt::format("{} is missing: {}\n", each.name, each.missing);
    }
  }
  return text;
}

}  // namespace regatta::proxy::command
