// What became of a load: counts that are exact, times, and latencies as histograms.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "harness/stats/histogram.hpp"
#include "runtimes/interface/types.hpp"

namespace regatta::load {

// Why a request has failed. A connection that failed is replaced by the next request on it.
enum class failure : u8 {
  refused,        // The server does not listen, or nobody can reach it.
  no_port,        // No local port, no descriptor or no memory was left: the fault is ours.
  reset,          // The connection was reset.
  timed_out,      // No answer within the plan's timeout.
  early_end,      // The server closed before the whole answer had come.
  wrong_payload,  // A byte that differs from what it should be, or a byte too many.
  bad_answer,     // HTTP: a status other than 2xx, or something that is not HTTP.
};
inline constexpr std::size_t failure_kinds = 7;
// "refused", "no_port", …
std::string_view name_of(failure kind);

struct load_result {
  u64 completed = 0;  // Requests answered, whole and right.
  std::array<u64, failure_kinds> failed_by_kind{};
  u64 scheduled = 0;  // Requests that were due (open loop) or were started (closed loop).
  u64 skipped = 0;    // Of these, not sent since too many were under way (open loop).

  // From the first thread's start to the last thread's last answer.
  u64 elapsed_ns = 0;
  // Of the generator's own threads, in this run.
  u64 cpu_ns = 0, user_ns = 0, system_ns = 0;

  // Corrected: from the time at which the request was due, so that whoever had to wait for a
  // stalled server is charged the wait (coordinated omission). Uncorrected: from the time at which
  // it was sent. In a closed loop both are the same. Of completed requests only: each holds
  // `completed` values, in nanoseconds.
  stats::histogram latency_corrected, latency_uncorrected;
  // Open loop: how late the generator itself was to send, though a connection was free.
  stats::histogram lateness;
  // Of the connections opened during the run (not by connect()), in nanoseconds.
  stats::histogram connect_times;

  // Requests per second. Closed loop: offered is what was achieved. Open loop: achieved counts up
  // to the last answer, less the median of the uncorrected latencies, so that a short run is not
  // blamed for the time that its last request took.
  double offered_per_s = 0, achieved_per_s = 0;
  bool open_loop = false;

  // Payload alone: what HTTP heads and TCP add is not counted.
  u64 bytes_sent = 0, bytes_received = 0;

  bool interrupted = false;  // stop() was called.
  bool gave_up = false;      // No connection could be used any more.

  u64 failed() const noexcept;  // Of every kind, wrong ones too.
  u64 failed(failure kind) const noexcept { return failed_by_kind[static_cast<std::size_t>(kind)]; }
  u64 wrong() const noexcept { return failed(failure::wrong_payload); }
  // Less than 99 % of what was offered was achieved: the latencies are those of a queue that
  // grows, and depend on how long the run took.
  bool saturated() const noexcept { return open_loop && achieved_per_s < 0.99 * offered_per_s; }
};

}  // namespace regatta::load
