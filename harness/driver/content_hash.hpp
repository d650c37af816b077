// A short number that differs where contents do: FNV-1a (Fowler, Noll, Vo), 64 bits. It finds
// differences, it does not defend against malice.
#pragma once

#include <cstdint>
#include <string_view>

namespace regatta::driver {

class content_hash {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) {
      state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    }
  }
  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325u;
};

}  // namespace regatta::driver
