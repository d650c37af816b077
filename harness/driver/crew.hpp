// A row's process: started when it is first needed, started again after it died.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "harness/driver/interrupt.hpp"
#include "harness/driver/outcome.hpp"
#include "harness/driver/plan.hpp"
#include "harness/driver/session.hpp"

namespace regatta::driver {

/// How long a contender may take to start and say hello, and to leave after quit.
inline constexpr std::uint64_t hello_limit_ns = 10'000'000'000;
inline constexpr std::uint64_t quit_grace_ns = 2'000'000'000;

struct crew_options {
  std::uint64_t seed = 0;
  std::uint64_t slowdown_percent = 0;
  std::uint64_t memory_limit_bytes = 0;
  std::uint64_t time_limit_ns = hello_limit_ns;
  std::filesystem::path log;
  transcript listener;
};

class crew_member {
 public:
  crew_member(const row& r, const interrupt& stop, crew_options options);

  /// Starts the process and says hello unless that is done. The failure says why it cannot be used.
  answer_or<session*> ready();
  bool is_alive() const { return session_ != nullptr && session_->alive(); }
  /// How many threads run tasks: what was asked for, or what the contender says; 0: unknown.
  std::uint64_t threads() const;
  const protocol::hello_reply& hello() const { return hello_; }
  /// Ends the process; a sentence if it did not go as it should.
  std::string dismiss();

 private:
  failure check_hello();

  const row& row_;
  const interrupt& stop_;
  crew_options options_;
  std::unique_ptr<session> session_;
  protocol::hello_reply hello_;
};

}  // namespace regatta::driver
