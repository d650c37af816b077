#include "harness/stats/block_quantities.hpp"

#include <array>
#include <functional>
#include <utility>
#include <vector>

#include "harness/stats/order_statistics.hpp"

namespace regatta::stats {
namespace {

constexpr std::array<std::pair<quantity, std::string_view>, 6> names{{
    {quantity::cost, "cost"},
    {quantity::time, "time"},
    {quantity::cpu, "cpu"},
    {quantity::p50, "p50"},
    {quantity::p99, "p99"},
    {quantity::peak_memory, "peak_memory"},
}};

template <class Value>
block_values of_blocks(row_measurement const& row, Value const& value) {
  block_values values;
  for (auto const& [number, block] : row.blocks) {
    if (std::optional<double> const seen = value(block)) values[number] = *seen;
  }
  return values;
}

block_values quantile_of(row_measurement const& row, double latency_quantiles::* which) {
  return of_blocks(row, [&](block_measurement const& block) -> std::optional<double> {
    std::vector<double> of_samples;
    for (auto const& quantiles : block.latency_ns) of_samples.push_back(quantiles.*which);
    if (of_samples.empty()) return std::nullopt;
    return median(of_samples);
  });
}

block_values cpu_of(row_measurement const& row) {
  return of_blocks(row, [](block_measurement const& block) -> std::optional<double> {
    if (!block.cpu_ns || block.operations == 0) return std::nullopt;
    return static_cast<double>(*block.cpu_ns) / static_cast<double>(block.operations);
  });
}

block_values peak_of(row_measurement const& row) {
  return of_blocks(row, [](block_measurement const& block) -> std::optional<double> {
    if (!block.peak_rss_bytes) return std::nullopt;
    return static_cast<double>(*block.peak_rss_bytes);
  });
}

}  // namespace

std::string_view to_string(quantity q) {
  for (auto const& [each, name] : names) {
    if (each == q) return name;
  }
  return "";
}

std::optional<quantity> quantity_from(std::string_view text) {
  for (auto const& [each, name] : names) {
    if (name == text) return each;
  }
  return std::nullopt;
}

block_values values_of(row_measurement const& row, quantity by) {
  switch (by) {
    case quantity::cost:
      return row.costs();
    case quantity::time:
      return row.ns_per_operation();
    case quantity::cpu:
      return cpu_of(row);
    case quantity::p50:
      return quantile_of(row, &latency_quantiles::p50);
    case quantity::p99:
      return quantile_of(row, &latency_quantiles::p99);
    case quantity::peak_memory:
      return peak_of(row);
  }
  return {};
}

block_values counter_per_iteration(row_measurement const& row, std::string_view counter) {
  return of_blocks(row, [&](block_measurement const& block) -> std::optional<double> {
    auto const found = block.counters.find(counter);
    if (found == block.counters.end() || block.iterations == 0) return std::nullopt;
    return static_cast<double>(found->second) / static_cast<double>(block.iterations);
  });
}

}  // namespace regatta::stats
