#include "harness/stats/measurements.hpp"

#include <algorithm>
#include <set>

namespace regatta::stats {
namespace {

void add_to(std::optional<std::uint64_t>& total, std::optional<std::uint64_t> const& part) {
  if (part) total = total.value_or(0) + *part;
}

void raise_to(std::optional<std::uint64_t>& most, std::optional<std::uint64_t> const& value) {
  if (value) most = std::max(most.value_or(0), *value);
}

void add_to(row_measurement& row, sample const& s) {
  block_measurement& block = row.blocks[s.block];
  block.ns_per_operation.push_back(static_cast<double>(s.ns) / static_cast<double>(s.operations));
  if (s.bytes) {
    block.bytes_per_operation.push_back(static_cast<double>(*s.bytes) /
                                        static_cast<double>(s.operations));
  }
  if (s.compared_ns) block.compared_ns.push_back(static_cast<double>(*s.compared_ns));
  block.iterations += s.iterations;
  block.ns += s.ns;
  block.operations += s.operations;
  add_to(block.cpu_ns, s.cpu_ns);
  add_to(block.allocations, s.allocations);
  add_to(block.voluntary_switches, s.voluntary_switches);
  add_to(block.involuntary_switches, s.involuntary_switches);
  raise_to(block.peak_rss_bytes, s.peak_rss_bytes);
  for (auto const& [name, count] : s.counters) block.counters[name] += count;
  raise_to(row.threads_used, s.threads_used);
  if (s.recording_ns) {
    block.recording_ns = std::min(block.recording_ns.value_or(*s.recording_ns), *s.recording_ns);
  }
  if (s.latency_ns.empty()) return;
  auto const latency = histogram::from_buckets(s.latency_ns);
  auto const quantile = [&](double q) { return static_cast<double>(latency.quantile(q)); };
  block.latency_ns.push_back({quantile(0.5), quantile(0.9), quantile(0.99), quantile(0.999)});
  if (!row.latency_ns) row.latency_ns.emplace();
  row.latency_ns->merge(latency);
}

void note_system_calls(row_measurement& row, sample const& s) {
  auto& calls = row.system_calls.emplace();
  if (s.outcome == outcome::ok) {
    calls.operations = s.operations;
    for (auto const& [name, count] : s.system_calls) calls.by_name[name] = count;
  } else {
    calls.reason = s.reason;
  }
}

}  // namespace

double block_measurement::median_ns_per_operation() const { return median(ns_per_operation); }

block_values row_measurement::ns_per_operation() const {
  block_values values;
  for (auto const& [number, block] : blocks) values[number] = block.median_ns_per_operation();
  return values;
}

block_values row_measurement::bytes_per_operation() const {
  block_values values;
  for (auto const& [number, block] : blocks) {
    if (!block.bytes_per_operation.empty()) values[number] = median(block.bytes_per_operation);
  }
  return values;
}

block_values row_measurement::compared_ns() const {
  block_values values;
  for (auto const& [number, block] : blocks) {
    if (!block.compared_ns.empty()) values[number] = median(block.compared_ns);
  }
  return values;
}

block_values row_measurement::costs() const {
  if (auto bytes = bytes_per_operation(); !bytes.empty()) return bytes;
  if (auto latency = compared_ns(); !latency.empty()) return latency;
  return ns_per_operation();
}

std::optional<double> row_measurement::per_operation(
    std::function<std::optional<std::uint64_t>(block_measurement const&)> const& total) const {
  std::vector<double> values;
  for (auto const& [number, block] : blocks) {
    if (auto const sum = total(block)) {
      values.push_back(static_cast<double>(*sum) / static_cast<double>(block.operations));
    }
  }
  if (values.empty()) return std::nullopt;
  return median(values);
}

row_measurement const* cell_measurement::find(std::string_view row) const {
  auto const found = rows.find(row);
  return found == rows.end() ? nullptr : &found->second;
}

void measurements::add(sample const& s) {
  ++samples_;
  if (row_index_.try_emplace(s.row, rows_.size()).second) {
    rows_.push_back({s.row, s.contender, s.variant, s.twin});
  }
  auto const [position, is_new] = cell_index_.try_emplace(s.cell, cells_.size());
  if (is_new) {
    cells_.push_back({.cell = s.cell, .scenario = s.scenario, .params = s.params, .rows = {}});
  }
  row_measurement& row = cells_[position->second].rows[s.row];
  // How the traced pass went says nothing about the cell itself.
  if (s.phase == "system_calls") return note_system_calls(row, s);
  ++row.visits;
  ++row.visits_by_outcome[s.outcome];
  if (s.outcome > row.outcome) {
    row.outcome = s.outcome;
    row.reason = s.reason;
  }
  if (s.measured()) add_to(row, s);
}

cell_measurement const* measurements::find(std::string_view cell) const {
  auto const found = cell_index_.find(cell);
  return found == cell_index_.end() ? nullptr : &cells_[found->second];
}

std::size_t measurements::blocks() const {
  std::set<std::uint64_t> numbers;
  for (auto const& cell : cells_) {
    for (auto const& [name, row] : cell.rows) {
      for (auto const& [number, block] : row.blocks) numbers.insert(number);
    }
  }
  return numbers.size();
}

samples_file read_samples(std::istream& in) {
  samples_file file;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    auto const parsed = parse_sample(line);
    if (parsed.value) {
      file.samples.add(*parsed.value);
    } else {
      file.bad_lines.push_back({number, parsed.error});
    }
  }
  return file;
}

}  // namespace regatta::stats
