// Bytes that came for a connection while nobody read: libuv reads as soon as it can, and what it
// has read must go somewhere.
//
// A buffer has memory only while it holds something. It takes `limit` bytes from the socket at
// most; only what a cancelled read gives back may lengthen it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace regatta::runtimes::libuv {

// What libuv suggests to its programs.
inline constexpr std::size_t input_limit = 64 * 1024;

// Memory that one connection has emptied goes to the next that needs some. One thread.
class input_store {
 public:
  using memory = std::vector<std::byte>;

  memory take() {
    if (spare_.empty()) return memory(input_limit);
    memory taken = std::move(spare_.back());
    spare_.pop_back();
    return taken;
  }
  void give_back(memory unused) {
    if (unused.size() == input_limit && spare_.size() < most_spare) {
      spare_.push_back(std::move(unused));
    }
  }

 private:
  static constexpr std::size_t most_spare = 64;
  std::vector<memory> spare_;
};

class input_buffer {
 public:
  explicit input_buffer(input_store& store) noexcept : store_(store) {}
  input_buffer(input_buffer const&) = delete;
  input_buffer& operator=(input_buffer const&) = delete;
  ~input_buffer() { store_.give_back(std::move(memory_)); }

  std::size_t size() const noexcept { return end_ - begin_; }
  bool empty() const noexcept { return begin_ == end_; }
  bool is_full() const noexcept { return size() >= input_limit; }

  // Where the socket may be read into; empty when is_full(). commit() says how much came.
  std::span<std::byte> space() {
    if (is_full()) return {};
    if (memory_.empty()) memory_ = store_.take();
    if (end_ == memory_.size()) move_to_front();
    return std::span(memory_).subspan(end_, std::min(memory_.size() - end_, input_limit - size()));
  }
  void commit(std::size_t count) noexcept { end_ += count; }

  // Moves the oldest bytes to `target`; answers how many.
  std::size_t take(std::span<std::byte> target) {
    std::size_t const count = std::min(target.size(), size());
    std::copy_n(memory_.begin() + offset(begin_), count, target.begin());
    begin_ += count;
    if (empty()) clear();
    return count;
  }

  // Puts bytes before all others: a read that is cancelled has taken them in vain.
  void give_back(std::span<std::byte const> bytes) {
    if (bytes.empty()) return;
    input_store::memory longer(std::max(input_limit, bytes.size() + size()));
    auto const behind = std::copy(bytes.begin(), bytes.end(), longer.begin());
    std::copy_n(memory_.begin() + offset(begin_), size(), behind);
    end_ = bytes.size() + size();
    begin_ = 0;
    store_.give_back(std::exchange(memory_, std::move(longer)));
  }

  void clear() {
    begin_ = end_ = 0;
    store_.give_back(std::exchange(memory_, {}));
  }

 private:
  static std::ptrdiff_t offset(std::size_t place) noexcept {
    return static_cast<std::ptrdiff_t>(place);
  }
  void move_to_front() {
    std::copy(memory_.begin() + offset(begin_), memory_.begin() + offset(end_), memory_.begin());
    end_ = size();
    begin_ = 0;
  }

  input_store& store_;
  input_store::memory memory_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace regatta::runtimes::libuv
