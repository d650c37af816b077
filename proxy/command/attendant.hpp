// The thread that looks after a server: it hears signals, prints the counts every so often, and
// tells the log what has changed. No worker of the runtime does any of this, and none waits for it.
#pragma once

#include <chrono>
#include <thread>

#include "proxy/command/doors.hpp"
#include "proxy/command/host.hpp"
#include "proxy/command/log.hpp"
#include "proxy/command/signals.hpp"

namespace regatta::proxy::command {

class attendant {
 public:
  struct charge {
    host& serving;
    doors& open;
    log& events;
    signals& asked;
    std::chrono::milliseconds report_every;
  };

  // Starts at once. All that it is given must outlive it.
  explicit attendant(charge given);
  // Ends the thread.
  ~attendant();
  attendant(attendant const&) = delete;
  attendant& operator=(attendant const&) = delete;

 private:
  using clock = std::chrono::steady_clock;

  void attend();
  int time_to_next() const noexcept;
  void hear_signals();
  void begin_stop(std::string_view why);
  void report();

  charge const given_;
  clock::time_point next_report_;
  bool is_stopping_ = false;
  int ending_;  // An eventfd: readable when the thread is to end.
  std::thread thread_;
};

}  // namespace regatta::proxy::command
