#include "harness/contender/registry.hpp"

#include <algorithm>
#include <utility>

#include "harness/machine/process_counters.hpp"

namespace regatta::contender {

std::optional<std::uint64_t> cell::cpu_ns() const { return machine::process_cpu_ns(); }

registry& registry::of_this_program() {
  static registry the_registry;
  return the_registry;
}

void registry::add(pair added) {
  auto const by_name = [](pair const& each) -> std::string const& { return each.scenario.name; };
  auto const place = std::ranges::lower_bound(pairs_, added.scenario.name, {}, by_name);
  pairs_.insert(place, std::move(added));
}

pair const* registry::find(std::string_view scenario_name) const {
  auto const found = std::ranges::find_if(
      pairs_, [&](pair const& each) { return each.scenario.name == scenario_name; });
  return found == pairs_.end() ? nullptr : &*found;
}

std::optional<std::string> registry::find_variant(std::string_view name) const {
  auto const& variants = subject_.variants;
  auto const found = name.empty() ? variants.begin() : std::ranges::find(variants, name);
  if (found == variants.end()) return std::nullopt;
  return *found;
}

}  // namespace regatta::contender
