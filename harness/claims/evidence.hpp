// What a run holds for claims to be judged by: cells by scenario and parameters, rows, figures.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/claims/finding.hpp"
#include "harness/stats/block_quantities.hpp"
#include "harness/stats/measurements.hpp"

namespace regatta::claims {

class evidence {
 public:
  // `summary` as stats::summarise() makes it. `laws` is what laws.json of the run holds: a list of
  // {"row","law","passed","detail"}, where "passed" is null if nothing was seen; or null. All must
  // outlive the evidence.
  evidence(stats::measurements const& samples, json const& summary, json const& laws)
      : samples_(samples), summary_(summary), laws_(laws) {}

  // The cells of a scenario whose parameters include these, in the run's order.
  std::vector<json const*> cells(std::string_view scenario, json const& params = json()) const;

  // The cell that differs from this one in these parameters only; or null.
  json const* sibling(json const& cell, json const& changed) const;

  // The rows of a cell that were measured there: not the twin, and not those that could not bear
  // the load.
  std::vector<std::string> rows(json const& cell) const;

  // How a row came out in a cell; null where it was not asked.
  json const* result(json const& cell, std::string const& row) const;

  // Empty where the row was not measured there, or is saturated.
  stats::block_values values(json const& cell, std::string const& row,
                             stats::quantity by = stats::quantity::cost) const;
  // Counted in one iteration of the cell. A count of 0 is left out of no block.
  stats::block_values counter(json const& cell, std::string const& row,
                              std::string_view name) const;

  // By how much two rows of this cell may differ for no reason.
  double noise(json const& cell) const;

  json const& summary() const { return summary_; }
  json const& laws() const { return laws_; }

 private:
  stats::row_measurement const* measured(json const& cell, std::string const& row) const;

  stats::measurements const& samples_;
  json const& summary_;
  json const& laws_;
};

std::string name_of(json const& cell);

// Two rows that differ in one thing: "asio/io_context" and "asio/io_uring".
struct pair_of_rows {
  char const* first;
  char const* second;
  char const* difference = "";
};

// second/first in each of the cells, by the same quantity; where both were measured.
std::vector<finding> compare_rows(evidence const& run, std::vector<json const*> const& cells,
                                  std::vector<pair_of_rows> const& pairs, stats::quantity by,
                                  std::function<region(json const& cell)> const& claimed);

// The cell `other` over `cell`, for each row that was measured in both.
std::vector<finding> compare_cells(evidence const& run, json const& cell, json const& other,
                                   std::string const& what, stats::quantity by, region claimed);

}  // namespace regatta::claims
