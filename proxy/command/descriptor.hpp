// A descriptor that closes itself.
#pragma once

#include <unistd.h>

#include <utility>

namespace regatta::proxy::command {

class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int owned) noexcept : value_(owned) {}
  descriptor(descriptor&& other) noexcept : value_(other.release()) {}
  descriptor& operator=(descriptor&& other) noexcept {
    close();
    value_ = other.release();
    return *this;
  }
  ~descriptor() { close(); }

  explicit operator bool() const noexcept { return value_ >= 0; }
  int get() const noexcept { return value_; }
  int release() noexcept { return std::exchange(value_, -1); }
  void close() noexcept {
    if (value_ >= 0) ::close(release());
  }

 private:
  int value_ = -1;
};

}  // namespace regatta::proxy::command
