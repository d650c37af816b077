// Signals as something to poll for.
#pragma once

namespace regatta::proxy::command {

// Blocks SIGINT, SIGTERM and SIGHUP, and ignores SIGPIPE. To be made on the main thread before
// there is any other, so that all inherit it.
class signals {
 public:
  signals();
  ~signals();
  signals(signals const&) = delete;
  signals& operator=(signals const&) = delete;

  // Readable when a signal has come.
  int descriptor() const noexcept { return descriptor_; }
  // The next one; 0: there is none.
  int take() noexcept;

 private:
  int descriptor_;
};

}  // namespace regatta::proxy::command
