// Memory for the one handler that an operation has under way at a time, as Asio's documentation
// shows for servers ("Custom Memory Allocation"): so that waiting again allocates nothing.
#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace regatta::runtimes::asio {

class handler_memory {
 public:
  handler_memory() = default;
  handler_memory(handler_memory const&) = delete;
  handler_memory& operator=(handler_memory const&) = delete;

  // What does not fit, or comes while the memory is in use, comes from the heap.
  void* allocate(std::size_t bytes) {
    if (in_use_ || bytes > sizeof bytes_) return ::operator new(bytes);
    in_use_ = true;
    return bytes_.data();
  }
  void deallocate(void* memory) noexcept {
    if (memory == bytes_.data()) {
      in_use_ = false;
    } else {
      ::operator delete(memory);
    }
  }

 private:
  alignas(std::max_align_t) std::array<std::byte, 320> bytes_;
  bool in_use_ = false;
};

// The allocator by which Asio finds it. The memory must outlive the handler.
template <class T>
class handler_allocator {
 public:
  using value_type = T;

  explicit handler_allocator(handler_memory& memory) noexcept : memory_(&memory) {}
  template <class U>
  handler_allocator(handler_allocator<U> const& other) noexcept : memory_(other.memory_) {}

  T* allocate(std::size_t count) const {
    return static_cast<T*>(memory_->allocate(sizeof(T) * count));
  }
  void deallocate(T* memory, std::size_t) const noexcept { memory_->deallocate(memory); }

  friend bool operator==(handler_allocator const&, handler_allocator const&) = default;

 private:
  template <class>
  friend class handler_allocator;
  handler_memory* memory_;
};

}  // namespace regatta::runtimes::asio
