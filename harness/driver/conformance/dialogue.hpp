// A conversation in which nothing is taken on trust: each check asks for what it wants, hears what
// comes, and gathers everything about it that is not as the protocol has it.
//
// A check that found a fault ends the process: who was out of step would be misunderstood in the
// next check too. So each check speaks for itself.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/driver/findings.hpp"
#include "harness/driver/interrupt.hpp"
#include "harness/driver/plan.hpp"
#include "harness/driver/session.hpp"

namespace regatta::driver::conformance {

/// A message that came.
struct heard {
  std::string key;                         ///< "hello", "sample", …; empty if none came.
  std::optional<protocol::reply> message;  ///< If each of its fields is as it should be.
  std::uint64_t after_ns = 0;              ///< How long after the request it came.

  /// The message, if it is a `Message` whose fields are right.
  template <class Message>
  const Message* as() const {
    return message ? std::get_if<Message>(&*message) : nullptr;
  }
};

class dialogue {
 public:
  dialogue(const row& r, std::uint64_t memory_limit_bytes, const interrupt& stop, findings& found)
      : row_(r), memory_limit_bytes_(memory_limit_bytes), stop_(stop), found_(found) {}

  /// Begins a check. The contender is started, and greeted, if it is not there. False if it cannot
  /// be had: the check is over then, with a fault.
  bool begin(const std::string& check);
  /// The same, with a process that has not been spoken to.
  bool begin_anew(const std::string& check);
  /// Ends the check: it is ok if nothing was wrong. Answers whether it is.
  bool end(const std::string& detail = "");
  /// Ends the check: it is nobody's fault that there is nothing to say.
  void end_neutral(outcome what, const std::string& why);
  /// Adds a fault to the check.
  void wrong(std::string why) { faults_.push_back(std::move(why)); }
  bool is_well() const { return faults_.empty() && !gone_; }

  /// `what` names it in sentences.
  void say(std::string_view line, std::string_view what);
  void say(const protocol::request& request);
  /// The next message, which should be one of `expected`: whatever is wrong with it, or printed in
  /// front of it, is a fault.
  heard hear(std::initializer_list<std::string_view> expected, std::uint64_t limit_ns);
  /// An answer that refuses. Its reason; empty, with a fault, if it was another.
  std::string hear_refusal();
  /// Whatever else has been printed is a fault.
  void expect_silence();
  /// Asks it to quit; it must leave with exit code 0 in time.
  void expect_leave(bool by_end_of_input);

  bool is_interrupted() const { return stop_.requested(); }
  /// Whether it is worth while to ask on: nobody waits for ever for one who never answers.
  bool is_hopeless() const { return timeouts_ >= most_timeouts; }
  /// The back-ends that the contender holds now.
  io_backends backends() const { return session_ ? session_->backends() : io_backends{}; }
  /// What passed since the contender's last message.
  idle_time idle() const { return session_ ? session_->idle() : idle_time{}; }

 private:
  static constexpr int most_timeouts = 3;

  bool start();
  void lose(const failure& why);
  void drop() { session_.reset(); }
  void hear_noise(std::string_view line);
  void note(bool sent, std::string_view line);

  const row& row_;
  std::uint64_t memory_limit_bytes_;
  const interrupt& stop_;
  findings& found_;
  std::unique_ptr<session> session_;
  std::string check_;
  std::string asked_;
  std::uint64_t asked_at_ns_ = 0;
  bool gone_ = false;  // The contender was lost in this check.
  int timeouts_ = 0;
  std::vector<std::string> lines_;
  std::vector<std::string> faults_;
  std::set<std::string> told_;  // Faults of which the conversation has been shown.
};

/// How a message looks, for sentences: {"ready":true}
std::string form_of(std::string_view key);

/// What is wrong with a line that is no message.
std::string wrong_line(std::string_view line);

}  // namespace regatta::driver::conformance
