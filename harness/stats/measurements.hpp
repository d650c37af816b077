// All samples of a run, sorted by cell, row and block, and reduced to one number per block.
//
// Samples stream in one by one; what is kept is the time of each sample and sums of the rest, so a
// million samples take some hundreds of megabytes, most of it histograms: 58 KiB for each row of a
// cell that has latencies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <istream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/stats/paired_ratio.hpp"
#include "harness/stats/sample.hpp"

namespace regatta::stats {

// The quantiles of the latency that every table shows, in ns.
struct latency_quantiles {
  double p50 = 0.0;
  double p90 = 0.0;
  double p99 = 0.0;
  double p999 = 0.0;
};

// What one row did in one cell in one block.
struct block_measurement {
  std::vector<double> ns_per_operation;     // one for each sample
  std::vector<double> bytes_per_operation;  // one for each sample that tells bytes
  std::vector<double> compared_ns;          // one for each sample that is compared by its latency
  std::uint64_t iterations = 0;
  std::uint64_t ns = 0;
  std::uint64_t operations = 0;
  std::optional<std::uint64_t> cpu_ns;
  std::optional<std::uint64_t> allocations;
  std::optional<std::uint64_t> voluntary_switches;
  std::optional<std::uint64_t> involuntary_switches;
  std::optional<std::uint64_t> peak_rss_bytes;  // the greatest of its samples
  std::map<std::string, std::uint64_t, std::less<>> counters;
  std::vector<latency_quantiles> latency_ns;  // one for each sample that has a histogram

  std::optional<std::uint64_t> recording_ns;  // the least of its samples

  double median_ns_per_operation() const;
};

// What one row asked of the kernel in one cell, seen in a pass of its own.
struct system_calls {
  std::uint64_t operations = 0;  // 0: they were not counted
  std::map<std::string, std::uint64_t, std::less<>> by_name;
  std::string reason;  // why they were not counted
};

// What one row did in one cell in all blocks.
struct row_measurement {
  stats::outcome outcome = stats::outcome::ok;  // the gravest of all visits
  std::string reason;                           // that of the first visit that ended so
  std::size_t visits = 0;
  std::map<stats::outcome, std::size_t> visits_by_outcome;
  std::map<std::uint64_t, block_measurement> blocks;
  std::optional<std::uint64_t> threads_used;  // the most of any sample
  std::optional<histogram> latency_ns;        // of all samples together
  std::optional<stats::system_calls> system_calls;

  // Usable only if no visit failed: a row that answered wrong once is not trusted with a time.
  bool measured() const { return outcome == stats::outcome::ok && !blocks.empty(); }

  block_values ns_per_operation() const;
  // Nothing where the scenario is about time.
  block_values bytes_per_operation() const;
  // The median latency, where the scenario is about it.
  block_values compared_ns() const;
  // What rows are compared by: bytes or latency, where the scenario is about them, and time
  // everywhere else.
  block_values costs() const;

  // The median over blocks of a total divided by the block's operations. Nothing where no block has
  // the total.
  std::optional<double> per_operation(
      std::function<std::optional<std::uint64_t>(block_measurement const&)> const& total) const;
};

struct row_identity {
  std::string row;
  std::string contender;
  std::string variant;
  bool twin = false;
};

struct cell_measurement {
  std::string cell;
  std::string scenario;
  nlohmann::ordered_json params;
  std::map<std::string, row_measurement, std::less<>> rows;

  row_measurement const* find(std::string_view row) const;
};

class measurements {
 public:
  void add(sample const& s);

  // Adds what came after all of this: the same as adding its samples one by one.
  void add(measurements const& later);

  // In the order in which they first appeared.
  std::vector<row_identity> const& rows() const { return rows_; }
  std::vector<cell_measurement> const& cells() const { return cells_; }

  cell_measurement const* find(std::string_view cell) const;

  // The number of different blocks in which anything was measured.
  std::size_t blocks() const;
  std::size_t samples() const { return samples_; }

 private:
  std::vector<row_identity> rows_;
  std::vector<cell_measurement> cells_;
  std::map<std::string, std::size_t, std::less<>> row_index_;
  std::map<std::string, std::size_t, std::less<>> cell_index_;
  std::size_t samples_ = 0;
  std::size_t last_cell_ = 0;  // of the sample that was added last
};

// A line that is no sample.
struct bad_line {
  std::size_t number = 0;  // from 1
  std::string reason;
};

struct samples_file {
  measurements samples;
  std::vector<bad_line> bad_lines;
};

// Reads samples.jsonl. A bad line is noted and passed over; the good ones on both sides of it
// count.
samples_file read_samples(std::istream& in);

// The same from a file, by so many threads at once; 0 stands for as many as there are processors,
// or fewer for a small file. How many there were is not to be seen in the answer. A file that is
// not there is empty.
samples_file read_samples(std::filesystem::path const& path, std::size_t threads = 0);

}  // namespace regatta::stats
