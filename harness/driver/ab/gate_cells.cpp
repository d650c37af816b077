#include "harness/driver/ab/gate_cells.hpp"

#include <algorithm>
#include <utility>

namespace regatta::driver {

std::vector<cell> gate_cells() {
  // Small, so that an iteration is short beside a sample and all contenders do about as many.
  const std::vector<std::pair<const char*, parameters>> wanted = {
      {"spawn", {{"style", "spawn"}, {"tasks", 1000}}},
      {"fan_out", {{"children", 8}, {"depth", 2}, {"rounds", 5}}},
      {"channel", {{"capacity", 100}, {"producers", 5}, {"consumers", 1}, {"messages", 1000}}},
      {"yield", {{"tasks", 100}, {"yields", 50}}},
      {"ping_pong", {{"pairs", 100}}}};
  std::vector<cell> cells;
  for (const auto& [scenario, params] : wanted) {
    cells.push_back(make_cell(*specification::find(scenario), params));
  }
  return cells;
}

std::vector<cell> comparable_cells(std::vector<cell> all) {
  std::erase_if(all, [](const cell& c) {
    return c.asked != scenarios::subject::runtime || c.measures != scenarios::quantity::time ||
           c.program != scenarios::small_program::none;
  });
  return all;
}

}  // namespace regatta::driver
