// Objects that a task and a handler of Asio's own together: the task may be destroyed while its
// operation is under way, and the handler comes nevertheless, later.
#pragma once

#include <atomic>
#include <type_traits>
#include <utility>

#include "runtimes/interface/types.hpp"

namespace regatta::runtimes::asio {

// The head of such an object. Under one_thread (threading.hpp) the count is a plain number.
template <class Threading>
class counted {
 public:
  counted(counted const&) = delete;
  counted& operator=(counted const&) = delete;

  void keep() noexcept {
    if constexpr (Threading::single) {
      ++owners_;
    } else {
      // Relaxed: safe because whoever adds an owner is one, so that the object stays.
      owners_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  void let_go() noexcept {
    if constexpr (Threading::single) {
      if (--owners_ == 0) delete this;
    } else {
      // Acquire-release: whoever is last sees all that the others did.
      if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }
  }

 protected:
  counted() = default;
  virtual ~counted() = default;

 private:
  std::conditional_t<Threading::single, u32, std::atomic<u32>> owners_{0};
};

// One owner. The functions keep(T&) and let_go(T&) are found beside T, so that T may be incomplete
// where an owner is passed about.
template <class T>
class kept {
 public:
  kept() = default;
  explicit kept(T& object) noexcept : object_(&object) { keep(object); }
  kept(kept const& other) noexcept : object_(other.object_) {
    if (object_ != nullptr) keep(*object_);
  }
  kept(kept&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  kept& operator=(kept other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~kept() {
    if (object_ != nullptr) let_go(*object_);
  }

  explicit operator bool() const noexcept { return object_ != nullptr; }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }

 private:
  T* object_ = nullptr;
};

}  // namespace regatta::runtimes::asio
