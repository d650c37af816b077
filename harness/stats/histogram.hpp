// A log-linear histogram: how often each value was seen, to within 1 %, in a fixed amount of
// memory.
//
// Latencies reach from nanoseconds to seconds, and it is the few slow ones that matter. So the
// range of a u64 is cut into powers of two and each of those into 128 equal buckets: no bucket is
// wider than 1/128 (0.8 %) of the values that it holds. The idea is HdrHistogram's (Gil Tene,
// hdrhistogram.org), which Debian packages only for Java and Go.
//
// Recording takes no lock and allocates nothing. A histogram belongs to one thread at a time: give
// each worker its own and merge() them when the clock has stopped.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace regatta::stats {

// One line of a histogram on paper: `count` values were seen that are close to `value`.
// In JSON it is the pair [value, count]. The two functions below are found by nlohmann::json, which
// this header need not know.
struct bucket {
  std::uint64_t value = 0;
  std::uint64_t count = 0;

  friend bool operator==(bucket const&, bucket const&) = default;

  template <class Json>
  friend void to_json(Json& json, bucket const& b) {
    json = Json::array({b.value, b.count});
  }
  template <class Json>
  friend void from_json(Json const& json, bucket& b) {
    json.at(0).get_to(b.value);
    json.at(1).get_to(b.count);
  }
};

class histogram {
 public:
  // The only allocation, 58 KiB, happens here.
  histogram() : counts_(bucket_count) {}

  // Notes that `value` (any unit; ours are nanoseconds) was seen `times` times.
  void record(std::uint64_t value, std::uint64_t times = 1) noexcept {
    if (times == 0) return;
    counts_[index_of(value)] += times;
    count_ += times;
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
  }

  void merge(histogram const& other) noexcept {
    for (std::size_t i = 0; i != bucket_count; ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
  }

  void clear() noexcept {
    std::fill(counts_.begin(), counts_.end(), 0);
    count_ = 0;
    min_ = std::numeric_limits<std::uint64_t>::max();
    max_ = 0;
  }

  std::uint64_t count() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }

  // Exact. Both are 0 when nothing was recorded.
  std::uint64_t min() const noexcept { return empty() ? 0 : min_; }
  std::uint64_t max() const noexcept { return max_; }

  // The smallest value such that at least the share `q` (0…1) of all values is not greater; within
  // 1 % of the exact answer, and exact for q = 0 and q = 1. 0 when nothing was recorded.
  std::uint64_t quantile(double q) const noexcept {
    if (empty()) return 0;
    double const wanted = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_));
    if (wanted <= 1.0) return min_;
    if (wanted >= static_cast<double>(count_)) return max_;
    auto const rank = static_cast<std::uint64_t>(wanted);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i != bucket_count; ++i) {
      seen += counts_[i];
      if (seen >= rank) return std::clamp(middle_of(i), min_, max_);
    }
    return max_;
  }

  // The share (0…1) of values that are not greater than `value`, counting all of its bucket.
  double share_up_to(std::uint64_t value) const noexcept {
    if (empty()) return 0.0;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i <= index_of(value); ++i) seen += counts_[i];
    return static_cast<double>(seen) / static_cast<double>(count_);
  }

  // Within 1 %. 0 when nothing was recorded.
  double mean() const noexcept {
    if (empty()) return 0.0;
    double sum = 0.0;
    for (std::size_t i = 0; i != bucket_count; ++i) {
      if (counts_[i] != 0) {
        sum += static_cast<double>(std::clamp(middle_of(i), min_, max_)) *
               static_cast<double>(counts_[i]);
      }
    }
    return sum / static_cast<double>(count_);
  }

  // What was recorded, as a list in ascending order that holds no empty bucket. The first entry
  // carries the exact minimum and the last the exact maximum, so that from_buckets(buckets()) knows
  // the tail as well as we do (of a lone bucket only the maximum survives).
  std::vector<bucket> buckets() const {
    std::vector<bucket> list;
    for (std::size_t i = 0; i != bucket_count; ++i) {
      if (counts_[i] != 0) list.push_back({middle_of(i), counts_[i]});
    }
    if (!list.empty()) {
      list.front().value = min_;
      list.back().value = max_;
    }
    return list;
  }

  // What from_buckets(list).quantile() says for each of the shares `q`, without the histogram: in
  // time that goes with the list, which is short. The list and the shares ascend.
  template <std::size_t N>
  static std::array<std::uint64_t, N> quantiles_of(std::vector<bucket> const& list,
                                                   std::array<double, N> const& q) noexcept {
    std::array<std::uint64_t, N> answers{};
    std::uint64_t count = 0;
    auto least = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t most = 0;
    for (bucket const& b : list) {
      if (b.count == 0) continue;
      count += b.count;
      least = std::min(least, b.value);
      most = std::max(most, b.value);
    }
    if (count == 0) return answers;
    std::size_t next = 0;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i != N; ++i) {
      double const wanted = std::ceil(std::clamp(q[i], 0.0, 1.0) * static_cast<double>(count));
      if (wanted <= 1.0) {
        answers[i] = least;
      } else if (wanted >= static_cast<double>(count)) {
        answers[i] = most;
      } else {
        while (seen + list[next].count < static_cast<std::uint64_t>(wanted)) {
          seen += list[next++].count;
        }
        answers[i] = std::clamp(middle_of(index_of(list[next].value)), least, most);
      }
    }
    return answers;
  }

  // Takes any list of values and counts, in any order, from any program.
  static histogram from_buckets(std::vector<bucket> const& list) {
    histogram h;
    h.record_all(list);
    return h;
  }

  void record_all(std::vector<bucket> const& list) noexcept {
    for (bucket const& b : list) record(b.value, b.count);
  }

 private:
  static constexpr unsigned precision_bits = 7;
  static constexpr std::size_t per_octave = std::size_t{1} << precision_bits;
  // Values below 128 have a bucket each; each of the 57 octaves above has 128.
  static constexpr std::size_t bucket_count = per_octave * (64 - precision_bits + 1);

  static constexpr std::size_t index_of(std::uint64_t value) noexcept {
    if (value < per_octave) return static_cast<std::size_t>(value);
    auto const octave = static_cast<unsigned>(std::bit_width(value)) - 1 - precision_bits;
    // The top bit of the shifted value is set, so it counts as one octave by itself.
    return octave * per_octave + static_cast<std::size_t>(value >> octave);
  }

  static constexpr std::uint64_t middle_of(std::size_t index) noexcept {
    if (index < 2 * per_octave) return index;
    auto const octave = static_cast<unsigned>(index / per_octave) - 1;
    std::uint64_t const lowest = std::uint64_t{index % per_octave + per_octave} << octave;
    return lowest + (std::uint64_t{1} << octave) / 2;
  }

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t min_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t max_ = 0;
};

}  // namespace regatta::stats
