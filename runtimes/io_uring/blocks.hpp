// Blocks of memory that the kernel receives into. A block that has been filled is handed on as it
// is, without a copy, and the kernel gets another one: a reader that takes its time keeps its own
// bytes waiting and nobody else's.
#pragma once

#include <cstddef>
#include <utility>

#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/types.hpp"

namespace regatta::runtimes::io_uring {

struct block {
  block* next = nullptr;
  u32 begin = 0;  // What is still to be read lies from here …
  u32 end = 0;    // … to here.
  u32 size = 0;

  u32 left() const noexcept { return end - begin; }
  u32 room() const noexcept { return size - end; }
  // Safe because a block is allocated with `size` bytes behind it.
  std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
};

// Blocks, oldest first. They belong to it.
class block_list {
 public:
  block_list() = default;
  block_list(block_list&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)), last_(other.last_) {}
  block_list& operator=(block_list&&) = delete;

  bool empty() const noexcept { return first_ == nullptr; }
  block* front() const noexcept { return first_; }
  block* back() const noexcept { return first_ != nullptr ? last_ : nullptr; }
  void push(block& b) noexcept {
    b.next = nullptr;
    (first_ != nullptr ? last_->next : first_) = &b;
    last_ = &b;
  }
  block& pop() noexcept {
    block& b = *first_;
    first_ = b.next;
    return b;
  }
  void append(block_list& other) noexcept {
    if (other.empty()) return;
    (first_ != nullptr ? last_->next : first_) = other.first_;
    last_ = other.last_;
    other.first_ = nullptr;
  }

 private:
  block* first_ = nullptr;
  block* last_ = nullptr;  // Meaningless while first_ is nullptr.
};

// Blocks of one size that nobody needs now. Any thread.
class block_pool {
 public:
  explicit block_pool(u32 block_bytes) noexcept : block_bytes_(block_bytes) {}
  block_pool(block_pool const&) = delete;
  block_pool& operator=(block_pool const&) = delete;
  ~block_pool();

  // An empty one.
  block& take();
  void put(block& unused) noexcept;
  u32 block_bytes() const noexcept { return block_bytes_; }

 private:
  // So many are kept for the next time; 4 MiB at the usual size.
  static constexpr u32 most_kept = 256;

  u32 const block_bytes_;
  spin_lock lock_;
  block* free_ = nullptr;
  u32 kept_ = 0;
};

}  // namespace regatta::runtimes::io_uring
