#include "harness/comparison/verdict.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace regatta::comparison {
namespace {

constexpr std::array<std::pair<verdict, std::string_view>, 4> names{
    {{verdict::unchanged, "unchanged"},
     {verdict::better, "better"},
     {verdict::could_not_measure, "could_not_measure"},
     {verdict::worse, "worse"}}};

}  // namespace

std::string_view to_string(verdict v) {
  for (auto const& [value, name] : names) {
    if (value == v) return name;
  }
  return "";
}

verdict verdict_from(std::string_view text) {
  for (auto const& [value, name] : names) {
    if (name == text) return value;
  }
  return verdict::unchanged;
}

verdict verdict_over(std::vector<verdict> const& cells) {
  if (cells.empty()) return verdict::could_not_measure;
  // In ascending gravity, as the enumeration has them.
  return *std::max_element(cells.begin(), cells.end());
}

}  // namespace regatta::comparison
