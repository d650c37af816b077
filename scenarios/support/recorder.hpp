// What a scenario writes into that measures more than the time of its whole run: how long single
// things took, how often something happened, and which part of the run is to be timed. The scenario
// says when something begins and when it ends; what the clock is, and how the figures are kept, is
// the harness's business.
//
//   auto const sent = recorder::now();
//   …
//   latency.record_since(sent);
#pragma once

#include <chrono>
#include <string_view>

#include "runtimes/interface/types.hpp"

namespace regatta::scenarios {

class recorder {
 public:
  // A point on the monotonic clock, in nanoseconds: one word, so that it can travel inside a
  // message.
  using moment = u64;

  static moment now() noexcept {
    auto const since_boot = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<u64>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(since_boot).count());
  }

  // Any thread, concurrently; takes no lock and allocates nothing after a thread's first call.
  virtual void record(u64 latency_ns) noexcept = 0;

  // The same, for what began at `begin`.
  void record_since(moment begin) noexcept {
    auto const end = now();
    record(end > begin ? end - begin : 0);
  }

  // A figure of the scenario's own, reported among the counters of the sample: `name` is a string
  // literal, the figures of several runs add up. Any thread; not for hot paths.
  virtual void count(std::string_view name, u64 figure) = 0;

  // For a scenario that `times_a_part` (traits.hpp): only what lies between the two counts as its
  // time, CPU time, allocations and context switches. Parts add up; they are never nested, and one
  // ends where another thread may have begun it. They cost some microseconds, outside the part.
  virtual void start_clock() = 0;
  virtual void stop_clock() = 0;

  // How much of this process is in memory now, to the page. 0 where the system does not say.
  virtual u64 resident_bytes() const = 0;

 protected:
  ~recorder() = default;
};

// A recorder that keeps nothing, for runs whose latencies nobody asked for.
class silent_recorder final : public recorder {
 public:
  void record(u64) noexcept override {}
  void count(std::string_view, u64) override {}
  void start_clock() override {}
  void stop_clock() override {}
  u64 resident_bytes() const override { return 0; }
};

}  // namespace regatta::scenarios
