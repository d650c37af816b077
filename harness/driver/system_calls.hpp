// Which system calls a cell makes, and how often: counted from outside, in a process that runs
// under strace and whose times nobody looks at. Every row is counted in the same way, in whatever
// language it is written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/driver/cells.hpp"
#include "harness/driver/interrupt.hpp"
#include "harness/driver/outcome.hpp"
#include "harness/driver/plan.hpp"

namespace regatta::driver {

/// By the kernel's name of the call.
using calls_by_name = std::map<std::string, std::uint64_t>;

/// Understands what `strace -f -o FILE` writes, line after line, and counts the calls of each
/// sample of a contender: those that any of its threads began after it had read `{"run"` and before
/// it wrote `{"sample"`.
///
/// A call counts where it begins: one that is reported in two parts ("unfinished", "resumed")
/// counts once, and one that was waiting before the sample began does not count. restart_syscall is
/// the kernel's own, and is left out. What a signal interrupts and the kernel begins anew counts
/// anew.
class system_call_counter {
 public:
  void read(std::string_view line);
  /// One entry for each sample that was taken to its end, in order.
  const std::vector<calls_by_name>& samples() const { return samples_; }

 private:
  bool in_sample_ = false;
  calls_by_name calls_;
  std::vector<calls_by_name> samples_;
};

/// What more iterations called beyond fewer, name by name: never below 0, and without names that
/// come to nothing.
calls_by_name difference(const calls_by_name& more, const calls_by_name& fewer);

struct tracing {
  std::uint64_t iterations = 1;  ///< That the answer is about; at least 1.
  std::uint64_t seed = 0;
  std::uint64_t time_limit_ns = 0;  ///< For all of it; a traced call takes tens of microseconds.
  std::uint64_t memory_limit_bytes = 0;  ///< 0: no limit.
  std::filesystem::path log;             ///< Where stderr is appended; empty: nowhere.
  std::string tracer = "strace";         ///< The program; looked up in PATH.
};

/// The calls of `iterations` runs of the cell together: divide by `operations`.
struct traced_calls {
  std::uint64_t iterations = 0;
  std::uint64_t operations = 0;
  calls_by_name calls;
};

/// Runs the cell in a fresh process of the row under strace: one iteration to warm up, one alone,
/// and one more than was asked for; the difference of the last two leaves out what taking a sample
/// costs. Answers and operations are checked as in any sample. The wait of a thread that goes idle
/// as a sample ends may begin in it or after it: each count may be off by one for each such thread.
///
/// `skipped`, with how to install it, where strace is missing or may not trace; `failed` where the
/// contender's conversation is not seen among its system calls, as with one that reads its stdin
/// through io_uring; everything else as in a visit.
answer_or<traced_calls> trace_system_calls(const row& who, const cell& what, const tracing& wishes,
                                           const interrupt& stop);

/// Why strace cannot be used here, with what brings it; empty if it can. Tries it.
std::string why_no_tracer(const std::string& tracer = "strace");

}  // namespace regatta::driver
