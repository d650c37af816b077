// Hands on the latencies that the generator has seen.
#pragma once

#include "harness/stats/histogram.hpp"
#include "scenarios/support/recorder.hpp"

namespace regatta::paths {

// After the clock has stopped: nobody waits for it.
inline void record_all(stats::histogram const& seen, scenarios::recorder& recorder) {
  for (auto const& [value, count] : seen.buckets()) {
    for (u64 i = 0; i < count; ++i) recorder.record(value);
  }
}

}  // namespace regatta::paths
