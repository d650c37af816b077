// Where a channel keeps its messages: first in, first out, in blocks of some 4 KiB.
//
// Blocks rather than one ring, because a channel with room for a million messages should neither
// touch a million slots while it holds ten, nor move its messages under its lock when it grows. A
// queue that runs empty begins its block anew, so that little traffic stays in few cache lines.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "runtimes/interface/types.hpp"

namespace regatta {

template <class T>
class message_queue {
  static_assert(std::is_nothrow_move_constructible_v<T>,
                "a message is moved under a lock: its move must not throw");

 public:
  // `expected` messages at most fit without a second block, where that is few.
  explicit message_queue(std::size_t expected) noexcept
      : slots_(std::clamp(block_bytes / sizeof(T), std::size_t{1},
                          std::max(expected, std::size_t{4}))) {}
  message_queue(message_queue const&) = delete;
  message_queue& operator=(message_queue const&) = delete;
  ~message_queue() {
    while (size_ > 0) pop_front();
    if (tail_block_ != nullptr) release(tail_block_);
    while (spares_ != nullptr) release(std::exchange(spares_, spares_->next));
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T& front() noexcept { return *head_; }

  void push_back(T&& message) {
    if (tail_ == tail_end_) [[unlikely]]
      add_block();
    std::construct_at(tail_, std::move(message));
    ++tail_;
    ++size_;
  }

  void pop_front() noexcept {
    std::destroy_at(head_);
    ++head_;
    --size_;
    if (size_ == 0) {
      head_ = tail_ = begin_of(tail_block_);
    } else if (head_ == head_end_) {
      drop_block();
    }
  }

 private:
  static constexpr std::size_t block_bytes = 4096;
  static constexpr std::size_t spare_bytes = 1 << 20;  // What is kept rather than freed.

  struct block {
    block* next;
  };
  static constexpr std::size_t alignment = std::max(alignof(T), alignof(block));
  static constexpr std::size_t header_bytes =
      (sizeof(block) + alignof(T) - 1) / alignof(T) * alignof(T);

  static T* begin_of(block* b) noexcept {
    // Safe because the slots follow the header, aligned for T.
    return reinterpret_cast<T*>(reinterpret_cast<std::byte*>(b) + header_bytes);
  }
  static void release(block* b) noexcept { ::operator delete(b, std::align_val_t(alignment)); }

  [[gnu::noinline]] void add_block() {
    block* added = spares_;
    if (added != nullptr) {
      spares_ = added->next;
      --spare_count_;
    } else {
      added = static_cast<block*>(
          ::operator new(header_bytes + slots_ * sizeof(T), std::align_val_t(alignment)));
    }
    added->next = nullptr;
    if (tail_block_ != nullptr) {
      tail_block_->next = added;
    } else {
      head_block_ = added;
      head_ = begin_of(added);
      head_end_ = head_ + slots_;
    }
    tail_block_ = added;
    tail_ = begin_of(added);
    tail_end_ = tail_ + slots_;
  }

  // The first block has been read to its end, and there is another.
  [[gnu::noinline]] void drop_block() noexcept {
    block* const dropped = head_block_;
    head_block_ = dropped->next;
    head_ = begin_of(head_block_);
    head_end_ = head_ + slots_;
    if (spare_count_ * slots_ * sizeof(T) >= spare_bytes) {
      release(dropped);
      return;
    }
    dropped->next = spares_;
    spares_ = dropped;
    ++spare_count_;
  }

  T* head_ = nullptr;
  T* tail_ = nullptr;
  std::size_t size_ = 0;
  T* head_end_ = nullptr;
  T* tail_end_ = nullptr;
  block* head_block_ = nullptr;
  block* tail_block_ = nullptr;
  block* spares_ = nullptr;
  std::size_t spare_count_ = 0;
  std::size_t slots_;  // In each block.
};

}  // namespace regatta
