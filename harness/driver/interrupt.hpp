// Ctrl-C and SIGTERM as something that a poll() can wait for and a loop can ask about.
#pragma once

namespace regatta::driver {

/// Catches the first SIGINT or SIGTERM; a second one ends the driver at once (its contenders die
/// with it). One object per process, on the main thread.
class interrupt {
 public:
  interrupt();
  ~interrupt();
  interrupt(const interrupt&) = delete;
  interrupt& operator=(const interrupt&) = delete;

  bool requested() const;
  /// Readable once the user has asked to stop.
  int descriptor() const;
};

}  // namespace regatta::driver
