// What begins a bulk transfer, so that a server knows what is coming and what is wanted.
//
// The client sends a head and `up` bytes of its stream (payload.hpp), as `up_start` says. When the
// server has them all it answers with one byte, '+' if each was right and '-' otherwise, and then
// `down` bytes from `down_start` on. Further transfers may follow.
#pragma once

#include <array>
#include <cstring>

#include "runtimes/interface/types.hpp"

namespace regatta::load {

// Numbers in the order of the machine: both ends are on it.
struct bulk_head {
  static constexpr u64 magic = 0x31'61'74'74'61'67'65'72;  // "regatta1"

  u64 mark = magic;
  u64 seed = 0;  // Of the payload.
  u64 up = 0, down = 0;
  u32 up_start = 0, down_start = 0;

  using wire = std::array<u8, 40>;
  wire to_wire() const noexcept {
    wire bytes;
    static_assert(sizeof(bulk_head) == sizeof(wire), "no padding travels");
    std::memcpy(bytes.data(), this, bytes.size());
    return bytes;
  }
  static bulk_head from_wire(wire const& bytes) noexcept {
    bulk_head head;
    std::memcpy(&head, bytes.data(), bytes.size());
    return head;
  }
};

inline constexpr u8 bulk_right = '+';
inline constexpr u8 bulk_wrong = '-';

}  // namespace regatta::load
