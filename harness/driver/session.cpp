#include "harness/driver/session.hpp"

#include <fmt/core.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "harness/driver/clock.hpp"

namespace regatta::driver {
namespace {

using protocol::line_status;

// How often the memory of a contender is looked at while it works: often enough that it cannot fill
// the machine in between, seldom enough not to disturb what it measures.
constexpr int watch_every_ms = 50;

// A process that dies closes its stdout first and can be reaped a moment later.
constexpr std::uint64_t dying_takes_ns = 500 * ns_per_ms;

// A list without an end would otherwise keep us for ever: its lines always arrive in time.
constexpr std::size_t most_scenarios = 10'000;

std::string say_bytes(std::uint64_t bytes) { return fmt::format("{} MiB", bytes / (1024 * 1024)); }

}  // namespace

session::session(std::unique_ptr<child_process> child, const interrupt& stop,
                 std::uint64_t memory_limit_bytes, transcript listener)
    : child_(std::move(child)),
      reader_(child_->output()),
      stop_(stop),
      memory_limit_bytes_(memory_limit_bytes),
      listener_(std::move(listener)) {}

failure session::give_up(outcome what, std::string reason) {
  child_.reset();
  return {what, std::move(reason)};
}

failure session::died(const ending& how) {
  if (how.was_killed()) {
    return give_up(outcome::out_of_memory,
                   fmt::format("the contender was killed from outside during {}; most likely the "
                               "kernel ran out of memory",
                               asked_));
  }
  return give_up(outcome::crashed,
                 fmt::format("the contender ended during {}: {}", asked_, how.describe()));
}

failure session::stopped_talking(const std::string& unfinished_line) {
  if (const auto how = child_->ended_within(dying_takes_ns)) return died(*how);
  std::string reason = fmt::format("the contender closed its stdout during {}", asked_);
  if (!unfinished_line.empty()) {
    reason += " in the middle of a line: " + protocol::excerpt(unfinished_line);
  }
  return give_up(outcome::failed, std::move(reason));
}

failure session::unexpected(const protocol::reply& got) {
  return give_up(outcome::failed,
                 fmt::format("the contender answered {} to {}", protocol::kind_of(got), asked_));
}

std::optional<failure> session::send(std::string_view line, std::string_view what) {
  asked_ = what;
  asked_at_ns_ = now_ns();
  if (listener_) listener_(true, line);
  const std::string error = protocol::write_line(child_->input(), line);
  if (error.empty()) return std::nullopt;
  return stopped_talking("");
}

std::optional<failure> session::wait_for_output(std::uint64_t deadline_ns) {
  for (;;) {
    std::array<pollfd, 2> waits = {
        {{child_->output(), POLLIN, 0}, {stop_.descriptor(), POLLIN, 0}}};
    const std::uint64_t now = now_ns();
    if (now >= deadline_ns) {
      // What was asked before may have used the time up.
      const std::uint64_t waited_ns = std::max(deadline_ns, asked_at_ns_) - asked_at_ns_;
      std::string reason =
          fmt::format("no answer to {} within {}", asked_, say_duration(waited_ns));
      if (!reader_.unfinished().empty()) {
        reason += "; what it printed has no newline: " + protocol::excerpt(reader_.unfinished());
      }
      return give_up(outcome::timeout, std::move(reason));
    }
    const std::uint64_t left_ms = (deadline_ns - now) / ns_per_ms + 1;
    const int wait_ms = static_cast<int>(std::min<std::uint64_t>(left_ms, watch_every_ms));
    const int woken = ::poll(waits.data(), waits.size(), wait_ms);
    if (stop_.requested()) return give_up(outcome::interrupted, "interrupted");
    const std::uint64_t resident = memory_limit_bytes_ == 0 ? 0 : child_->resident_bytes();
    if (resident > memory_limit_bytes_) {
      return give_up(outcome::out_of_memory,
                     fmt::format("the contender held {} during {}; the limit is {}",
                                 say_bytes(resident), asked_, say_bytes(memory_limit_bytes_)));
    }
    if (woken > 0 && waits[0].revents != 0) return std::nullopt;
    // A child of the contender can hold the pipe open after the contender itself is gone.
    if (const auto how = child_->ended(); how && woken <= 0) return died(*how);
  }
}

answer_or<std::string> session::next_line(std::uint64_t deadline_ns) {
  for (;;) {
    protocol::line_result got = reader_.next();
    switch (got.status) {
      case line_status::line:
        if (listener_) listener_(false, got.text);
        cpu_after_reply_ns_ = child_->cpu_ns();
        replied_at_ns_ = now_ns();
        return std::move(got.text);
      case line_status::waiting:
        if (auto failed = wait_for_output(deadline_ns)) return *failed;
        break;
      case line_status::end:
        return stopped_talking(got.text);
      case line_status::too_long:
        return give_up(
            outcome::failed,
            fmt::format("the contender printed a line of more than {} KiB during {}: {}",
                        protocol::max_line_bytes / 1024, asked_, protocol::excerpt(got.text, 40)));
      case line_status::failed:
        return give_up(outcome::failed, std::move(got.text));
    }
  }
}

answer_or<protocol::reply> session::next_reply(std::uint64_t deadline_ns) {
  auto line = next_line(deadline_ns);
  if (!line) return line.why;
  auto parsed = protocol::parse_reply(*line);
  if (!parsed) {
    return give_up(outcome::failed, fmt::format("the contender's answer to {} is no message: {}",
                                                asked_, parsed.error));
  }
  if (const auto* error = std::get_if<protocol::error>(&*parsed)) {
    return failure{
        error->kind == "unsupported" ? outcome::unsupported : outcome::failed,
        error->reason.empty() ? fmt::format("the contender gave no reason") : error->reason};
  }
  return std::move(*parsed);
}

answer_or<protocol::reply> session::exchange_raw(std::string_view line, std::uint64_t deadline_ns) {
  if (auto failed = send(line, protocol::excerpt(line, 40))) return *failed;
  return next_reply(deadline_ns);
}

answer_or<protocol::hello_reply> session::hello(const protocol::hello& request,
                                                std::uint64_t deadline_ns) {
  if (auto failed = send(protocol::format(request), "hello")) return *failed;
  auto got = next_reply(deadline_ns);
  if (!got) return got.why;
  if (auto* reply = std::get_if<protocol::hello_reply>(&*got)) return std::move(*reply);
  return unexpected(*got);
}

answer_or<std::vector<protocol::list_entry>> session::list(std::uint64_t deadline_ns) {
  if (auto failed = send(protocol::format(protocol::list{}), "list")) return *failed;
  std::vector<protocol::list_entry> entries;
  for (;;) {
    auto got = next_reply(deadline_ns);
    if (!got) return got.why;
    if (std::holds_alternative<protocol::list_end>(*got)) return entries;
    auto* entry = std::get_if<protocol::list_entry>(&*got);
    if (entry == nullptr) return unexpected(*got);
    entries.push_back(std::move(*entry));
    if (entries.size() > most_scenarios) {
      return give_up(outcome::failed,
                     fmt::format("the contender listed more than {} scenarios", most_scenarios));
    }
  }
}

answer_or<protocol::ready> session::prepare(const protocol::prepare& request,
                                            std::uint64_t deadline_ns) {
  if (auto failed = send(protocol::format(request), "prepare")) return *failed;
  auto got = next_reply(deadline_ns);
  if (!got) return got.why;
  if (std::holds_alternative<protocol::ready>(*got)) return protocol::ready{};
  return unexpected(*got);
}

answer_or<timed_sample> session::run(std::uint64_t iterations, std::uint64_t deadline_ns) {
  const std::string line = protocol::format(protocol::run{iterations, 1});
  if (auto failed = send(line, "run")) return *failed;
  auto got = next_reply(deadline_ns);
  const std::uint64_t exchange_ns = now_ns() - asked_at_ns_;
  if (!got) return got.why;
  auto* taken = std::get_if<protocol::sample>(&*got);
  if (taken == nullptr) return unexpected(*got);
  timed_sample timed{std::move(*taken), exchange_ns};
  auto end = next_reply(deadline_ns);
  if (!end) return end.why;
  if (!std::holds_alternative<protocol::done>(*end)) return unexpected(*end);
  return timed;
}

std::optional<failure> session::expect_silence() {
  if (child_ == nullptr) return std::nullopt;
  protocol::line_result got = reader_.next();
  if (got.status == line_status::waiting) {
    if (reader_.unfinished().empty()) return std::nullopt;
    got.text = reader_.unfinished();
  }
  if (got.status == line_status::end) return stopped_talking(got.text);
  return give_up(outcome::failed,
                 fmt::format("the contender printed something after its answer to {}: {}", asked_,
                             protocol::excerpt(got.text)));
}

std::string session::quit(std::uint64_t grace_ns, bool by_end_of_input) {
  if (child_ == nullptr) return "the contender was gone before it was asked to quit";
  const std::unique_ptr<child_process> child = std::move(child_);
  const std::string asked = by_end_of_input ? "the end of its stdin" : "quit";
  if (by_end_of_input) {
    child->close_input();
  } else {
    if (listener_) listener_(true, protocol::format(protocol::quit{}));
    protocol::write_line(child->input(), protocol::format(protocol::quit{}));
  }
  const auto how = child->ended_within(grace_ns);
  if (!how) {
    return fmt::format("the contender ignored {} for {} and was killed", asked,
                       say_duration(grace_ns));
  }
  if (how->exited_with(0)) return "";
  return fmt::format("the contender answered {} with {}; expected exit code 0", asked,
                     how->describe());
}

io_backends session::backends() const {
  return child_ == nullptr ? io_backends{} : child_->backends();
}

idle_time session::idle() const {
  if (child_ == nullptr) return {};
  const std::uint64_t cpu_ns = child_->cpu_ns();
  return {now_ns() - replied_at_ns_,
          cpu_ns > cpu_after_reply_ns_ ? cpu_ns - cpu_after_reply_ns_ : 0};
}

}  // namespace regatta::driver
