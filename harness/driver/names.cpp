#include "harness/driver/names.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace regatta::driver {
namespace {

/// Levenshtein's distance: how many letters to insert, delete or replace.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

bool matches_glob(const std::string& glob, const std::string& name) {
  return ::fnmatch(glob.c_str(), name.c_str(), FNM_PATHNAME) == 0;
}

std::vector<std::string> near_names(std::string_view typed, const std::vector<std::string>& names) {
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(typed, name);
    const bool contains = typed.size() >= 3 && name.find(typed) != std::string::npos;
    if (contains || distance <= std::max<std::size_t>(2, name.size() / 3)) {
      near.emplace_back(contains ? 0 : distance, name);
    }
  }
  std::sort(near.begin(), near.end());
  if (near.size() > 3) near.resize(3);
  std::vector<std::string> found;
  for (auto& [distance, name] : near) found.push_back(std::move(name));
  return found;
}

std::string suggestion(std::string_view typed, const std::vector<std::string>& names) {
  if (names.empty()) return "; there are none";
  const auto near = near_names(typed, names);
  if (near.empty()) return "; there are: " + joined(names);
  return "; did you mean " + joined(near, " or ") + "?";
}

std::string joined(const std::vector<std::string>& names, std::string_view separator) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += separator;
    text += name;
  }
  return text;
}

}  // namespace regatta::driver
