// Keeps what scenarios record: a histogram for each thread, merged when the clock has stopped, and
// their counts. It hands their clock on to the stopwatch of the sample.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contender/stopwatch.hpp"
#include "harness/stats/histogram.hpp"
#include "scenarios/support/recorder.hpp"

namespace regatta::contender {

class latency_recorder final : public scenarios::recorder {
 public:
  latency_recorder();
  ~latency_recorder();
  latency_recorder(latency_recorder const&) = delete;
  latency_recorder& operator=(latency_recorder const&) = delete;

  // Any thread. A thread's first call allocates its histogram under a lock, the others do neither.
  void record(std::uint64_t latency_ns) noexcept override;
  void count(std::string_view name, std::uint64_t figure) override;
  // Throw std::logic_error where no stopwatch was given, or it is not the moment.
  void start_clock() override;
  void stop_clock() override;
  std::uint64_t resident_bytes() const override;

  // What the scenario's clock drives from now on; null: none, and there is no clock to start.
  void drive(stopwatch* watch) { watch_ = watch; }

  // What was recorded and counted since the last call. Only while nobody records.
  stats::histogram take_histogram();
  std::map<std::string, std::uint64_t> take_counts();

 private:
  stats::histogram& of_this_thread();

  std::uint64_t const
      id_;  // Never used twice, so that a thread's note of its histogram cannot mistake us.
  std::mutex mutex_;
  std::vector<std::unique_ptr<stats::histogram>> histograms_;
  std::map<std::string, std::uint64_t> counts_;
  stopwatch* watch_ = nullptr;
};

// What recording one latency costs the run that records it: reading the clock twice, and the
// histogram. In ns, rounded up; measured at the first call.
std::uint64_t cost_of_recording_ns();

// At most `most` buckets that tell the same, coarser: neighbours merge, the two ends keep their
// exact values. For senders whose messages have a limit.
std::vector<stats::bucket> shortened(std::vector<stats::bucket> buckets, std::size_t most);

}  // namespace regatta::contender
