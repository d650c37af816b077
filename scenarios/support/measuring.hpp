// The words in which a scenario says how it wants to be measured (traits.hpp).
#pragma once

#include <string_view>

#include "runtimes/interface/types.hpp"

namespace regatta::scenarios {

// What contenders are compared by: the time of an operation, the bytes that it takes, or the median
// of the latencies that a run has recorded. A run that is compared by bytes tells them with
// count("bytes", …).
enum class quantity { time, bytes, latency };

// Who is asked: each runtime; the machine itself, by the one contender that is no runtime; or each
// path, which is a way from a client to a server, through a proxy or through none.
enum class subject { runtime, machine, path };

constexpr std::string_view name_of(subject who) {
  switch (who) {
    case subject::machine:
      return "machine";
    case subject::path:
      return "path";
    case subject::runtime:
      break;
  }
  return "runtime";
}

// A program of a contender's own that its harness has no part in: none, one that runs a single
// task, or an echo server. The driver runs it, and measures it from outside.
enum class small_program { none, task, echo };

// The line of the scenario `floor` below which an operation cannot come, and how many of it an
// operation needs. An empty `what`: there is none.
struct bound {
  std::string_view what;
  u64 times = 1;
};

}  // namespace regatta::scenarios
