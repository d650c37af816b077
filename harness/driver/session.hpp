// One conversation with one contender: requests go out, replies come back before a deadline, and
// whatever else happens (silence, noise, death, greed) becomes an outcome with a reason.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/driver/interrupt.hpp"
#include "harness/driver/outcome.hpp"
#include "harness/driver/process.hpp"
#include "harness/protocol/line_io.hpp"
#include "harness/protocol/reply.hpp"
#include "harness/protocol/request.hpp"

namespace regatta::driver {

/// A sample together with the time that the driver saw pass while it was taken.
struct timed_sample {
  protocol::sample taken;
  std::uint64_t exchange_ns = 0;
};

/// A contender that has nothing to do should do nothing: it would slow down whose turn it is.
struct idle_time {
  std::uint64_t wall_ns = 0;
  std::uint64_t cpu_ns = 0;  ///< Burned meanwhile, to the kernel's tick (10 ms).
};

/// Sees every line of a conversation; `sent` is true for the driver's own.
using transcript = std::function<void(bool sent, std::string_view line)>;

class session {
 public:
  /// Kills the contender when its resident memory exceeds `memory_limit_bytes` (0: no limit).
  session(std::unique_ptr<child_process> child, const interrupt& stop,
          std::uint64_t memory_limit_bytes, transcript listener = {});

  /// After a failure other than an error reply the contender is dead: whoever prints noise once
  /// cannot be understood afterwards.
  bool alive() const { return child_ != nullptr; }

  answer_or<protocol::hello_reply> hello(const protocol::hello& request, std::uint64_t deadline_ns);
  answer_or<std::vector<protocol::list_entry>> list(std::uint64_t deadline_ns);
  answer_or<protocol::ready> prepare(const protocol::prepare& request, std::uint64_t deadline_ns);
  answer_or<timed_sample> run(std::uint64_t iterations, std::uint64_t deadline_ns);
  /// Sends a line as it is and returns what comes back; for checks of the contender's manners.
  answer_or<protocol::reply> exchange_raw(std::string_view line, std::uint64_t deadline_ns);

  /// The two halves of an exchange, for whoever looks at each line: sends one as it is, and takes
  /// the next that comes. `what` names it in sentences.
  std::optional<failure> send(std::string_view line, std::string_view what);
  answer_or<std::string> next_line(std::uint64_t deadline_ns);

  /// Fails, and kills, if the contender has said something that nobody asked for.
  std::optional<failure> expect_silence();

  /// Asks it to quit and waits `grace_ns`; then kills. Empty if it left with exit code 0 in time,
  /// otherwise a sentence.
  std::string quit(std::uint64_t grace_ns, bool by_end_of_input = false);

  /// What the contender holds open now to wait on its descriptors with.
  io_backends backends() const;

  /// What passed since the contender's last reply.
  idle_time idle() const;

 private:
  answer_or<protocol::reply> next_reply(std::uint64_t deadline_ns);
  std::optional<failure> wait_for_output(std::uint64_t deadline_ns);
  failure stopped_talking(const std::string& unfinished_line);
  failure give_up(outcome what, std::string reason);
  failure unexpected(const protocol::reply& got);
  failure died(const ending& how);

  std::unique_ptr<child_process> child_;
  protocol::line_reader reader_;
  const interrupt& stop_;
  std::uint64_t memory_limit_bytes_;
  transcript listener_;
  std::string asked_;  // What we wait for an answer to, for sentences.
  std::uint64_t asked_at_ns_ = 0;
  std::uint64_t replied_at_ns_ = 0;
  std::uint64_t cpu_after_reply_ns_ = 0;
};

}  // namespace regatta::driver
