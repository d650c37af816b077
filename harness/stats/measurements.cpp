#include "harness/stats/measurements.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <future>
#include <limits>
#include <set>
#include <thread>
#include <utility>

#include "harness/stats/quick_sample.hpp"

namespace regatta::stats {
namespace {

void add_to(std::optional<std::uint64_t>& total, std::optional<std::uint64_t> const& part) {
  if (part) total = total.value_or(0) + *part;
}

void raise_to(std::optional<std::uint64_t>& most, std::optional<std::uint64_t> const& value) {
  if (value) most = std::max(most.value_or(0), *value);
}

void lower_to(std::optional<std::uint64_t>& least, std::optional<std::uint64_t> const& value) {
  if (value) least = std::min(least.value_or(*value), *value);
}

latency_quantiles quantiles_of(std::vector<bucket> list) {
  // As contenders write it, it ascends already.
  auto const by_value = [](bucket const& a, bucket const& b) { return a.value < b.value; };
  if (!std::is_sorted(list.begin(), list.end(), by_value)) {
    std::sort(list.begin(), list.end(), by_value);
  }
  auto const q = histogram::quantiles_of(list, std::array{0.5, 0.9, 0.99, 0.999});
  auto const ns = [&](std::size_t i) { return static_cast<double>(q[i]); };
  return {.p50 = ns(0), .p90 = ns(1), .p99 = ns(2), .p999 = ns(3)};
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
  lower_to(block.recording_ns, s.recording_ns);
  if (s.latency_ns.empty()) return;
  block.latency_ns.push_back(quantiles_of(s.latency_ns));
  if (!row.latency_ns) row.latency_ns.emplace();
  row.latency_ns->record_all(s.latency_ns);
}

template <class List>
void append(List& list, List const& later) {
  list.insert(list.end(), later.begin(), later.end());
}

void add_to(block_measurement& block, block_measurement const& later) {
  append(block.ns_per_operation, later.ns_per_operation);
  append(block.bytes_per_operation, later.bytes_per_operation);
  append(block.compared_ns, later.compared_ns);
  append(block.latency_ns, later.latency_ns);
  block.iterations += later.iterations;
  block.ns += later.ns;
  block.operations += later.operations;
  add_to(block.cpu_ns, later.cpu_ns);
  add_to(block.allocations, later.allocations);
  add_to(block.voluntary_switches, later.voluntary_switches);
  add_to(block.involuntary_switches, later.involuntary_switches);
  raise_to(block.peak_rss_bytes, later.peak_rss_bytes);
  for (auto const& [name, count] : later.counters) block.counters[name] += count;
  lower_to(block.recording_ns, later.recording_ns);
}

void add_to(row_measurement& row, row_measurement const& later) {
  if (later.outcome > row.outcome) {
    row.outcome = later.outcome;
    row.reason = later.reason;
  }
  row.visits += later.visits;
  for (auto const& [ended, visits] : later.visits_by_outcome)
    row.visits_by_outcome[ended] += visits;
  for (auto const& [number, block] : later.blocks) add_to(row.blocks[number], block);
  raise_to(row.threads_used, later.threads_used);
  if (later.latency_ns && row.latency_ns) {
    row.latency_ns->merge(*later.latency_ns);
  } else if (later.latency_ns) {
    row.latency_ns = later.latency_ns;
  }
  if (later.system_calls) row.system_calls = later.system_calls;
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

// A file of less than this for each thread is read before the second has begun.
constexpr std::uint64_t worth_a_thread = 4u << 20;

// Lines of a stream, each with the padding behind it that quick_samples wants.
class line_reader {
 public:
  explicit line_reader(std::istream& in) : in_(in), buffer_(block + quick_samples::padding) {}

  // The next line without its end, until the next call. Nothing at the end; a last line that has no
  // end is one too.
  std::optional<std::string_view> next() {
    for (std::size_t searched = begin_;;) {
      char const* const data = buffer_.data();
      if (void const* found = std::memchr(data + searched, '\n', end_ - searched)) {
        auto const end = static_cast<std::size_t>(static_cast<char const*>(found) - data);
        std::string_view const line(data + begin_, end - begin_);
        begin_ = end + 1;
        return line;
      }
      searched = end_ - begin_;
      if (fill()) continue;
      if (begin_ == end_) return std::nullopt;
      std::string_view const line(buffer_.data() + begin_, end_ - begin_);
      begin_ = end_;
      return line;
    }
  }

 private:
  // Moves the rest to the front and reads on behind it. False at the end of the stream.
  bool fill() {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
    if (end_ + quick_samples::padding == buffer_.size()) buffer_.resize(buffer_.size() + block);
    in_.read(buffer_.data() + end_,
             static_cast<std::streamsize>(buffer_.size() - quick_samples::padding - end_));
    end_ += static_cast<std::size_t>(in_.gcount());
    return in_.gcount() != 0;
  }

  static constexpr std::size_t block = 1u << 20;

  std::istream& in_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of what was not returned yet
  std::size_t end_ = 0;
};

struct part_of_file {
  samples_file file;
  std::size_t lines = 0;
};

// Those lines that begin within the next `bytes`.
void read_lines(line_reader& lines, std::uint64_t bytes, part_of_file& part) {
  quick_samples quick;
  for (std::uint64_t read = 0; read < bytes;) {
    auto const line = lines.next();
    if (!line) return;
    read += line->size() + 1;
    ++part.lines;
    if (line->empty()) continue;
    // The quick way knows no params, which the first sample of a cell brings.
    if (auto const* plain = quick.read(*line);
        plain != nullptr && part.file.samples.find(plain->cell) != nullptr) {
      part.file.samples.add(*plain);
    } else if (auto const parsed = parse_sample(*line); parsed.value) {
      part.file.samples.add(*parsed.value);
    } else {
      part.file.bad_lines.push_back({part.lines, parsed.error});
    }
  }
}

// The lines that begin in [begin, end). The first may have begun before: then it is the part
// before's.
part_of_file read_part(std::filesystem::path const& path, std::uint64_t begin, std::uint64_t end) {
  part_of_file part;
  std::ifstream in(path, std::ios::binary);
  line_reader lines(in);
  if (begin == 0) {
    read_lines(lines, end, part);
    return part;
  }
  in.seekg(static_cast<std::streamoff>(begin - 1));
  auto const rest = lines.next();
  if (!rest || begin - 1 + rest->size() + 1 >= end) return part;
  read_lines(lines, end - (begin - 1 + rest->size() + 1), part);
  return part;
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
  // The rows of a cell take turns: most samples are of the same cell as the one before.
  if (last_cell_ >= cells_.size() || cells_[last_cell_].cell != s.cell) {
    auto const [position, is_new] = cell_index_.try_emplace(s.cell, cells_.size());
    if (is_new) {
      cells_.push_back({.cell = s.cell, .scenario = s.scenario, .params = s.params, .rows = {}});
    }
    last_cell_ = position->second;
  }
  row_measurement& row = cells_[last_cell_].rows[s.row];
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
  if (last_cell_ < cells_.size() && cells_[last_cell_].cell == cell) return &cells_[last_cell_];
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

void measurements::add(measurements const& later) {
  samples_ += later.samples_;
  for (row_identity const& row : later.rows_) {
    if (row_index_.try_emplace(row.row, rows_.size()).second) rows_.push_back(row);
  }
  for (cell_measurement const& cell : later.cells_) {
    auto const [position, is_new] = cell_index_.try_emplace(cell.cell, cells_.size());
    if (is_new) {
      cells_.push_back(cell);
      continue;
    }
    auto& rows = cells_[position->second].rows;
    for (auto const& [name, row] : cell.rows) add_to(rows[name], row);
  }
}

samples_file read_samples(std::istream& in) {
  part_of_file part;
  line_reader lines(in);
  read_lines(lines, std::numeric_limits<std::uint64_t>::max(), part);
  return std::move(part.file);
}

samples_file read_samples(std::filesystem::path const& path, std::size_t threads) {
  std::error_code missing;
  std::uint64_t const size = std::filesystem::file_size(path, missing);
  if (missing) return {};
  if (threads == 0) {
    threads = std::min<std::size_t>(std::max(1u, std::thread::hardware_concurrency()),
                                    1 + static_cast<std::size_t>(size / worth_a_thread));
  }
  std::vector<std::future<part_of_file>> parts;
  for (std::size_t i = 0; i != threads; ++i) {
    parts.push_back(std::async(
        std::launch::async, read_part, path, size * i / threads,
        i + 1 == threads ? std::numeric_limits<std::uint64_t>::max() : size * (i + 1) / threads));
  }
  part_of_file all = parts.front().get();
  for (auto part = parts.begin() + 1; part != parts.end(); ++part) {
    part_of_file const later = part->get();
    all.file.samples.add(later.file.samples);
    for (bad_line const& bad : later.file.bad_lines) {
      all.file.bad_lines.push_back({all.lines + bad.number, bad.reason});
    }
    all.lines += later.lines;
  }
  return std::move(all.file);
}

}  // namespace regatta::stats
