// The thread that looks after a server: it hears signals, prints the counts every so often, tells
// the log what has changed, and speaks with a successor. No worker of the runtime does any of this,
// and none waits for it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>

#include "proxy/command/descriptor.hpp"
#include "proxy/command/doors.hpp"
#include "proxy/command/host.hpp"
#include "proxy/command/log.hpp"
#include "proxy/command/metrics_server.hpp"
#include "proxy/command/signals.hpp"
#include "proxy/command/succession.hpp"
#include "proxy/command/watch.hpp"

namespace regatta::proxy::command {

class attendant {
 public:
  // What it looks after. All that is pointed to must outlive it, but for the server.
  struct charge {
    host* serving;
    doors* open;
    log* events;
    signals* asked;
    std::chrono::milliseconds report_every;
    std::unique_ptr<metrics_server> metrics;  // May be missing.
    std::unique_ptr<succession_offer> offer;  // May be missing.
    std::atomic<bool>* is_draining;           // Set as soon as it is so.
  };

  // Starts at once.
  explicit attendant(charge given);
  // Ends the thread.
  ~attendant();
  attendant(attendant const&) = delete;
  attendant& operator=(attendant const&) = delete;

  // The server may go. From here on only a signal is heard, which ends the program at once.
  void conclude();

 private:
  using clock = std::chrono::steady_clock;
  enum class phase : u8 { serving, releasing, draining };

  struct wait {
    int successor;  // Its descriptor, or -1.
    int timeout_ms;
  };

  void attend();
  wait next_wait();
  void do_duties();
  int time_to_next() const noexcept;
  void hear_signals();
  void hear_successor();
  void begin_stop(std::string_view why);
  void begin_release();
  void release_when_possible();
  void report();

  charge given_;
  std::mutex mutex_;  // Held while it does anything.
  bool is_concluded_ = false;
  bool is_told_ = false;  // By a signal, to stop.
  phase phase_ = phase::serving;
  watch watch_;
  clock::time_point next_look_;
  clock::time_point next_report_;
  clock::time_point release_at_latest_{};
  descriptor ending_;  // An eventfd: readable when the thread is to end.
  std::thread thread_;
};

}  // namespace regatta::proxy::command
