// Sessions for the tests: two contenders' worth of invented samples.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "harness/comparison/compare.hpp"

namespace regatta::comparison {

class synthetic_session {
 public:
  // Blocks of a row that takes `ns` an operation, give or take `noise`: a deterministic scatter
  // that is another one for each row.
  void measure(std::string const& row, std::string const& scenario, double ns, double noise = 0.02,
               std::size_t blocks = 24) {
    for (std::size_t block = 0; block != blocks; ++block) {
      stats::sample s = sample_of(row, scenario, block);
      double const phase =
          static_cast<double>(row.size() + 7 * static_cast<unsigned>(row.back()) + scenario.size());
      double const off = std::sin(2.39996 * static_cast<double>(block + 1) * phase);
      s.iterations = 1;
      s.operations = 1000;
      s.ns = static_cast<std::uint64_t>(ns * 1000 * std::exp(noise * off));
      samples.add(s);
    }
  }

  void fail(std::string const& row, std::string const& scenario, stats::outcome how,
            std::string const& reason) {
    stats::sample s = sample_of(row, scenario, 3);
    s.outcome = how;
    s.reason = reason;
    samples.add(s);
  }

  // Base, twin and head of the contender "it".
  void measure_all(std::string const& scenario, double base_ns, double head_ns,
                   double noise = 0.02) {
    measure("it@base", scenario, base_ns, noise);
    measure("it@base#twin", scenario, base_ns, noise);
    measure("it@head", scenario, head_ns, noise);
  }

  comparison_input input() const {
    comparison_input in;
    in.base = {"main", "commit 1: Before"};
    in.head = {"HEAD", "commit 2: After"};
    in.seed = 7;
    in.pairs = {{.contender = "it", .base = "it@base", .head = "it@head", .twin = "it@base#twin"}};
    in.samples = &samples;
    for (auto const& cell : samples.cells()) {
      in.cells.push_back(
          {.cell = cell.cell, .scenario = cell.scenario, .params = cell.params, .rows = {}});
    }
    in.machine = {{"label", "noisy"}, {"noise", {{"reasons", {"Others take 40 %."}}}}};
    in.beside = {{"reproduce", "regatta gate main HEAD --seed 7"}};
    return in;
  }

  stats::measurements samples;

 private:
  static stats::sample sample_of(std::string const& row, std::string const& scenario,
                                 std::size_t block) {
    stats::sample s;
    s.block = block;
    s.row = row;
    s.contender = "it";
    s.scenario = scenario;
    s.cell = scenario + " n=1";
    s.params = {{"n", 1}};
    return s;
  }
};

inline nlohmann::ordered_json cell_of(nlohmann::ordered_json const& document,
                                      std::string const& scenario) {
  for (auto const& cell : document.at("cells")) {
    if (cell.at("scenario") == scenario) return cell;
  }
  return {};
}

}  // namespace regatta::comparison
