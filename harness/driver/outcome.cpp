#include "harness/driver/outcome.hpp"

#include <array>
#include <utility>

namespace regatta::driver {
namespace {

constexpr std::array<std::pair<outcome, std::string_view>, 9> names = {{
    {outcome::ok, "ok"},
    {outcome::wrong_answer, "wrong_answer"},
    {outcome::unsupported, "unsupported"},
    {outcome::skipped, "skipped"},
    {outcome::failed, "failed"},
    {outcome::timeout, "timeout"},
    {outcome::crashed, "crashed"},
    {outcome::out_of_memory, "out_of_memory"},
    {outcome::interrupted, "interrupted"},
}};

}  // namespace

std::string_view name_of(outcome o) {
  for (const auto& [value, name] : names) {
    if (value == o) return name;
  }
  return "failed";
}

std::optional<outcome> outcome_named(std::string_view name) {
  for (const auto& [value, its_name] : names) {
    if (its_name == name) return value;
  }
  return std::nullopt;
}

bool is_fault(outcome o) {
  return o != outcome::ok && o != outcome::unsupported && o != outcome::skipped;
}

}  // namespace regatta::driver
