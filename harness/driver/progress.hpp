// Tells the person who waits how far it is and how long it will take: one moving line on a
// terminal, a plain line now and then elsewhere. Writes to stderr, so that stdout stays for
// results.
#pragma once

#include <cstdint>
#include <string>

namespace regatta::driver {

class progress {
 public:
  explicit progress(bool quiet);
  ~progress();
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  /// Begins a phase of `total` units, of which an earlier run has done `done`. A unit is whatever
  /// takes about the same time as another.
  void begin(std::string phase, double total, double done = 0);
  /// `units` more are done; `what` is being worked on now.
  void advance(double units, const std::string& what);
  /// A line of its own.
  void note(const std::string& text);
  /// Ends the phase and clears its line.
  void end();

 private:
  void draw(const std::string& what);
  std::string time_left() const;

  bool terminal_;
  bool quiet_;
  std::string phase_;
  double total_ = 0;
  double done_ = 0;
  double done_before_ = 0;  // By an earlier run that this one resumes: no guide to our speed.
  std::uint64_t began_ns_ = 0;
  std::uint64_t drawn_ns_ = 0;
  bool line_open_ = false;
};

}  // namespace regatta::driver
