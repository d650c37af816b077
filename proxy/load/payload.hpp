// What is sent: for each connection an endless stream of bytes that look like chance, of which
// every message is the next piece.
//
// Making it costs nothing and checking it one memcmp(): the stream of a connection is one block of
// random bytes, read round and round from a place of its own. The block is as long as a prime
// number, so that a buffer of a usual size that was lost, sent twice or put into the wrong
// connection shows itself, as a byte that was changed does.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "runtimes/interface/types.hpp"

namespace regatta::load {

// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
class random_numbers {
 public:
  explicit random_numbers(u64 seed) noexcept : state_(seed) {}
  u64 next() noexcept {
    u64 z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // Even over (0, 1].
  double share() noexcept { return static_cast<double>((next() >> 11) + 1) * 0x1.0p-53; }

 private:
  u64 state_;
};

class payload {
 public:
  static constexpr u32 period = 262'139;  // The greatest prime below 2^18.
  // So many bytes can be had in one piece from any place of the stream.
  static constexpr std::size_t longest_piece = 256 * 1024;

  // Everybody who has the seed has the same bytes.
  explicit payload(u64 seed) : bytes_(period + longest_piece) {
    random_numbers numbers(seed);
    for (std::size_t i = 0; i < period; ++i) bytes_[i] = static_cast<u8>(numbers.next() >> 32);
    for (std::size_t i = period; i < bytes_.size(); ++i) bytes_[i] = bytes_[i - period];
  }

  // Where the stream of a connection begins; different for any two of the first 262,139.
  static u32 start_of(u64 connection) noexcept {
    constexpr u64 apart = 101'027;
    return static_cast<u32>((connection % period) * apart % period);
  }
  static u32 advanced(u32 position, u64 bytes) noexcept {
    return static_cast<u32>((position + bytes) % period);
  }

  // `longest_piece` bytes from there on.
  u8 const* at(u32 position) const noexcept { return bytes_.data() + position; }

  // Whether these are the bytes from there on; any number of them.
  bool holds(u32 position, u8 const* bytes, std::size_t count) const noexcept {
    while (count > longest_piece) {
      if (std::memcmp(at(position), bytes, longest_piece) != 0) return false;
      position = advanced(position, longest_piece);
      bytes += longest_piece;
      count -= longest_piece;
    }
    return std::memcmp(at(position), bytes, count) == 0;
  }

 private:
  std::vector<u8> bytes_;
};

}  // namespace regatta::load
